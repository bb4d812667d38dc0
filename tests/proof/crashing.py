"""
Ports that die at the n-th call, before or after it: for good, for a while, or with their process.

`abandoned`: the call never returns, nothing of the process ever runs again, no coroutine of it is closed before the
verdict. `frozen`: the same, until it is thawed, when others have long gone on. `exit`: the process ends (os._exit).
Calls of one process are made one after the other, so that a schedule is the same every time.
"""

import asyncio
import inspect
import os
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

EXIT_CODE: Final = 137


class Fate(StrEnum):
    ABANDONED = "abandoned"
    FROZEN = "frozen"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Point:
    """The `number`-th call of a port, counted from 1; `after` it was made, or before."""

    number: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'}-{self.number}"

    @classmethod
    def read(cls, text: str) -> "Point":
        when, _, number = text.partition("-")
        return cls(int(number), when == "after")


class Gate:
    """Counts the calls of one process, and ends it at its point. `dead` is set then; `buried` ends what is left."""

    def __init__(self, point: Point | None = None, fate: Fate = Fate.ABANDONED) -> None:
        self._point, self._fate, self._last_call = point, fate, ""
        self.calls: list[str] = []
        self.dead, self.thawed = asyncio.Event(), asyncio.Event()
        self.died_at = ""
        self._buried = False
        self._one_at_a_time = asyncio.Lock()
        self._at_work: asyncio.Task[Any] | None = None

    @classmethod
    def that_dies_after(cls, name: str) -> "Gate":
        """As soon as the port call of that name is made."""
        gate = cls()
        gate._last_call = name
        return gate

    def bury(self) -> None:
        """From now on nothing of it hangs: what is still there is cancelled, and may do nothing more."""
        self._buried = True

    def thaw(self) -> None:
        self._point = None
        self.dead.clear()
        self.thawed.set()

    async def call(self, name: str, made: Any) -> Any:
        if self._at_work is asyncio.current_task():
            # One port that calls another: an anchor is stored while it is read.
            return await self._made(name, made)
        async with self._one_at_a_time:
            self._at_work = asyncio.current_task()
            try:
                return await self._made(name, made)
            finally:
                self._at_work = None

    def call_now(self, name: str, made: Any) -> Any:
        """One that does not wait: where it cannot hang, the next one does."""
        if self._buried:
            raise asyncio.CancelledError
        number = self._counted(name)
        self._dies_soon(number, after=False)
        try:
            return made()
        finally:
            self._dies_soon(number, after=True)

    async def _made(self, name: str, made: Any) -> Any:
        await self.alive()
        number = self._counted(name)
        await self._maybe_dies(number, after=False)
        try:
            return await made()
        finally:
            # What the call raised is an answer too, and one may die with it in hand.
            await self._maybe_dies(number, after=True)

    async def alive(self) -> None:
        """Returns to the living alone."""
        if self._buried:
            raise asyncio.CancelledError
        if self.dead.is_set():
            await self.thawed.wait()
            if self._buried:
                raise asyncio.CancelledError

    def _counted(self, name: str) -> int:
        self.calls.append(name)
        return len(self.calls)

    async def _maybe_dies(self, number: int, *, after: bool) -> None:
        self._dies_soon(number, after=after)
        await self.alive()

    def _dies_soon(self, number: int, *, after: bool) -> None:
        if self._point != Point(number, after) and not (after and self.calls[number - 1] == self._last_call):
            return
        if self._fate is Fate.EXIT:
            os._exit(EXIT_CODE)
        self.died_at = f"{'after' if after else 'before'} {self.calls[number - 1]}"
        self.dead.set()


class Gated:
    """A port behind a gate: each of its methods is a point."""

    def __init__(self, port: Any, gate: Gate, name: str) -> None:
        self._port, self._gate, self._name = port, gate, name

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not callable(found):
            return found
        name = f"{self._name}.{method}"
        if inspect.iscoroutinefunction(found):
            return partial(self._awaited, name, found)
        return partial(self._called, name, found)

    async def _awaited(self, name: str, found: Any, /, *values: Any, **named: Any) -> Any:
        return await self._gate.call(name, lambda: found(*values, **named))

    def _called(self, name: str, found: Any, /, *values: Any, **named: Any) -> Any:
        return self._gate.call_now(name, lambda: found(*values, **named))


class GatedClock:
    """The clock behind a gate: no point, but who is dead sleeps for ever."""

    def __init__(self, clock: Any, gate: Gate) -> None:
        self._clock, self._gate = clock, gate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)

    async def sleep_until(self, at: Any) -> None:
        await self._clock.sleep_until(at)
        await self._gate.alive()
