"""What cannot succeed is set aside with its reason, counted and alarmed: never lost, and never looping."""

from collections.abc import Awaitable, Callable
from typing import Final

from shared.payments.cards import holds_a_written_number
from shared.payments.messages import Message, Queue, UnreadableMessage, read_message
from shared.use_cases.ports import Outside

# A body of ours has some 150 characters; of one that is not ours, this much is enough to see where it came from.
_BODY_MAX: Final = 1000
_HIDDEN: Final = "(hidden: it holds what may be a card number)"


class CannotSucceed(Exception):
    """No further delivery of this message can do better. The text says why, and holds nothing secret."""


Consume = Callable[[Message], Awaitable[None]]


class SettingAside:
    """Reads a message for its consumer, and keeps aside what no delivery can help."""

    def __init__(self, outside: Outside) -> None:
        self._messages, self._clock, self._telemetry = outside.messages, outside.clock, outside.telemetry

    async def consume(self, queue: Queue, message_id: str, body: bytes, consume: Consume) -> None:
        """
        Have `consume` act on the message; raises what it raises, so that the broker delivers again.

        But for what cannot succeed: unreadable, of an unknown version, or CannotSucceed.
        """
        try:
            await consume(read_message(queue, body, due_at=self._clock.now()))
        except (UnreadableMessage, CannotSucceed) as error:
            await self._messages.set_aside(queue, message_id, _shown(body), str(error), self._clock.now())
            self._telemetry.alarm("message.set_aside", queue=queue, messageId=message_id, reason=str(error))
            self._telemetry.count("messages.set_aside", queue=queue.value)


def _shown(body: bytes) -> str:
    # All of it is looked at: cut first, most of a number would pass for none.
    text = body.decode("utf-8", "replace").replace("\x00", "\ufffd")
    return _HIDDEN if holds_a_written_number(text) else text[:_BODY_MAX]
