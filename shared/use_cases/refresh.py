"""Ask Chase about one payment now, because somebody looks at it (`GET /payments/{id}?refresh=true`)."""

from shared.payments.errors import ChangedMeanwhile
from shared.payments.lifecycle import capture_confirmed
from shared.payments.outcome import CAPTURED_STATES, Approved
from shared.payments.payment import Payment
from shared.payments.requests import merchant_of
from shared.payments.state_machine import State
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.ports import Outside


class Refresh:
    def __init__(self, outside: Outside, inquiries: Inquiries) -> None:
        self._payments, self._chase = outside.payments, outside.chase
        self._clock, self._inquiries = outside.clock, inquiries

    async def refresh(self, payment: Payment, *, actor: str) -> Payment:
        """The payment after Chase was asked: an unknown sale inquired about, a capture confirmed; else as it was."""
        if payment.state is State.UNKNOWN:
            return await self._inquiries.look(payment)
        if payment.state is State.AUTHORIZED and payment.sale.transaction_id is not None:
            return await self._captured(payment, payment.sale.transaction_id, actor)
        return payment

    async def _captured(self, payment: Payment, transaction_id: str, actor: str) -> Payment:
        answer = await self._chase.get_payment(transaction_id, merchant_of(payment))
        if not isinstance(answer, Approved) or answer.transaction.state not in CAPTURED_STATES:
            return payment
        after = capture_confirmed(payment, actor=actor, now=self._clock.now())
        try:
            await self._payments.save(payment, after)
        except ChangedMeanwhile:
            return await self._payments.get(payment.id) or payment
        return after
