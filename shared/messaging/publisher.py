"""The port Publisher on Service Bus: one connection for the process, and nobody waits longer than the setting says."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from shared.messaging.login import Login
from shared.messaging.sending import Connection
from shared.payments.messages import Message, NotPublished

# SERVICEBUS_TIMEOUT_S, if nobody says otherwise.
TIMEOUT_S: Final = 5.0
# A load balancer forgets an idle connection after 4 minutes without telling anybody, the broker ends one after 2 that
# says nothing. One left idle for half of that is not trusted with a payment's message.
IDLE_MAX_S: Final = 60.0
# Shorter than what a host leaves us at shutdown.
CLOSE_WITHIN_S: Final = 2.0


class ServiceBusPublisher:
    """
    Connects at the first message; after a failure, or a while of nothing, at the next one.

    `properties` is asked at each publish for what goes beside every message (a correlation id, a traceparent).
    """

    def __init__(
        self,
        login: Login,
        *,
        timeout_s: float = TIMEOUT_S,
        idle_max_s: float = IDLE_MAX_S,
        close_within_s: float = CLOSE_WITHIN_S,
        properties: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._login = login
        self._timeout_s = timeout_s
        self._idle_max_s = idle_max_s
        self._close_within_s = close_within_s
        self._properties = properties
        self._connection: Connection | None = None
        # Held here, or the loop would forget them half done.
        self._left_behind: set[asyncio.Task[None]] = set()
        self._closed = False

    async def publish(self, messages: Sequence[Message]) -> None:
        """
        All of `messages` within `timeout_s`, connecting included; else NotPublished, which says only what kind of
        failure it was.

        A connection that had worked and fails now may have been ended while idle: then once more on a new one, within
        the same time. What was taken the first time is a duplicate then, by its id.
        """
        if not messages:
            return
        until_s = _now_s() + self._timeout_s
        properties = self._properties()
        while True:
            connection = self._current()
            failure = await self._attempt(connection, messages, properties, until_s)
            if failure is None:
                return
            if isinstance(failure, TimeoutError) or not connection.has_worked:
                raise NotPublished(f"{len(messages)} not taken by the broker: {type(failure).__name__}")

    async def close(self) -> None:
        """Publish nothing more. Returns within `close_within_s`; who is still publishing then hears NotPublished."""
        self._closed = True
        if self._connection is not None:
            self._drop(self._connection)
        if self._left_behind:
            _, waiting = await asyncio.wait(self._left_behind, timeout=self._close_within_s)
            for task in waiting:
                task.cancel()

    def _current(self) -> Connection:
        if self._closed:
            raise NotPublished("the publisher is closed")
        last_used_s = None if self._connection is None else self._connection.last_used_s
        if self._connection is not None and last_used_s is not None and _now_s() - last_used_s > self._idle_max_s:
            self._drop(self._connection)
        if self._connection is None:
            self._connection = Connection(self._login, timeout_s=self._timeout_s)
        return self._connection

    async def _attempt(
        self, connection: Connection, messages: Sequence[Message], properties: Mapping[str, str], until_s: float
    ) -> BaseException | None:
        """
        What sending failed with, or None; after a failure, or if the caller hangs up, the connection is not used again.

        asyncio.wait_for would wait for the client to give up once it was told to, and a client in the hands of a mute
        broker does that when it likes: it is told, and left behind.
        """
        sending = self._followed(connection.send(messages, properties))
        failure: BaseException | None = TimeoutError()
        try:
            await asyncio.wait([sending], timeout=until_s - _now_s())
            if sending.done():
                failure = asyncio.CancelledError() if sending.cancelled() else sending.exception()
        finally:
            if failure is not None:
                sending.cancel()
                self._drop(connection)
        return failure

    def _drop(self, connection: Connection) -> None:
        if self._connection is connection:
            self._connection = None
            self._followed(connection.close())

    def _followed(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._left_behind.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._left_behind.discard(task)
        # Somebody must look at its exception, or the loop complains of one that nobody saw.
        if not task.cancelled():
            task.exception()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
