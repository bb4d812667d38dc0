"""
Consumer of `shadow-mirror`: what was taken in shadow is asked of Chase's test endpoint, in each payment's own order.

Who ends one operation goes on with the next. So a message that comes before its turn does nothing, and none is lost:
its row was there when its predecessor looked for the next.
"""

import asyncio
from typing import Final

from shared.payments.beside import Beside, Received
from shared.payments.errors import AlreadyReceived, ChangedMeanwhile
from shared.payments.inquiry import SEND_WITHIN_S
from shared.payments.lifecycle import reclaimed
from shared.payments.messages import Message
from shared.payments.operations import OperationKind
from shared.payments.payment import Payment
from shared.payments.state_machine import State
from shared.shadow.operations import ShadowOperation, is_possible, not_possible, turn_taken
from shared.use_cases.comparing import Comparing
from shared.use_cases.following_up import FollowingUp
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording
from shared.use_cases.sending_again import SendingAgain
from shared.use_cases.setting_aside import CannotSucceed

CONSUMER: Final = "shadow_mirror"

# Mirrors that begin together are answered together, and what follows an answer takes the loop some milliseconds each:
# live sales wait behind it. Measured: docs/decisions/0024.
AT_ONCE_MAX: Final = 4
# With one answer of Chase more (75 s at most) still far from the platform's end of a function.
PLACE_WITHIN_S: Final = 60.0


class ShadowMirror:
    """Has AT_ONCE_MAX messages at work in this process; another waits PLACE_WITHIN_S for its place."""

    def __init__(
        self,
        outside: Outside,
        recording: Recording,
        sending_again: SendingAgain,
        following_up: FollowingUp,
        comparing: Comparing,
    ) -> None:
        self._places, self._place_within_s = asyncio.Semaphore(AT_ONCE_MAX), PLACE_WITHIN_S
        self._payments, self._store, self._clock = outside.payments, outside.shadow, outside.clock
        self._telemetry, self._recording, self._sending_again = outside.telemetry, recording, sending_again
        self._following_up, self._comparing = following_up, comparing

    async def consume(self, message: Message) -> None:
        """
        Mirror what the message names, if its turn has come, and what waits behind it.

        A message that comes twice does nothing the second time; one that gets no place leaves its row to
        comparison_due. Raises CannotSucceed for one that names nothing of ours.
        """
        try:
            async with asyncio.timeout(self._place_within_s):
                await self._places.acquire()
        except TimeoutError:
            self._telemetry.event("shadow_mirror.left_for_later", paymentId=message.payment_id)
            return
        try:
            await self._consume(message)
        finally:
            self._places.release()

    async def _consume(self, message: Message) -> None:
        operation = await self._store.get(message.ids["operationId"])
        if operation is None or operation.payment_id != message.payment_id:
            raise CannotSucceed("no such operation in shadow")
        try:
            await self.mirror(operation.payment_id, Received(CONSUMER, message.id), asked_for=operation.id)
        except (AlreadyReceived, ChangedMeanwhile):
            # Somebody else has it: what they leave unfinished is looked at by comparison_due.
            self._telemetry.event("shadow_mirror.left_to_another", paymentId=operation.payment_id)

    async def mirror(self, payment_id: str, message: Received | None = None, *, asked_for: str | None = None) -> None:
        """
        Everything of the payment that waits, in its order, as far as it goes. Raises what `Payments.save` does.

        What waits to be sent again is sent when its own message comes, or when its time has.
        """
        waiting = [each for each in await self._store.of_payment(payment_id) if each.waiting]
        while waiting:
            payment = await self._payments.get(payment_id)
            assert payment is not None, "a row of shadow names a payment"
            payment = await self._send(payment, waiting[0], message, asked_for)
            if not await self._comparing.look(waiting[0], payment):
                return
            message = None
            waiting = [each for each in await self._store.of_payment(payment_id) if each.waiting]

    async def _send(
        self, payment: Payment, waiting: ShadowOperation, message: Received | None, asked_for: str | None
    ) -> Payment:
        if any(each.id == waiting.id for each in payment.operations):
            operation, now = payment.operation(waiting.id), self._clock.now()
            if asked_for != waiting.id and operation.send_at is not None and operation.send_at > now:
                return payment
            return await self._sending_again.send(payment, operation, message=message)
        if payment.unresolved is not None or _is_too_early(payment, waiting):
            return payment
        return await self._follow(payment, waiting, message)

    async def _follow(self, payment: Payment, waiting: ShadowOperation, message: Received | None) -> Payment:
        now, beside = self._clock.now(), Beside(message=message)
        send_before_s = self._clock.boot_s() + SEND_WITHIN_S
        taken, operation = turn_taken(payment, waiting, now=now)
        if not is_possible(payment, operation):
            return await self._recording.step(
                payment, not_possible(payment, operation, actor=CONSUMER, now=now), beside
            )
        claimed = reclaimed(taken, operation, actor=CONSUMER, now=now)
        await self._recording.step(payment, claimed, beside)
        asked = claimed.operation(operation.id)
        return await self._following_up.send(claimed, asked, send_before_s=send_before_s)


def _is_too_early(payment: Payment, waiting: ShadowOperation) -> bool:
    """The existing processor may capture sooner than Chase: a refund waits for our own capture."""
    return waiting.kind is OperationKind.REFUND and payment.state is State.AUTHORIZED
