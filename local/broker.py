"""A real broker on the laptop: what it has in a queue goes to the registered function, as the platform would do it."""

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import AutoLockRenewer

from local.delivery import Message, attempt
from local.registered import BusFunction
from shared.messaging.login import Login

if TYPE_CHECKING:
    from azure.servicebus.aio import ServiceBusReceiver

# Settling waits for the receiver, which listens for this long at a stretch.
_LISTEN_S: Final = 0.5
# Until a broker that went away is tried again.
_TRY_AGAIN_AFTER_S: Final = 1.0
# For one connection to open and one settlement to be answered.
_TRY_TIMEOUT_S: Final = 10.0
# How long functions at work may still take once the host stops. One cut off loses its lock: the message comes again.
STOP_WITHIN_S: Final = 5.0

log = logging.getLogger(__name__)


class Broker:
    """
    One receiver for each function's queue, in peek-lock, at most `max_concurrent_calls` messages of each at work.

    A function that takes a message completes it. One that fails abandons it: the broker delivers it again at once, and
    sets it aside after as many times as the queue allows.
    """

    def __init__(self, functions: Iterable[BusFunction], login: Login, *, max_concurrent_calls: int = 16) -> None:
        self._queues = [_Queue(function, login, max_concurrent_calls) for function in functions]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(queue.run_forever(), name=queue.name) for queue in self._queues]

    async def stop(self) -> None:
        """Receive nothing more; functions at work have STOP_WITHIN_S to end."""
        for queue in self._queues:
            queue.stopping.set()
        tasks, self._tasks = self._tasks, []
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_WITHIN_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Queue:
    def __init__(self, function: BusFunction, login: Login, max_concurrent_calls: int) -> None:
        self.name = function.queue
        self.stopping = asyncio.Event()
        self._function = function.function
        self._login = login
        self._max_concurrent_calls = max_concurrent_calls
        # The receiver is not safe for concurrent coroutines: it listens or it settles.
        self._receiver_free = asyncio.Lock()
        self._at_work: set[asyncio.Task[None]] = set()

    async def run_forever(self) -> None:
        while not self.stopping.is_set():
            try:
                await self._run()
            except Exception as error:
                log.warning("%s: no messages from the broker: %s", self.name, type(error).__name__)
                await _either(self.stopping.wait(), asyncio.sleep(_TRY_AGAIN_AFTER_S))

    async def _run(self) -> None:
        """Receive over one connection until it fails or we stop."""
        client = self._login.client(retry_total=0, try_timeout=_TRY_TIMEOUT_S)
        renewer = AutoLockRenewer()
        receiver = client.service_bus.get_queue_receiver(self.name, auto_lock_renewer=renewer)
        try:
            # The receiver is opened here: in the first receive, _LISTEN_S would have to suffice for that too.
            async with renewer, receiver:
                try:
                    while not self.stopping.is_set():
                        await self._receive(receiver)
                finally:
                    await self._finish()
        finally:
            await client.close()

    async def _receive(self, receiver: "ServiceBusReceiver") -> None:
        free = self._max_concurrent_calls - len(self._at_work)
        if not free:
            await asyncio.wait(self._at_work, return_when=asyncio.FIRST_COMPLETED)
            return
        async with self._receiver_free:
            received = await receiver.receive_messages(max_message_count=free, max_wait_time=_LISTEN_S)
        for message in received:
            task = asyncio.create_task(self._deliver(receiver, message))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)

    async def _deliver(self, receiver: "ServiceBusReceiver", received: ServiceBusReceivedMessage) -> None:
        # The broker counts failures, the platform deliveries.
        failure = await attempt(_message(received), self._function, (received.delivery_count or 0) + 1)
        settle = receiver.complete_message if failure is None else receiver.abandon_message
        try:
            async with self._receiver_free:
                await settle(received)
        except Exception as error:
            log.warning("%s: message %s comes again: %s", self.name, received.message_id, type(error).__name__)

    async def _finish(self) -> None:
        """What is at work ends first: it is settled over the connection that it came by."""
        try:
            while self._at_work:
                await asyncio.wait(self._at_work)
        except asyncio.CancelledError:
            for task in self._at_work:
                task.cancel()
            raise


def _message(received: ServiceBusReceivedMessage) -> Message:
    properties = {_text(name): _text(value) for name, value in (received.application_properties or {}).items()}
    assert received.enqueued_time_utc is not None, "a broker stamps what it takes"
    return Message(
        b"".join(received.body),
        received.message_id or "",
        properties,
        received.sequence_number or 0,
        received.enqueued_time_utc,
    )


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


async def _either(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
