"""Commit 2 of whatever Chase was asked: now, or a little later; and the first inquiries if the answer was lost."""

from typing import Final

from shared.payments.answers import transaction_id_of
from shared.payments.lifecycle import CHASE
from shared.payments.operations import OperationState
from shared.payments.outcome import Outcome
from shared.payments.payment import Operation, Payment
from shared.payments.sealed import SealedInstrument
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording

# Waits before commit 2 is tried again; after the last, the sweep and the inquiries are the guarantee.
_RECORD_AGAIN_AFTER_S: Final = (1, 5, 15, 60)


class Landing:
    def __init__(self, outside: Outside, recording: Recording, inquiries: Inquiries) -> None:
        self._clock, self._tasks, self._telemetry = outside.clock, outside.tasks, outside.telemetry
        self._recording, self._inquiries = recording, inquiries

    async def land(
        self, payment: Payment, operation: Operation, outcome: Outcome, *, sealed: SealedInstrument | None = None
    ) -> Payment:
        """
        The payment once `outcome` of `operation` is in it; never raises, for Chase was asked.

        If commit 2 cannot be made, the payment as it stands: the outcome is recorded later, or found by inquiry.
        """
        try:
            payment = await self._recording.record(payment, operation, outcome, actor=CHASE, sealed=sealed)
        except Exception as error:
            self._telemetry.alarm(
                f"{operation.kind}.outcome_not_recorded",
                paymentId=payment.id,
                code=outcome.code,
                transactionId=transaction_id_of(outcome),
                error=type(error).__name__,
            )
            self._tasks.start(self._land_later(payment, operation, outcome, sealed))
            return payment
        self._follow(payment, operation)
        return payment

    async def _land_later(
        self, payment: Payment, operation: Operation, outcome: Outcome, sealed: SealedInstrument | None
    ) -> None:
        for wait_s in _RECORD_AGAIN_AFTER_S:
            await self._clock.sleep_until(self._clock.after(wait_s))
            try:
                payment = await self._recording.record(payment, operation, outcome, actor=CHASE, sealed=sealed)
            except Exception as error:
                self._telemetry.event(
                    f"{operation.kind}.outcome_not_recorded_yet", paymentId=payment.id, error=type(error).__name__
                )
                continue
            self._follow(payment, operation)
            return

    def _follow(self, payment: Payment, operation: Operation) -> None:
        if payment.operation(operation.id).state is OperationState.UNKNOWN:
            self._tasks.start(self._inquiries.follow(payment, operation.id), finish=False)
