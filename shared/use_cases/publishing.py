"""
Messages leave at once, best effort, in a task of their own; what stays behind is swept up (outbox_sweep).

The row in the outbox, written in the step's own commit, is the guarantee; this is only speed.
"""

from collections import Counter
from collections.abc import Sequence

from shared.payments.messages import Message, NotPublished
from shared.use_cases.ports import Outside


class Publishing:
    def __init__(self, outside: Outside) -> None:
        self._messages, self._publisher = outside.messages, outside.publisher
        self._clock, self._tasks, self._telemetry = outside.clock, outside.tasks, outside.telemetry

    def soon(self, messages: Sequence[Message]) -> None:
        """Publish those that are due by now, without waiting for it."""
        due = [message for message in messages if message.due_at <= self._clock.now()]
        if due:
            self._tasks.start(self._publish(due), finish=False)

    async def now(self, messages: Sequence[Message]) -> bool:
        """Publish `messages`, and note that they are sent; False where the broker did not take them."""
        try:
            await self._publisher.publish(messages)
        except NotPublished as error:
            self._telemetry.event("outbox.not_published", messages=len(messages), error=str(error))
            self._telemetry.count("messages.not_published", len(messages))
            return False
        for queue, count in Counter(message.queue for message in messages).items():
            self._telemetry.count("messages.published", count, queue=queue.value)
        await self._messages.mark_sent(messages, self._clock.now())
        return True

    async def _publish(self, messages: Sequence[Message]) -> None:
        try:
            await self.now(messages)
        except Exception as error:
            # Their rows stand: the sweep sends them, and the inbox counts them once.
            self._telemetry.event("outbox.not_marked", messages=len(messages), error=type(error).__name__)
