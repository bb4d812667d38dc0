"""An outcome goes into the payment: guarded, re-read when somebody else was first, never discarded."""

from typing import Final

from shared.payments.errors import ChangedMeanwhile
from shared.payments.inquiry import offset_s
from shared.payments.lifecycle import AMOUNT_MISMATCH, is_partial, joined, transaction_id_of, with_sale_outcome
from shared.payments.outcome import Outcome
from shared.payments.payment import Payment
from shared.payments.state_machine import Event
from shared.use_cases.ports import Outside

# Each round means that another writer made progress; more than a handful in a row is a fault of ours.
_ROUNDS_MAX: Final = 5


class Recording:
    """Puts what Chase said, or did not say, into the payment it was said of."""

    def __init__(self, outside: Outside) -> None:
        self._payments, self._clock, self._telemetry = outside.payments, outside.clock, outside.telemetry

    async def record(self, payment: Payment, outcome: Outcome, *, actor: str) -> Payment:
        """
        The payment as it is once `outcome` is in it (commit 2).

        Raises ChangedMeanwhile after too many rounds, or whatever the database raises: the outcome is then not stored.
        """
        for _ in range(_ROUNDS_MAX):
            after = self._with(payment, outcome, actor)
            if after is None:
                return payment
            try:
                await self._payments.save(payment, after)
            except ChangedMeanwhile:
                payment = await self._again(payment)
                continue
            self._tell(after, joined(outcome, payment))
            return after
        raise ChangedMeanwhile(f"{payment.id} keeps changing")

    def _with(self, payment: Payment, outcome: Outcome, actor: str) -> Payment | None:
        first_inquiry = self._clock.after(offset_s(0))
        return with_sale_outcome(payment, outcome, inquire_at=first_inquiry, actor=actor, now=self._clock.now())

    async def _again(self, payment: Payment) -> Payment:
        found = await self._payments.get(payment.id)
        assert found is not None, f"{payment.id} was stored and is gone"
        return found

    def _tell(self, payment: Payment, outcome: Outcome) -> None:
        self._telemetry.event(
            "payment.outcome",
            paymentId=payment.id,
            billerId=payment.biller_id,
            method=payment.method.type,
            state=payment.state,
            status=type(outcome).__name__,
            code=outcome.code,
        )
        told = {"paymentId": payment.id, "code": outcome.code, "transactionId": transaction_id_of(outcome)}
        if payment.history[-1].event is Event.ANSWER_CONTRADICTED:
            self._telemetry.alarm("payment.answer_contradicted", **told)
        if outcome.code == AMOUNT_MISMATCH:
            self._telemetry.alarm("payment.amount_mismatch", **told)
        if is_partial(outcome, payment):
            self._telemetry.alarm("payment.partial_approval", **told)
