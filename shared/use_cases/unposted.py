"""The ledger's safety net: posts what its message did not bring there in time, and tells how far behind it is."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from shared.payments.posting import LedgerRefused, LedgerUnavailable, Posting
from shared.use_cases.ledger_posting import LedgerPosting
from shared.use_cases.ports import Outside

# A message takes seconds. One that was lost with its process, or set aside by mistake, never comes.
UNPOSTED_AFTER_S: Final = 300.0
_AT_A_TIME: Final = 10
# The ledger may take LEDGER_TIMEOUT_S for each: a part of the timer's minute.
_BEGIN_WITHIN_S: Final = 15.0


class _Did(Enum):
    POSTED = auto()
    FOUND_IT_AWAY = auto()
    WAS_REFUSED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Overdue:
    """What one run found and did; what was not `posted` is for the next run."""

    found: int = 0
    posted: int = 0


class Unposted:
    def __init__(self, outside: Outside, ledger_posting: LedgerPosting) -> None:
        self._postings, self._ledger_posting = outside.postings, ledger_posting
        self._clock, self._pace, self._telemetry = outside.clock, outside.pace, outside.telemetry

    async def post(self, limit: int) -> Overdue:
        """The oldest first, until the time is over or the ledger is away: then the others would only wait, too."""
        now = self._clock.now()
        pending, oldest = await self._postings.waiting()
        age_s = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
        self._telemetry.event("ledger.lag", ageS=round(age_s, 3), pending=pending)
        self._telemetry.gauge("ledger.oldest_s", age_s)
        self._telemetry.gauge("ledger.pending", pending)
        due_before = now - timedelta(seconds=self._pace.wait_s(UNPOSTED_AFTER_S))
        if oldest is None or oldest >= due_before:
            return Overdue()
        overdue = await self._postings.unposted_older_than(due_before, limit)
        return Overdue(found=len(overdue), posted=await self._posted(overdue))

    async def _posted(self, overdue: Sequence[Posting]) -> int:
        begin_before_s = self._clock.boot_s() + _BEGIN_WITHIN_S
        did: Counter[_Did] = Counter()
        for begun in range(0, len(overdue), _AT_A_TIME):
            if did[_Did.FOUND_IT_AWAY] or self._clock.boot_s() > begin_before_s:
                break
            did.update(await asyncio.gather(*(self._post(each) for each in overdue[begun : begun + _AT_A_TIME])))
        if did[_Did.WAS_REFUSED]:
            # One alarm a run, for as long as it is so: the postings stay, and are offered again.
            self._telemetry.alarm("ledger.refused", postings=did[_Did.WAS_REFUSED])
        return did[_Did.POSTED]

    async def _post(self, posting: Posting) -> _Did:
        told = {"paymentId": posting.payment_id, "postingId": posting.id}
        try:
            await self._ledger_posting.post(posting)
        except LedgerUnavailable as error:
            self._telemetry.event("ledger.away", **told, error=str(error))
            return _Did.FOUND_IT_AWAY
        except LedgerRefused as error:
            self._telemetry.event("ledger.refuses", **told, reason=str(error))
            return _Did.WAS_REFUSED
        except Exception as error:
            # One bad posting stops no batch.
            self._telemetry.alarm("ledger.failed", **told, error=type(error).__name__)
            return _Did.FAILED
        return _Did.POSTED
