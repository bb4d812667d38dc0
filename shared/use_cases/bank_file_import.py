"""
Takes in the bank's files and compares them with the payments.

First a file's facts are stored, all of them, and the file is put away; then what is stored is put to the payments. So a
crash anywhere loses nothing: the file is still there, or its facts are.
"""

import asyncio
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final

from shared.payments.bank_files import BankFile, BankFileRefused, is_fit, parse, sha256_of
from shared.use_cases.bank_facts import Apply, BankFacts, Step
from shared.use_cases.bank_ports import BankFiles, BankLedger
from shared.use_cases.ports import Outside

# 1,000 facts, one after the other at five round trips of 5 ms, take 25 s of the timer's minute.
FACTS_MAX: Final = 1000
# Nothing is begun after this, so that the run ends before the next one begins. A file of the largest size takes 2,000
# round trips, 10 s.
BEGIN_WITHIN_S: Final = 40.0
# What is not settled today is not settled a minute later: told once an hour by each process.
COMPARE_EVERY: Final = timedelta(hours=1)
_IDS_TOLD: Final = 20

UNFIT_NAME: Final = "(a name that is not shown)"
CONTRADICTION: Final = "the bank said something else under this reference before"


@dataclass(frozen=True, slots=True)
class Counts:
    """What one run did. `waiting` facts are due again later; files that could not be read are in `files_left`."""

    files_imported: int = 0
    files_refused: int = 0
    files_left: int = 0
    applied: int = 0
    set_aside: int = 0
    waiting: int = 0
    unsettled: int = 0


class BankFileImport:
    """`unsettled_older_than`: how long after its sale a captured payment may be missing from settlement files."""

    def __init__(
        self, outside: Outside, files: BankFiles, ledger: BankLedger, apply: Apply, *, unsettled_older_than: timedelta
    ) -> None:
        self._clock, self._telemetry = outside.clock, outside.telemetry
        self._files, self._ledger, self._unsettled_older_than = files, ledger, unsettled_older_than
        self._facts = BankFacts(outside, ledger, apply)
        self._compared_at: datetime | None = None

    async def run_once(self, limit: int = FACTS_MAX) -> Counts:
        """Every file that is there, at most `limit` facts, and the comparison. One bad file or fact stops nothing."""
        begin_before_s = self._clock.boot_s() + BEGIN_WITHIN_S
        imported = refused = left = 0
        for name in await self._listed():
            taken = await self._guarded(name) if self._clock.boot_s() <= begin_before_s else None
            imported, refused, left = imported + (taken is True), refused + (taken is False), left + (taken is None)
        steps = await self._facts.apply_due(limit, begin_before_s=begin_before_s)
        counts = Counts(
            files_imported=imported,
            files_refused=refused,
            files_left=left,
            applied=steps[Step.APPLIED],
            set_aside=steps[Step.SET_ASIDE],
            waiting=steps[Step.WAITING],
            unsettled=await self._compared(),
        )
        if counts != Counts():
            self._telemetry.event(
                "bank_file.run", **{field.name: getattr(counts, field.name) for field in fields(counts)}
            )
        return counts

    async def _listed(self) -> list[str]:
        try:
            return list(await self._files.list())
        except Exception as error:
            # The facts that are stored do not wait for it.
            self._telemetry.alarm("bank_file.not_listed", error=type(error).__name__)
            return []

    async def _guarded(self, name: str) -> bool | None:
        """Whether the file was taken; None where it could not be read or stored: it is there in the next run."""
        try:
            return await self._taken(name)
        except Exception as error:
            self._telemetry.alarm("bank_file.not_imported", fileName=_shown(name), error=type(error).__name__)
            return None

    async def _taken(self, name: str) -> bool:
        data = await self._files.read(name)
        sha256 = sha256_of(data)
        if await self._ledger.outcome_of(sha256) == "imported":
            self._telemetry.event("bank_file.seen_before", fileName=_shown(name), sha256=sha256)
            await self._files.done(name)
            return True
        try:
            # The largest file takes seconds: this process may have a sale in hand.
            file = await asyncio.to_thread(parse, name, data)
        except BankFileRefused as refused:
            await self._refuse(name, sha256, str(refused))
            return False
        await self._store(file)
        await self._files.done(name)
        return True

    async def _store(self, file: BankFile) -> None:
        now = self._clock.now()
        await self._ledger.begin(file, now)
        for fact in await self._ledger.keep(file.sha256, file.facts, now):
            told = {"factId": fact.id, "kind": fact.kind, "paymentId": None, "reason": CONTRADICTION}
            self._telemetry.alarm("bank_file.fact_set_aside", **told)
            await self._ledger.keep_contradiction(file.sha256, fact, CONTRADICTION, now)
        await self._ledger.finish(file.sha256, now)
        described = {"fileName": file.name, "sha256": file.sha256, "kind": file.kind}
        self._telemetry.event("bank_file.imported", **described, facts=len(file.facts), totalMinor=file.total_minor)

    async def _refuse(self, name: str, sha256: str, reason: str) -> None:
        self._telemetry.alarm("bank_file.refused", fileName=_shown(name), sha256=sha256, reason=reason)
        await self._ledger.refuse(sha256, _shown(name), reason, self._clock.now())
        await self._files.set_aside(name, reason)

    async def _compared(self) -> int:
        """How many captured payments no settlement file has named in time; 0 between two comparisons."""
        now = self._clock.now()
        if self._compared_at is not None and now - self._compared_at < COMPARE_EVERY:
            return 0
        unsettled = await self._ledger.unsettled(now - self._unsettled_older_than, _IDS_TOLD)
        self._compared_at = now
        if unsettled.count:
            told = {"count": unsettled.count, "oldest": list(unsettled.payment_ids)}
            self._telemetry.event("bank_file.unsettled", **told)
        return unsettled.count


def _shown(name: str) -> str:
    return name if is_fit(name) else UNFIT_NAME
