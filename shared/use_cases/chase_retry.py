"""Consumer of `chase-retry`: voids and refunds that did not get through, undos, and sales that wait with us."""

from typing import Final

from shared.payments.beside import Received
from shared.payments.errors import AlreadyReceived, ChangedMeanwhile
from shared.payments.messages import Message
from shared.payments.sealed import CannotOpen
from shared.use_cases.ports import Outside
from shared.use_cases.sending_again import InstrumentGone, SendingAgain
from shared.use_cases.setting_aside import CannotSucceed

CONSUMER: Final = "chase_retry"


class ChaseRetry:
    def __init__(self, outside: Outside, sending_again: SendingAgain) -> None:
        self._payments, self._telemetry, self._sending_again = outside.payments, outside.telemetry, sending_again

    async def consume(self, message: Message) -> None:
        """
        Send what the message names, if it still waits; a message that comes twice does nothing the second time.

        Raises CannotSucceed for one that names nothing of ours.
        """
        payment = await self._payments.get(message.payment_id)
        if payment is None:
            raise CannotSucceed("no such payment")
        try:
            operation = payment.operation(message.ids["operationId"])
        except KeyError:
            raise CannotSucceed("no such operation of that payment") from None
        try:
            await self._sending_again.send(payment, operation, message=Received(CONSUMER, message.id))
        except (AlreadyReceived, ChangedMeanwhile):
            # Somebody else has it: what they leave unfinished is found by reconciliation.
            self._telemetry.event("chase_retry.left_to_another", paymentId=payment.id)
            self._telemetry.count("messages.duplicates", queue=message.queue.value)
        except (InstrumentGone, CannotOpen) as error:
            raise CannotSucceed(str(error)) from None
