"""
The embedded engine: one SQLite file, one thread that writes, one that reads.

A flush costs the same for one unit as for many, so the units that queued up during one flush share the next (group
commit): no timer, no wait. Each has a savepoint of its own, and is answered only after its commit returned.
Foreign keys are to be immediate: a deferred one is judged at the COMMIT that a unit shares with its neighbours.
"""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from shared.database.sqlite_connection import BUSY_TIMEOUT_S, named, open_connection, unavailable
from shared.database.unit_of_work import DatabaseError, DatabaseUnavailable, GuardFailed, Query, Row, Statement

# Bounds how long one group holds the file's write lock: a few milliseconds.
GROUP_MAX: Final = 256

# Unlike `SELECT 1`, this reads the file.
_PING: Final = Query("SELECT name FROM sqlite_master LIMIT 1")

# What follows each takes the loop about half a millisecond, while refusals and the answers of Chase wait.
_ANSWERED_IN_A_TURN: Final = 16

Results = list[list[Row]]


class SqliteEngine:
    """
    An Engine (see unit_of_work.py) on the file at `path`, opened on first use.

    `constraints` maps SQLite's "table.column, table.column" to the name that UniqueViolation carries.
    Several processes may share the file; each waits at most `busy_timeout_s` for the other's group.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        constraints: Mapping[str, str],
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        group_max: int = GROUP_MAX,
    ) -> None:
        def open_for(pragma: str) -> Callable[[], sqlite3.Connection]:
            def opened() -> sqlite3.Connection:
                db = open_connection(path, busy_timeout_s=busy_timeout_s)
                db.execute(pragma)
                return db

            return opened

        self._writer = _Lane(
            "sqlite-writer", open_for("PRAGMA query_only=OFF"), "BEGIN IMMEDIATE", group_max, constraints
        )
        self._reader = _Lane(
            "sqlite-reader", open_for("PRAGMA query_only=ON"), "BEGIN DEFERRED", group_max, constraints
        )

    async def run(self, statements: Sequence[Statement], *answers: Query) -> list[list[Row]]:
        return await self._writer.submit(statements, answers)

    async def read(self, queries: Sequence[Query]) -> list[list[Row]]:
        return await self._reader.submit((), queries)

    async def ping(self) -> None:
        await self._reader.submit((), (_PING,))

    async def close(self) -> None:
        # The writer last: the last connection of all folds the WAL into the file.
        await self._reader.close()
        await self._writer.close()

    @property
    def round_trips(self) -> int:
        return self._writer.answered + self._reader.answered

    @property
    def commits(self) -> int:
        return self._writer.stored

    @property
    def flushes(self) -> int:
        """COMMITs made: fewer than `commits` wherever units shared one."""
        return self._writer.groups

    @property
    def connections_in_use(self) -> int:
        return self._writer.busy + self._reader.busy


@dataclass(slots=True, eq=False)
class _Unit:
    """Work on its way through a lane, and where its results go."""

    statements: Sequence[Statement]
    queries: Sequence[Query]
    done: asyncio.Future[None]
    results: Results
    error: DatabaseError | None = None


class _Lane:
    """One thread with one connection. Counters are written by that thread alone, before anybody is answered."""

    def __init__(
        self,
        name: str,
        opened: Callable[[], sqlite3.Connection],
        begin: str,
        group_max: int,
        constraints: Mapping[str, str],
    ) -> None:
        self.answered = self.stored = self.groups = 0
        self.busy = False
        self._name, self._opened, self._begin = name, opened, begin
        self._group_max, self._constraints = group_max, constraints
        self._queue: SimpleQueue[_Unit | None] = SimpleQueue()  # None: no more will follow
        self._door = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._db: sqlite3.Connection | None = None

    async def submit(self, statements: Sequence[Statement], queries: Sequence[Query]) -> Results:
        """Queue a unit and wait for it. Raises its error, or DatabaseUnavailable once closed."""
        unit = _Unit(statements, queries, asyncio.get_running_loop().create_future(), [])
        with self._door:
            if self._closed:
                raise DatabaseUnavailable("closed")
            self._queue.put(unit)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        await unit.done
        # Raised here and not through the future: nobody hears of an error whose awaiter was cancelled.
        if unit.error is not None:
            raise unit.error
        return unit.results

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
            self.answered += len(group)
            self.busy = False
            _answer(group)
        self._let_go()

    def _next_group(self) -> list[_Unit]:
        """What has queued up, at least one unit; none once closed and drained."""
        group: list[_Unit] = []
        while not group or (len(group) < self._group_max and not self._queue.empty()):
            unit = self._queue.get()
            if unit is None:
                self._queue.put(None)  # nothing can follow it, so the next look finds it again
                break
            group.append(unit)
        return group

    def _perform(self, group: list[_Unit]) -> None:
        try:
            self._db = self._db or self._opened()
            cursor = self._db.cursor()
            cursor.execute(self._begin)
            for unit in group:
                self._attempt(cursor, unit)
            cursor.execute("COMMIT")
        except Exception as error:  # whatever it was: nobody may be left waiting, and the thread goes on
            for unit in group:
                unit.error = unavailable(error)
            self._let_go()
        else:
            self.groups += 1
            self.stored += sum(unit.error is None for unit in group)

    def _attempt(self, cursor: sqlite3.Cursor, unit: _Unit) -> None:
        """Do one unit, or nothing of it. Raises where the group's transaction went with it (full disk, I/O error)."""
        cursor.execute("SAVEPOINT unit")
        try:
            _execute(cursor, unit)
        except Exception as error:
            if not cursor.connection.in_transaction:
                raise
            unit.error = named(error, self._constraints)
            cursor.execute("ROLLBACK TO unit")
        cursor.execute("RELEASE unit")

    def _let_go(self) -> None:
        """Close the connection, so that no half-done transaction is met by the next group: it opens a new one."""
        db, self._db = self._db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.rollback()
            db.close()


def _execute(cursor: sqlite3.Cursor, unit: _Unit) -> None:
    for statement in unit.statements:
        affected = cursor.execute(statement.sql, statement.parameters).rowcount
        if affected != statement.rows and statement.rows is not None:
            raise GuardFailed(statement.guard)
    for query in unit.queries:
        unit.results.append(cursor.execute(query.sql, query.parameters).fetchall())


def _answer(group: Iterable[_Unit]) -> None:
    """Hand each loop all its answers in one call: waking a loop costs more than an answer does."""
    loops: dict[asyncio.AbstractEventLoop, deque[_Unit]] = {}
    for unit in group:
        loops.setdefault(unit.done.get_loop(), deque()).append(unit)
    for loop, units in loops.items():
        with suppress(RuntimeError):  # that loop is closed: nobody is waiting any more
            loop.call_soon_threadsafe(_resolve, loop, units)


def _resolve(loop: asyncio.AbstractEventLoop, units: deque[_Unit]) -> None:
    """A few in one turn of the loop: whoever comes meanwhile is not behind what a whole group does next."""
    for _ in range(min(_ANSWERED_IN_A_TURN, len(units))):
        unit = units.popleft()
        if not unit.done.done():  # else its awaiter was cancelled
            unit.done.set_result(None)
    if units:
        loop.call_soon(_resolve, loop, units)
