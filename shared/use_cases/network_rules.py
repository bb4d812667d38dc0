"""A sale leaves only if the rules of its payer's network let it; one that does not ends declined, without Chase."""

from dataclasses import replace

from shared.payments.beside import NOTHING_BESIDE, Beside
from shared.payments.errors import RetryBlocked
from shared.payments.lifecycle import blocked_sale
from shared.payments.payment import Payment
from shared.payments.requests import SaleRequest
from shared.payments.sale_attempts import GONE, Attempt, attempt_of, blocked_by, blocked_record
from shared.payments.state_machine import State
from shared.use_cases.ports import Outside


class NetworkRules:
    def __init__(self, outside: Outside) -> None:
        self._payments, self._marks = outside.payments, outside.instrument_marks
        self._clock, self._telemetry = outside.clock, outside.telemetry

    def attempt(self, request: SaleRequest, claimed: Payment) -> Attempt | None:
        """What the database judges before the sale leaves; None where its instrument cannot be known again."""
        return attempt_of(request, claimed, self._marks.of_instrument(request.method))

    async def claim_again(
        self, payment: Payment, claimed: Payment, request: SaleRequest, *, actor: str, beside: Beside = NOTHING_BESIDE
    ) -> Payment:
        """
        `claimed`, stored, where the rules let the sale leave; else the payment as it so ended, `declined`.

        Only a `received` sale is judged: of any other something may have left, and Chase takes it for the same try.
        Raises what `Payments.save` does.
        """
        attempt = self.attempt(request, claimed) if payment.state is State.RECEIVED else None
        try:
            await self._payments.save(payment, claimed, replace(beside, attempt=attempt))
        except RetryBlocked:
            assert attempt is not None, "nothing else is refused so"
            ended = await self.blocked(payment, attempt, actor=actor)
            await self._payments.save(payment, ended, beside)
            return ended
        return claimed

    async def blocked(self, payment: Payment, attempt: Attempt, *, actor: str) -> Payment:
        """The payment, `received`, as `attempt` ends it, which the database did not let leave: not stored yet."""
        block = blocked_by(attempt, await self._payments.past_declines(attempt)) or GONE
        told = {"paymentId": payment.id, "billerId": payment.biller_id, "network": attempt.network}
        self._telemetry.event("sale.blocked", why=block.why, **told)
        return blocked_sale(payment, blocked_record(block), actor=actor, now=self._clock.now())
