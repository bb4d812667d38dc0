"""The one reader of a SQLite file: a thread, for a report may read for seconds."""

import asyncio
import threading
from collections.abc import Sequence
from queue import SimpleQueue

from shared.database.sqlite_group import Groups, Results, Unit, answer_all
from shared.database.unit_of_work import DatabaseUnavailable, Query


class Reader:
    """What has queued up is read in one transaction, from one snapshot."""

    def __init__(self, groups: Groups, *, group_max: int) -> None:
        self.groups = groups
        self.busy = False
        self._group_max = group_max
        self._queue: SimpleQueue[Unit | None] = SimpleQueue()  # None: no more will follow
        self._door = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def submit(self, queries: Sequence[Query]) -> Results:
        """Queue a look and wait for it. Raises its error, or DatabaseUnavailable once closed."""
        unit = Unit((), queries, asyncio.get_running_loop().create_future(), [])
        with self._door:
            if self._closed:
                raise DatabaseUnavailable("closed")
            self._queue.put(unit)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="sqlite-reader", daemon=True)
                self._thread.start()
        return await unit.answer()

    async def close(self) -> None:
        with self._door:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
            thread = self._thread
        if thread is not None:
            await asyncio.to_thread(thread.join)

    def _work(self) -> None:
        while group := self._next_group():
            self.busy = True
            self._perform(group)
            self.busy = False
            answer_all(group)
        self.groups.let_go()

    def _next_group(self) -> list[Unit]:
        """What has queued up, at least one unit; none once closed and drained."""
        group: list[Unit] = []
        while not group or (len(group) < self._group_max and not self._queue.empty()):
            unit = self._queue.get()
            if unit is None:
                self._queue.put(None)  # nothing can follow it, so the next look finds it again
                break
            group.append(unit)
        return group

    def _perform(self, group: list[Unit]) -> None:
        try:
            self.groups.begin()
            self.groups.attempt_each(group)
            self.groups.commit(group)
        except Exception as error:  # whatever it was: nobody may be left waiting, and the thread goes on
            self.groups.fail(group, error)
