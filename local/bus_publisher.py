"""The port Publisher on the bus in process: what the service publishes, its own functions get."""

from collections.abc import Sequence

from local.bus import Bus
from shared.payments.messages import Message, NotPublished
from shared.telemetry.context import beside_a_message


class BusPublisher:
    """
    Made before the service, joined to the bus after it: the bus feeds functions, and they need the service.

    Until then nothing is taken, as by a broker that is away.
    """

    def __init__(self) -> None:
        self._bus: Bus | None = None

    def attach(self, bus: Bus) -> None:
        self._bus = bus

    async def publish(self, messages: Sequence[Message]) -> None:
        """All of `messages`, for delivery at once: it is the outbox that waits for what is due. Raises NotPublished."""
        if self._bus is None:
            raise NotPublished("the bus is not there yet")
        for message in messages:
            beside = beside_a_message() if message.beside is None else message.beside
            await self._bus.send(message.queue, message.body(), message_id=message.id, application_properties=beside)
