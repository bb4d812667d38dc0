"""Service Bus in process: queues that feed the registered functions as the platform would, and end with the process."""

import asyncio
import heapq
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

from local.delivery import DeadLetter, Message, deliver
from local.registered import BusFunction, Function

# The platform's default window for duplicates.
DUPLICATES_KNOWN_FOR: Final = timedelta(minutes=10)
# Enough for ten minutes of a laptop's load test; bounds the memory.
DUPLICATES_KNOWN_MAX: Final = 100_000

# How long functions at work may still take once the host stops. A message cut off is lost here; its outbox row is not.
STOP_WITHIN_S: Final = 5.0


class BusClock(Protocol):
    def now(self) -> datetime: ...

    async def sleep_until(self, at: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages a queue holds: deliverable or being delivered, not yet due, given up."""

    active: int
    scheduled: int
    dead_lettered: int


@dataclass(slots=True, eq=False)
class _Queue:
    function: Function | None = None
    waiting: deque[Message] = field(default_factory=deque)
    scheduled: list[tuple[datetime, int, Message]] = field(default_factory=list)
    delivering: set[asyncio.Task[DeadLetter | None]] = field(default_factory=set)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    known_ids: OrderedDict[str, datetime] = field(default_factory=OrderedDict)


class Bus:
    """
    Queues by name, made on first use; delivery begins at start(). A message for a queue without a function waits.

    What a function raises, or returns, is a failed delivery: see local/delivery.py.
    """

    def __init__(self, functions: Iterable[BusFunction], *, clock: BusClock, max_concurrent_calls: int = 16) -> None:
        self._clock = clock
        self._max_concurrent_calls = max_concurrent_calls
        self._queues = {each.queue: _Queue(function=each.function) for each in functions}
        self._sequence_number = 0
        self._fallen_due: list[Message] = []
        self._scheduled_anew = asyncio.Event()
        self._scheduler: asyncio.Task[None] | None = None

    async def send(
        self,
        queue: str,
        body: bytes | str,
        *,
        message_id: str,
        application_properties: Mapping[str, Any] | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """Take a message for `queue`, to be delivered at `due_at` or at once. A `message_id` sent lately is dropped."""
        to = self._queue(queue)
        now = self._clock.now()
        if _known(to.known_ids, message_id, now):
            return
        self._sequence_number += 1
        content = body.encode() if isinstance(body, str) else body
        message = Message(content, message_id, application_properties or {}, self._sequence_number, now)
        if due_at is not None and due_at > now:
            heapq.heappush(to.scheduled, (due_at, message.sequence_number, message))
            self._scheduled_anew.set()
        else:
            to.waiting.append(message)
            self._pump(to)

    async def start(self) -> None:
        self._scheduler = asyncio.create_task(self._deliver_when_due(), name="bus")
        for queue in self._queues.values():
            self._pump(queue)

    async def deliver_due(self) -> None:
        """Deliver what has fallen due, and return when all of it is done with: for a clock that was moved."""
        if self._scheduler is not None:
            self._take_due()
            await asyncio.gather(*(message.settled.wait() for message in self._fallen_due))

    async def idle(self) -> None:
        """Return when nothing is being delivered."""
        while at_work := self._at_work():
            await asyncio.wait(at_work)

    async def stop(self) -> None:
        """Deliver nothing more; functions at work have STOP_WITHIN_S to end."""
        if self._scheduler is None:
            return
        scheduler, self._scheduler = self._scheduler, None
        scheduler.cancel()
        tasks: list[asyncio.Task[Any]] = [scheduler, *self._at_work()]
        await asyncio.wait(tasks, timeout=STOP_WITHIN_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for message in self._fallen_due:
            message.settled.set()

    def depths(self) -> dict[str, Depth]:
        return {
            name: Depth(
                active=len(queue.waiting) + len(queue.delivering),
                scheduled=len(queue.scheduled),
                dead_lettered=len(queue.dead_letters),
            )
            for name, queue in self._queues.items()
        }

    def dead_letters(self, queue: str) -> tuple[DeadLetter, ...]:
        return tuple(self._queue(queue).dead_letters)

    def _queue(self, name: str) -> _Queue:
        return self._queues.setdefault(name, _Queue())

    def _at_work(self) -> list[asyncio.Task[DeadLetter | None]]:
        return [task for queue in self._queues.values() for task in queue.delivering]

    def _pump(self, queue: _Queue) -> None:
        if self._scheduler is None or queue.function is None:
            return
        while queue.waiting and len(queue.delivering) < self._max_concurrent_calls:
            message = queue.waiting.popleft()
            task = asyncio.create_task(deliver(message, queue.function))
            queue.delivering.add(task)
            task.add_done_callback(partial(self._delivered, queue, message))

    def _delivered(self, queue: _Queue, message: Message, task: asyncio.Task[DeadLetter | None]) -> None:
        dead_letter = None if task.cancelled() else task.result()
        if dead_letter is not None:
            queue.dead_letters.append(dead_letter)
        message.settled.set()
        queue.delivering.discard(task)
        self._pump(queue)

    def _take_due(self) -> None:
        now = self._clock.now()
        self._fallen_due = [message for message in self._fallen_due if not message.settled.is_set()]
        for queue in self._queues.values():
            while queue.scheduled and queue.scheduled[0][0] <= now:
                message = heapq.heappop(queue.scheduled)[2]
                queue.waiting.append(message)
                if queue.function is not None:
                    self._fallen_due.append(message)
            self._pump(queue)

    async def _deliver_when_due(self) -> None:
        while True:
            self._scheduled_anew.clear()
            self._take_due()
            waits: list[asyncio.Future[Any]] = [asyncio.create_task(self._scheduled_anew.wait())]
            earliest = min((queue.scheduled[0][0] for queue in self._queues.values() if queue.scheduled), default=None)
            if earliest is not None:
                waits.append(asyncio.create_task(self._clock.sleep_until(earliest)))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()


def _known(ids: OrderedDict[str, datetime], message_id: str, now: datetime) -> bool:
    """Whether the id was seen lately; remembers it if not."""
    while ids and (len(ids) >= DUPLICATES_KNOWN_MAX or next(iter(ids.values())) < now - DUPLICATES_KNOWN_FOR):
        ids.popitem(last=False)
    if message_id in ids:
        return True
    ids[message_id] = now
    return False
