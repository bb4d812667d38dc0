"""Puts what the bank said to the payments it was said of: each fact once, whatever crashes or comes twice."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Final

from shared.payments.bank_facts import Applied, BankFact, KeptFact, SetAside, Wait, is_recorded, objection
from shared.payments.errors import InvalidState, TransitionNotAllowed
from shared.payments.payment import Payment
from shared.use_cases.bank_ports import BankLedger
from shared.use_cases.ports import Outside

Apply = Callable[[Payment, BankFact], Awaitable[Applied | SetAside]]
"""
Writes the fact into the payment (payments/state_machine.py), durably, with `evidence(fact)` in the entry's detail.

A save that finds the payment changed reads it again, and must ask `is_recorded` of what it read before it saves: that,
and the payment's version, keep a fact from counting twice. It may raise: the fact is put to it again later.
"""

# From one attempt to the next. The first is longer than an attempt can take (a batch may wait 15 s, and be made again),
# so that no two are at one fact; together they outlast the inquiries about an unknown sale (payments/inquiry.py).
WAITS_S: Final = (300, 900, 3600, 6 * 3600, 24 * 3600, 24 * 3600)


class Step(StrEnum):
    """What became of one fact in one attempt."""

    APPLIED = "applied"
    SET_ASIDE = "set_aside"
    WAITING = "waiting"
    TAKEN_BY_ANOTHER = "taken_by_another"


class BankFacts:
    def __init__(self, outside: Outside, ledger: BankLedger, apply: Apply) -> None:
        self._payments, self._clock, self._telemetry = outside.payments, outside.clock, outside.telemetry
        self._ledger, self._apply = ledger, apply

    async def apply_due(self, limit: int, *, begin_before_s: float) -> Mapping[Step, int]:
        """
        How many due facts went which way, one after the other in the order in which they occurred.

        None is begun after `begin_before_s` (on the scale of Clock.boot_s). One bad fact stops nothing.
        """
        counts = dict.fromkeys(Step, 0)
        for kept in await self._ledger.due(self._clock.now(), limit):
            if self._clock.boot_s() > begin_before_s:
                break
            counts[await self._guarded(kept)] += 1
        return counts

    async def _guarded(self, kept: KeptFact) -> Step:
        try:
            return await self._attempt(kept)
        except Exception as error:
            # The fact stays as it is in the database, due again after its wait.
            self._telemetry.alarm("bank_file.fact_not_stored", factId=kept.fact.id, error=type(error).__name__)
            return Step.WAITING

    async def _attempt(self, kept: KeptFact) -> Step:
        """One attempt, taken by moving the next one on before this is made: a crash in between costs the wait."""
        wait_s = WAITS_S[min(kept.attempts, len(WAITS_S) - 1)]
        if not await self._ledger.take(kept, self._clock.after(wait_s)):
            return Step.TAKEN_BY_ANOTHER
        payment = await self._payment_of(kept.fact)
        if isinstance(payment, SetAside):
            return await self._put_aside(kept, None, payment.reason)
        verdict = await self._verdict(payment, kept.fact)
        if isinstance(verdict, Applied):
            await self._ledger.applied(kept, payment.id, self._clock.now())
            self._tell(kept.fact, payment)
            return Step.APPLIED
        if isinstance(verdict, Wait) and kept.attempts + 1 < len(WAITS_S):
            return Step.WAITING
        return await self._put_aside(kept, payment.id, verdict.reason)

    async def _payment_of(self, fact: BankFact) -> Payment | SetAside:
        """By Chase's id of the sale; where none has it, its answer may have been lost, by our own."""
        ids = await self._ledger.payment_ids(fact.transaction_id) if fact.transaction_id else ()
        if len(ids) > 1:
            return SetAside("several payments have this transactionId")
        payment_id = ids[0] if ids else fact.payment_id
        payment = await self._payments.get(payment_id) if payment_id else None
        return payment or SetAside("no payment has this transactionId or merchantOrderNumber")

    async def _verdict(self, payment: Payment, fact: BankFact) -> Applied | SetAside | Wait:
        if is_recorded(payment, fact):
            return Applied()
        try:
            return objection(payment, fact) or await self._apply(payment, fact)
        except (TransitionNotAllowed, InvalidState) as refused:
            return SetAside(refused.detail)
        except Exception as error:
            told = {"factId": fact.id, "paymentId": payment.id, "error": type(error).__name__}
            self._telemetry.alarm("bank_file.fact_failed", **told)
            return Wait(f"it could not be applied: {type(error).__name__}")

    async def _put_aside(self, kept: KeptFact, payment_id: str | None, reason: str) -> Step:
        # The alarm first: a crash in between says it twice rather than never.
        told = {"factId": kept.fact.id, "kind": kept.fact.kind, "paymentId": payment_id, "reason": reason}
        self._telemetry.alarm("bank_file.fact_set_aside", **told)
        await self._ledger.put_aside(kept, payment_id, reason, self._clock.now())
        return Step.SET_ASIDE

    def _tell(self, fact: BankFact, payment: Payment) -> None:
        told = {"factId": fact.id, "kind": fact.kind, "paymentId": payment.id, "billerId": payment.biller_id}
        self._telemetry.event("bank_file.fact_applied", **told)
