"""The laptop's clock: real time plus an offset that a person may move forward. Tests stop its real part."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence, Set
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from shared.clock import SystemClock, boot_s

# How long advance() waits for what it woke: longer than a call to the simulator, shorter than a person's patience.
SETTLE_WITHIN_S: Final = 2.0
# How often it looks: well below what a person notices.
_LOOK_EVERY_S: Final = 0.001
# A century before datetime's end, so that whatever is computed from a local time still fits.
_LATEST: Final = datetime(9900, 1, 1, tzinfo=UTC)


class OffsetStore(Protocol):
    """Where the offset outlives the process. `save_offset` returns when it is durable."""

    def load_offset(self) -> timedelta: ...

    def save_offset(self, offset: timedelta) -> None: ...


class LocalClock:
    """
    The port Clock of shared/use_cases/ports.py, for one event loop.

    `scale` makes the waits of `after` shorter (LOCAL_TIME_SCALE, 0 < scale <= 1); it does not touch `now`.
    `real_now` is time that nobody moves: authentication goes by it.
    """

    def __init__(
        self,
        *,
        scale: float = 1.0,
        real_now: Callable[[], datetime] | None = None,
        settle_within_s: float = SETTLE_WITHIN_S,
    ) -> None:
        self.real_now = real_now or SystemClock().now
        self._scale = scale
        self._settle_within_s = settle_within_s
        self._offset = timedelta(0)
        self._store: OffsetStore | None = None
        self._on_advance: list[Callable[[], Awaitable[Any]]] = []
        self._asleep: dict[asyncio.Future[None], tuple[datetime, asyncio.Task[Any] | None]] = {}

    @property
    def offset(self) -> timedelta:
        return self._offset

    def now(self) -> datetime:
        return self.real_now() + self._offset if self._offset else self.real_now()

    def after(self, wait_s: float) -> datetime:
        return self.now() + timedelta(milliseconds=round(wait_s * self._scale * 1000))

    def boot_s(self) -> float:
        return boot_s()

    async def sleep_until(self, at: datetime) -> None:
        """Return once the local time is `at` or later, whether it came to be so by waiting or by `advance`."""
        task = asyncio.current_task()
        while (left_s := (at - self.now()).total_seconds()) > 0:
            woken = asyncio.get_running_loop().create_future()
            self._asleep[woken] = (at, task)
            try:
                await asyncio.wait([woken], timeout=self._real_wait_s(left_s))
            finally:
                del self._asleep[woken]

    def remember_in(self, store: OffsetStore) -> None:
        """Take up the offset that `store` holds, and keep it there from now on."""
        self._offset = store.load_offset()
        self._store = store

    def on_advance(self, action: Callable[[], Awaitable[Any]]) -> None:
        """Have `action` awaited in every `advance`, after the time has moved."""
        self._on_advance.append(action)

    async def advance(self, seconds: float) -> None:
        """
        Move the local time forward by `seconds` (>= 0), durably, and let what fell due run.

        Returns when every `on_advance` action is done and every sleeper that fell due has finished or sleeps again;
        the sleepers are waited for `settle_within_s` at most. Raises ValueError for a move backwards, OverflowError for
        one out of the calendar; then nothing has moved.
        """
        if seconds < 0:
            raise ValueError("time only moves forward")
        offset = self._offset + timedelta(milliseconds=round(seconds * 1000))
        if self.real_now() + offset > _LATEST:
            raise OverflowError("the calendar ends before that")
        self._move_to(offset)
        due = self._wake()
        await asyncio.sleep(0)
        for action in self._on_advance:
            await action()
        await self._settled(due)

    def _move_to(self, offset: timedelta) -> None:
        if self._store is not None:
            self._store.save_offset(offset)
        self._offset = offset

    def _wake(self) -> Set[asyncio.Task[Any]]:
        """Wake everybody: whose time has not come computes the rest of the wait anew. Returns those whose time has."""
        now = self.now()
        due = {task for at, task in self._asleep.values() if task is not None and at <= now}
        for woken in self._asleep:
            if not woken.done():
                woken.set_result(None)
        return due - {asyncio.current_task()}

    async def _settled(self, due: Set[asyncio.Task[Any]]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settle_within_s):
                while due:
                    due = {task for task in due if not task.done() and not self._sleeps(task)}
                    await asyncio.sleep(_LOOK_EVERY_S)

    def _sleeps(self, task: asyncio.Task[Any]) -> bool:
        now = self.now()
        return any(sleeper is task and at > now for at, sleeper in self._asleep.values())

    def _real_wait_s(self, left_s: float) -> float | None:
        return left_s


class ManualClock(LocalClock):
    """A clock that stands still: only `advance` moves it, and `boot_s` with it. For tests."""

    def __init__(self, start: datetime, *, scale: float = 1.0, settle_within_s: float = 0.2) -> None:
        super().__init__(scale=scale, real_now=lambda: start, settle_within_s=settle_within_s)

    def boot_s(self) -> float:
        return self.offset.total_seconds()

    def asleep(self) -> Sequence[tuple[datetime, asyncio.Task[Any] | None]]:
        """Who sleeps, and until when."""
        return tuple(self._asleep.values())

    def _real_wait_s(self, left_s: float) -> float | None:
        return None
