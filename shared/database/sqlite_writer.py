"""
The one writer of a SQLite file: statements on the loop that asks, the flush in a thread.

Statements take microseconds, and less than handing them over would: a thread that needs the interpreter at each of
them waits for the loop as often. Whatever may take longer is the thread's, whole: to open the file, to wait for another
process, statements about many rows, and a group of which one unit is refused. Only there has each unit a
savepoint of its own: it costs as much as the statements do, for SQLite copies each page that a savepoint may want back.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from functools import partial

from shared.database.sqlite_group import Groups, Results, Unit, answer_all
from shared.database.sqlite_worker import Worker
from shared.database.unit_of_work import DatabaseUnavailable, Query, Statement


class Writer:
    """Whatever queues up during one flush is the next group (group commit): no timer, no wait."""

    def __init__(self, groups: Groups, *, group_max: int, busy_timeout_s: float) -> None:
        self.groups = groups
        self.busy = False
        self._group_max, self._busy_timeout_s = group_max, busy_timeout_s
        self._waiting: deque[Unit] = deque()
        self._door = threading.Lock()
        self._worker = Worker("sqlite-writer", groups.let_go)
        self._closed = False
        # The loop that will begin the next group, until it does.
        self._promised_by: asyncio.AbstractEventLoop | None = None

    async def submit(self, statements: Sequence[Statement], queries: Sequence[Query]) -> Results:
        """Queue a unit and wait for it. Raises its error, or DatabaseUnavailable once closed."""
        loop = asyncio.get_running_loop()
        unit = Unit(statements, queries, loop.create_future(), [])
        with self._door:
            if self._closed:
                raise DatabaseUnavailable("closed")
            self._waiting.append(unit)
            self._worker.begin()
            if not self.busy or self._is_forgotten():
                # Not at once: others of this turn of the loop share the flush.
                self.busy, self._promised_by = True, loop
                loop.call_soon(self._begin)
        return await unit.answer()

    async def close(self) -> None:
        with self._door:
            if not self._closed and not self.busy:
                self._worker.end()
            self._closed = True
            if self._is_forgotten():
                self._worker.put(partial(self._perform, self._next_group()))
        await self._worker.ended()

    def _begin(self) -> None:
        """On the loop: the statements of the next group. Its flush follows in the thread."""
        with self._door:
            group = self._next_group()
        try:
            is_done = self._is_short(group) and self.groups.begun_at_once() and self.groups.done_together(group)
        except Exception as error:  # whatever it was: nobody may be left waiting
            self._worker.put(partial(self._fail, group, error))
        else:
            self._worker.put(partial(self._flush if is_done else self._perform, group))

    def _is_short(self, group: list[Unit]) -> bool:
        return self.groups.is_open and not any(unit.is_lengthy for unit in group)

    def _next_group(self) -> list[Unit]:
        """Behind the door."""
        self._promised_by = None
        return [self._waiting.popleft() for _ in range(min(self._group_max, len(self._waiting)))]

    def _is_forgotten(self) -> bool:
        """The loop that had promised to begin was closed before it did."""
        return self._promised_by is not None and self._promised_by.is_closed()

    def _perform(self, group: list[Unit]) -> None:
        try:
            self.groups.begin_within(self._busy_timeout_s)
            self.groups.attempt_each(group)
        except Exception as error:  # whatever it was: nobody may be left waiting, and the thread goes on
            self._fail(group, error)
        else:
            self._flush(group)

    def _flush(self, group: list[Unit]) -> None:
        try:
            self.groups.commit(group)
        except Exception as error:
            self._fail(group, error)
        else:
            self._go_on(group)

    def _fail(self, group: list[Unit], error: Exception) -> None:
        self.groups.fail(group, error)
        self._go_on(group)

    def _go_on(self, group: list[Unit]) -> None:
        """Answer `group`, and have the next begun."""
        with self._door:
            more = self.busy = bool(self._waiting)
            if self._closed and not more:
                self._worker.end()
        answer_all(group)
        if more:
            self._have_begun()

    def _have_begun(self) -> None:
        with self._door:
            loop = self._waiting[0].done.get_loop()
            try:
                loop.call_soon_threadsafe(self._begin)
                self._promised_by = loop
            except RuntimeError:
                # That loop is closed: its units are done all the same, though nobody hears of them.
                self._worker.put(partial(self._perform, self._next_group()))
