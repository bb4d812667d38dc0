"""An outcome goes into the payment: guarded, re-read when somebody else was first, never discarded."""

from typing import Final

from shared.payments.answers import AMOUNT_MISMATCH, transaction_id_of
from shared.payments.beside import Beside
from shared.payments.errors import ChangedMeanwhile
from shared.payments.facts import Occasion
from shared.payments.follow_ups import with_follow_up_outcome
from shared.payments.operations import OperationKind
from shared.payments.outcome import NotSent, Outcome
from shared.payments.payment import Operation, Payment
from shared.payments.sale_attempts import decline_of
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.sealed import SealedInstrument
from shared.payments.state_machine import Event
from shared.use_cases.occasions import Occasions
from shared.use_cases.ports import Outside
from shared.use_cases.publishing import Publishing

# Each round means that another writer made progress; more than a handful in a row is a fault of ours.
_ROUNDS_MAX: Final = 5

# What a person must look at, by the fact that tells it.
_ALARMS: Final = {
    Event.ANSWER_CONTRADICTED: "payment.answer_contradicted",
    Event.SALE_PARTIALLY_APPROVED: "payment.partial_approval",
    Event.LATE_CHARGE_FOUND: "payment.late_charge",
    Event.UNDO_FAILED: "payment.undo_failed",
}


class Recording:
    """Puts what Chase said, or did not say, of an operation into its payment; tells it, and publishes what follows."""

    def __init__(self, outside: Outside, publishing: Publishing) -> None:
        self._payments, self._telemetry, self._clock = outside.payments, outside.telemetry, outside.clock
        self._occasions, self._publishing = Occasions(outside), publishing

    async def record(
        self,
        payment: Payment,
        operation: Operation,
        outcome: Outcome,
        *,
        actor: str,
        sealed: SealedInstrument | None = None,
    ) -> Payment:
        """
        The payment as it is once `outcome` of `operation` is in it (commit 2).

        With `sealed`, a sale that never left waits with us. Raises ChangedMeanwhile after too many rounds, or whatever
        the database raises: the outcome is then not stored.
        """
        for _ in range(_ROUNDS_MAX):
            occasion = self._occasions.now(operation.attempts)
            after = _with(payment, payment.operation(operation.id), outcome, occasion, actor, sealed)
            if after is None:
                return payment
            new = sealed if after.instrument_kept and not payment.instrument_kept else None
            try:
                beside = Beside(sealed=new, declined=decline_of(after, outcome))
                messages = await self._payments.save(payment, after, beside)
            except ChangedMeanwhile:
                payment = await self.again(payment)
                continue
            self.tell(after, after.operation(operation.id), outcome)
            self._publishing.soon(messages)
            return after
        raise ChangedMeanwhile(f"{payment.id} keeps changing")

    async def step(self, before: Payment, after: Payment, beside: Beside | None = None) -> Payment:
        """A step that is no outcome. Raises what `Payments.save` does."""
        messages = await self._payments.save(before, after, beside or Beside())
        self._publishing.soon(messages)
        return after

    async def again(self, payment: Payment) -> Payment:
        """The payment as it is now; as it was last seen, and alarmed, if it should be gone."""
        found = await self._payments.get(payment.id)
        if found is None:
            self._telemetry.alarm("payment.gone", paymentId=payment.id)
        return found or payment

    def tell(self, payment: Payment, operation: Operation, outcome: Outcome) -> None:
        """One event for each outcome; an alarm for what a person must look at."""
        status, waited = type(outcome).__name__, self._clock.now() - operation.claimed_at
        latency_ms = max(0, round(waited.total_seconds() * 1000))
        self._telemetry.event(
            "payment.outcome",
            paymentId=payment.id,
            billerId=payment.biller_id,
            method=payment.method.type,
            operation=operation.kind,
            state=payment.state,
            status=status,
            code=outcome.code,
            mode=payment.mode,
            # From the claim of this attempt: what is found out by an inquiry took until then.
            latencyMs=latency_ms,
            # Whether a byte of this attempt may have reached Chase.
            processorCalled=not isinstance(outcome, NotSent),
        )
        of = {"operation": operation.kind.value, "outcome": status, "mode": payment.mode}
        self._telemetry.count("payments.outcomes", method=payment.method.type, **of)
        self._telemetry.observe_ms("payments.outcome_ms", latency_ms, **of)
        told = {"paymentId": payment.id, "code": outcome.code, "transactionId": transaction_id_of(outcome)}
        if (alarm := _ALARMS.get(payment.history[-1].event)) is not None:
            self._telemetry.alarm(alarm, **told)
        if (operation.outcome or {}).get("code") == AMOUNT_MISMATCH:
            self._telemetry.alarm("payment.amount_mismatch", **told)


def _with(
    payment: Payment,
    operation: Operation,
    outcome: Outcome,
    occasion: Occasion,
    actor: str,
    sealed: SealedInstrument | None,
) -> Payment | None:
    if operation.kind is OperationKind.SALE:
        by_us = sealed is not None or payment.mode == "shadow"
        return with_sale_outcome(payment, outcome, occasion=occasion, actor=actor, queue=by_us)
    return with_follow_up_outcome(payment, operation, outcome, occasion=occasion, actor=actor)
