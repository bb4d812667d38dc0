"""Void a payment: undo its authorization before Chase captures it, or close a sale that never left us."""

from dataclasses import dataclass

from shared.payments.beside import Beside, Key
from shared.payments.errors import KeyTaken
from shared.payments.lifecycle import given_up
from shared.payments.next_step import REFUNDABLE
from shared.payments.operations import OperationKind
from shared.payments.payment import Payment
from shared.payments.state_machine import State
from shared.use_cases.asking_for import AskingFor
from shared.use_cases.calls import FollowUpAnswer, FollowUpCall
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording
from shared.use_cases.refund import Refund


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidCall(FollowUpCall):
    """With `or_refund`, a payment that was captured is refunded in full instead."""

    or_refund: bool = False


class Void:
    def __init__(self, outside: Outside, asking_for: AskingFor, recording: Recording, refund: Refund) -> None:
        self._clock, self._asking_for = outside.clock, asking_for
        self._recording, self._refund = recording, refund

    async def void(self, call: VoidCall) -> FollowUpAnswer:
        """
        The payment with the void in it; its operation tells how it went.

        Raises NotFound, InvalidState (captured, too near to its capture, ended, or an operation is unresolved), and for
        the key what a sale raises.
        """

        async def otherwise(payment: Payment) -> FollowUpAnswer | None:
            if payment.state is State.RECEIVED:
                return await self._given_up(call, payment)
            if call.or_refund and payment.state in REFUNDABLE and payment.refunded_minor == 0:
                return await self._refund.whole(call)
            return None

        return await self._asking_for.ask(call, OperationKind.VOID, otherwise)

    async def _given_up(self, call: VoidCall, payment: Payment) -> FollowUpAnswer:
        """In one commit: nothing ever left us, so Chase need not be asked. Raises ChangedMeanwhile."""
        void = self._asking_for.operation(call, OperationKind.VOID, payment)
        closed = given_up(payment, void, now=self._clock.now())
        key = Key(call.caller, call.idempotency_key, call.body.fingerprint, void)
        try:
            after = await self._recording.step(payment, closed, Beside(key=key, nonce=call.nonce))
        except KeyTaken:
            return await self._asking_for.replayed(call)
        return FollowUpAnswer(after, after.operation(void.id))
