"""The one reader of a SQLite file: a thread, for a report may read for seconds."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence

from shared.database.sqlite_group import Groups, Results, Unit, answer_all
from shared.database.sqlite_worker import Worker
from shared.database.unit_of_work import DatabaseUnavailable, Query


class Reader:
    """What has queued up is read in one transaction, from one snapshot."""

    def __init__(self, groups: Groups, *, group_max: int) -> None:
        self.groups = groups
        self.busy = False
        self._group_max = group_max
        self._waiting: deque[Unit] = deque()
        self._door = threading.Lock()
        self._worker = Worker("sqlite-reader", groups.let_go)
        self._closed = False

    async def submit(self, queries: Sequence[Query]) -> Results:
        """Queue a look and wait for it. Raises its error, or DatabaseUnavailable once closed."""
        unit = Unit((), queries, asyncio.get_running_loop().create_future(), [])
        with self._door:
            if self._closed:
                raise DatabaseUnavailable("closed")
            self._waiting.append(unit)
            self._worker.begin()
            if not self.busy:
                self.busy = True
                self._worker.put(self._perform)
        return await unit.answer()

    async def close(self) -> None:
        with self._door:
            if not self._closed and not self.busy:
                self._worker.end()
            self._closed = True
        await self._worker.ended()

    def _perform(self) -> None:
        with self._door:
            group = [self._waiting.popleft() for _ in range(min(self._group_max, len(self._waiting)))]
        try:
            self.groups.begin()
            self.groups.attempt_each(group)
            self.groups.commit(group)
        except Exception as error:  # whatever it was: nobody may be left waiting, and the thread goes on
            self.groups.fail(group, error)
        with self._door:
            self.busy = bool(self._waiting)
            if self.busy:
                self._worker.put(self._perform)
            elif self._closed:
                self._worker.end()
        answer_all(group)
