"""One connection to the broker: a sender per queue, one message batch at a time."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from shared.messaging.login import Client, Login
from shared.payments.messages import Message, Queue

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusMessage, ServiceBusMessageBatch
    from azure.servicebus.aio import ServiceBusSender

CONTENT_TYPE: Final = "application/json"


class Connection:
    """
    Opened by the first `send`, and never mended: after a failure it is closed and another one takes its place.

    The client is not safe for concurrent coroutines, so a lock lets in one at a time.
    """

    def __init__(self, login: Login, *, timeout_s: float) -> None:
        self._login = login
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._client: Client | None = None
        self._senders: dict[Queue, ServiceBusSender] = {}
        self._closed = False
        self.last_used_s: float | None = None

    @property
    def has_worked(self) -> bool:
        return self.last_used_s is not None

    async def send(self, messages: Sequence[Message], properties: Mapping[str, str]) -> None:
        """Return once the broker has taken all. Raises what the client raises, or ConnectionError once closed."""
        async with self._lock:
            client = await self._opened()
            for queue, those in _by_queue(messages).items():
                if queue not in self._senders:
                    self._senders[queue] = client.service_bus.get_queue_sender(queue.value)
                await _send_in_batches(self._senders[queue], those, properties)
            self.last_used_s = asyncio.get_running_loop().time()

    async def close(self) -> None:
        """Whoever is sending is not waited for: that it takes too long may be why this is closed."""
        self._closed = True
        if self._client is not None:
            await self._client.close()

    async def _opened(self) -> Client:
        if self._client is None:
            await asyncio.to_thread(self._login.load)
        if self._closed:
            raise ConnectionError
        if self._client is None:
            # No tries of its own: the outbox sends again, and a caller may be waiting.
            self._client = self._login.client(retry_total=0, try_timeout=self._timeout_s)
        return self._client


async def _send_in_batches(
    sender: "ServiceBusSender", messages: Iterable[Message], properties: Mapping[str, str]
) -> None:
    """As few batches as the broker's limit for one allows."""
    batch = await sender.create_message_batch()
    for message in _encoded(messages, properties):
        if not _fits(batch, message):
            await sender.send_messages(batch)
            batch = await sender.create_message_batch()
            batch.add_message(message)
    await sender.send_messages(batch)


def _fits(batch: "ServiceBusMessageBatch", message: "ServiceBusMessage") -> bool:
    """Whether there was room for it; it is in the batch then."""
    from azure.servicebus.exceptions import MessageSizeExceededError  # noqa: PLC0415 - not before there is a client

    try:
        batch.add_message(message)
    except MessageSizeExceededError:
        return False
    return True


def _encoded(messages: Iterable[Message], properties: Mapping[str, str]) -> "Iterator[ServiceBusMessage]":
    from azure.servicebus import ServiceBusMessage  # noqa: PLC0415 - not before there is a client

    for message in messages:
        # A copy each: the client may change it.
        told = properties if message.beside is None else message.beside
        beside: dict[str | bytes, Any] = {name: value for name, value in told.items()}
        yield ServiceBusMessage(
            message.body(),
            message_id=message.id,
            content_type=CONTENT_TYPE,
            application_properties=beside or None,
        )


def _by_queue(messages: Iterable[Message]) -> dict[Queue, list[Message]]:
    found: dict[Queue, list[Message]] = {}
    for message in messages:
        found.setdefault(message.queue, []).append(message)
    return found
