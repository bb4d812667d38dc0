"""One attempt at Chase: the call, and commit 2 with its outcome. No transaction or connection is held in between."""

from typing import Final

from shared.payments.lifecycle import CHASE, transaction_id_of
from shared.payments.outcome import Outcome, Unknown
from shared.payments.payment import Payment
from shared.payments.requests import Merchant, SaleRequest
from shared.payments.state_machine import State
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording

# Waits before commit 2 is tried again; after the last, the sweep and the inquiries are the guarantee.
_RECORD_AGAIN_AFTER_S: Final = (1, 5, 15, 60)


class Charging:
    def __init__(self, outside: Outside, recording: Recording, inquiries: Inquiries) -> None:
        self._chase, self._clock, self._tasks = outside.chase, outside.clock, outside.tasks
        self._telemetry, self._recording, self._inquiries = outside.telemetry, recording, inquiries

    async def charge(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float
    ) -> Payment:
        """
        The payment, claimed for sending, as it is after Chase was asked; never raises once Chase was called.

        If commit 2 cannot be made, the payment as it stands: the outcome is recorded later, or found by inquiry.
        """
        outcome = await self._answer_of_chase(request, payment, merchant, send_before_s)
        try:
            payment = await self._recording.record(payment, outcome, actor=CHASE)
        except Exception as error:
            self._telemetry.alarm(
                "sale.outcome_not_recorded",
                paymentId=payment.id,
                code=outcome.code,
                transactionId=transaction_id_of(outcome),
                error=type(error).__name__,
            )
            self._tasks.start(self._record_later(payment, outcome))
            return payment
        if payment.state is State.UNKNOWN:
            self._tasks.start(self._inquiries.follow(payment), finish=False)
        return payment

    async def _answer_of_chase(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, send_before_s: float
    ) -> Outcome:
        try:
            return await self._chase.sale(request, payment, merchant, send_before_s=send_before_s)
        except Exception as error:
            # A fault of ours, at a moment we cannot name: the bytes may have left.
            self._telemetry.alarm("sale.chase_client_failed", paymentId=payment.id, error=type(error).__name__)
            return Unknown("INTERNAL_ERROR", "the call to Chase broke off")

    async def _record_later(self, payment: Payment, outcome: Outcome) -> None:
        for wait_s in _RECORD_AGAIN_AFTER_S:
            await self._clock.sleep_until(self._clock.after(wait_s))
            try:
                payment = await self._recording.record(payment, outcome, actor=CHASE)
            except Exception as error:
                self._telemetry.event("sale.outcome_not_recorded_yet", paymentId=payment.id, error=type(error).__name__)
                continue
            if payment.state is State.UNKNOWN:
                await self._inquiries.follow(payment)
            return
