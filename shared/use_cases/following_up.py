"""One attempt of a void or refund at Chase, and commit 2 with its outcome."""

from dataclasses import replace
from typing import Final

from shared.payments.facts import with_operation
from shared.payments.operations import OperationKind
from shared.payments.outcome import Approved, NotSent, Outcome, Unknown
from shared.payments.payment import Operation, Payment
from shared.payments.requests import merchant_of
from shared.use_cases.holding import HELD, Held, nothing_is_held
from shared.use_cases.landing import Landing
from shared.use_cases.ports import Outside

_UNNAMED: Final = NotSent("TRANSACTION_UNKNOWN", "Chase has not named the sale's transaction; nothing was sent")


class FollowingUp:
    def __init__(self, outside: Outside, landing: Landing, held: Held = nothing_is_held) -> None:
        self._chase, self._telemetry, self._landing = outside.chase, outside.telemetry, landing
        self._held = held

    async def send(self, payment: Payment, operation: Operation, *, send_before_s: float) -> Payment:
        """The payment, with `operation` claimed for sending, as it is after Chase was asked; never raises."""
        outcome = await self._answer_of_chase(payment, operation, send_before_s)
        return await self._landing.land(payment, operation, outcome)

    async def _answer_of_chase(self, payment: Payment, operation: Operation, send_before_s: float) -> Outcome:
        try:
            if await self._held():
                return HELD
            named = await self._named(payment)
            if named is None:
                return _UNNAMED
            return await self._asked(named, operation, send_before_s)
        except Exception as error:
            # A fault of ours, at a moment we cannot name: the bytes may have left.
            alarm = f"{operation.kind}.chase_client_failed"
            self._telemetry.alarm(alarm, paymentId=payment.id, error=type(error).__name__)
            return Unknown("INTERNAL_ERROR", "the call to Chase broke off")

    async def _named(self, payment: Payment) -> Payment | None:
        """With the sale's transaction id, which a person's word on it may have left out."""
        if payment.sale.transaction_id is not None:
            return payment
        found = await self._chase.find_sale(payment.sale.request_id, merchant_of(payment))
        if not isinstance(found, Approved):
            return None
        return with_operation(payment, replace(payment.sale, transaction_id=found.transaction.transaction_id))

    async def _asked(self, payment: Payment, operation: Operation, send_before_s: float) -> Outcome:
        merchant = merchant_of(payment)
        if operation.kind is OperationKind.VOID:
            return await self._chase.void(payment, operation, merchant, send_before_s=send_before_s)
        full = operation.amount.amount_minor == payment.captured_minor and payment.refunded_minor == 0
        return await self._chase.refund(payment, operation, merchant, full=full, send_before_s=send_before_s)
