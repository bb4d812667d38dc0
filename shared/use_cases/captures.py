"""What Chase says of the transaction itself: whether an authorization was captured, and what became of a void."""

from dataclasses import replace
from datetime import timedelta

from shared.payments.capture import capture_confirmed, found_voided, overtaken
from shared.payments.errors import ChangedMeanwhile
from shared.payments.facts import scheduled
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import CAPTURED_STATES, Approved, Inquiry, TransactionState
from shared.payments.payment import Operation, Payment
from shared.payments.requests import merchant_of
from shared.payments.state_machine import State
from shared.use_cases.occasions import Occasions
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording


class Captures:
    """A void is not found by its request-id: its payment tells whether it came about."""

    def __init__(self, outside: Outside, recording: Recording) -> None:
        self._chase, self._clock, self._pace = outside.chase, outside.clock, outside.pace
        self._telemetry, self._recording, self._occasions = outside.telemetry, recording, Occasions(outside)

    def is_about(self, payment: Payment, operation: Operation) -> bool:
        """Whether an inquiry about `operation` asks for the transaction: of a void, or of an authorization."""
        if operation.kind is OperationKind.VOID:
            return True
        is_authorized = operation.kind is OperationKind.SALE and operation.state is OperationState.SUCCEEDED
        return is_authorized and payment.state is State.AUTHORIZED

    async def ask(self, payment: Payment) -> Inquiry:
        if payment.sale.transaction_id is None:
            return await self._chase.find_sale(payment.sale.request_id, merchant_of(payment))
        return await self._chase.get_payment(payment.sale.transaction_id, merchant_of(payment))

    async def learned(self, payment: Payment, operation: Operation, answer: Inquiry, *, actor: str) -> Payment:
        """The payment with what Chase holds in it; as it was where that is no news."""
        if not isinstance(answer, Approved):
            return payment
        try:
            if operation.kind is OperationKind.VOID:
                return await self._of_void(payment, operation, answer, actor)
            return await self._of_authorization(payment, answer, actor)
        except ChangedMeanwhile:
            return await self._recording.again(payment)

    async def _of_authorization(self, payment: Payment, answer: Approved, actor: str) -> Payment:
        now = self._clock.now()
        if answer.transaction.state in CAPTURED_STATES:
            return await self._recording.step(payment, capture_confirmed(payment, actor=actor, now=now))
        if answer.transaction.state is TransactionState.VOIDED and payment.unresolved is None:
            self._telemetry.alarm("payment.found_voided", paymentId=payment.id)
            return await self._recording.step(payment, found_voided(payment, actor=actor, now=now))
        return payment

    async def _of_void(self, payment: Payment, void: Operation, answer: Approved, actor: str) -> Payment:
        state = answer.transaction.state
        if state is TransactionState.VOIDED:
            whole = replace(answer, transaction=replace(answer.transaction, amount=void.amount))
            return await self._recording.record(payment, void, whole, actor=actor)
        occasion = self._occasions.now(void.attempts)
        if state in CAPTURED_STATES:
            after = overtaken(payment, void, occasion=occasion, actor=actor)
            return await self._recording.step(payment, after)
        settled_from = void.claimed_at + timedelta(seconds=self._pace.empty_counts_after_s)
        if occasion.now < settled_from or void.send_at is not None:
            return payment
        # Nothing of it can be under way any more, and it did not come about: sent again, under the same request-id.
        again = scheduled(payment, replace(void, send_at=occasion.now), now=occasion.now)
        return await self._recording.step(payment, again)
