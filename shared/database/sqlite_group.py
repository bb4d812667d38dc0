"""Units of one commit on one SQLite connection: each is stored whole or not at all, and all by the same flush."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from shared.database.sqlite_connection import is_busy, named, unavailable
from shared.database.unit_of_work import DatabaseError, GuardFailed, Query, Row, Statement

# What follows each takes the loop about half a millisecond, while refusals and the answers of Chase wait.
_ANSWERED_IN_A_TURN: Final = 16

# Statements about one row each: together still less than a millisecond.
_MANY: Final = 32

Results = list[list[Row]]


@dataclass(slots=True, eq=False)
class Unit:
    """Work on its way to the database, and where its results go."""

    statements: Sequence[Statement]
    queries: Sequence[Query]
    done: asyncio.Future[None]
    results: Results
    error: DatabaseError | None = None

    @property
    def is_lengthy(self) -> bool:
        return len(self.statements) > _MANY or any(statement.lengthy for statement in self.statements)

    async def answer(self) -> Results:
        """Raises the unit's error here and not through the future: nobody hears of one whose awaiter was cancelled."""
        await self.done
        if self.error is not None:
            raise self.error
        return self.results


class Groups:
    """
    One connection, opened when it is needed; `begin` is how its transactions begin.

    Belongs to one thread at a time. Counters are written before anybody is answered.
    """

    def __init__(self, opened: Callable[[], sqlite3.Connection], begin: str, constraints: Mapping[str, str]) -> None:
        self.answered = self.stored = self.flushed = 0
        self._opened, self._begin, self._constraints = opened, begin, constraints
        self._db: sqlite3.Connection | None = None

    @property
    def is_open(self) -> bool:
        return self._db is not None

    def begun_at_once(self) -> bool:
        """Begin on the open connection, whose `busy_timeout` is 0; False where that would wait for another process."""
        assert self._db is not None, "open"
        try:
            self._db.execute(self._begin)
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            return False
        return True

    def begin(self) -> None:
        """Open where that is needed; the connection's own `busy_timeout` stands."""
        self._db = self._db or self._opened()
        self._db.execute(self._begin)

    def begin_within(self, wait_s: float) -> None:
        """Open where that is needed; wait so long for another process. Afterwards `busy_timeout` is 0."""
        self._db = self._db or self._opened()
        self._db.execute(f"PRAGMA busy_timeout={int(1000 * wait_s)}")
        try:
            self._db.execute(self._begin)
        finally:
            self._db.execute("PRAGMA busy_timeout=0")

    def done_together(self, group: Sequence[Unit]) -> bool:
        """All of them, or, where one is refused, nothing of any: it is not known yet which of them stand."""
        assert self._db is not None, "begun"
        cursor = self._db.cursor()
        try:
            for unit in group:
                _execute(cursor, unit)
        except Exception:
            self._db.rollback()
            return False
        return True

    def attempt_each(self, group: Sequence[Unit]) -> None:
        """What comes of each is in it. Raises where the group's transaction went with one (full disk, I/O error)."""
        assert self._db is not None, "begun"
        cursor = self._db.cursor()
        for unit in group:
            unit.results.clear()
            self._attempt(cursor, unit)

    def commit(self, group: Sequence[Unit]) -> None:
        """The flush."""
        assert self._db is not None, "begun"
        self._db.execute("COMMIT")
        self.flushed += 1
        self.stored += sum(unit.error is None for unit in group)
        self.answered += len(group)

    def fail(self, group: Sequence[Unit], error: Exception) -> None:
        """Nothing of `group` is stored, as far as we know. The next group opens anew: it meets nothing half done."""
        for unit in group:
            unit.error = unavailable(error)
        self.answered += len(group)
        self.let_go()

    def let_go(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.rollback()
            db.close()

    def _attempt(self, cursor: sqlite3.Cursor, unit: Unit) -> None:
        cursor.execute("SAVEPOINT unit")
        try:
            _execute(cursor, unit)
        except Exception as error:
            if not cursor.connection.in_transaction:
                raise
            unit.error = named(error, self._constraints)
            cursor.execute("ROLLBACK TO unit")
        cursor.execute("RELEASE unit")


def _execute(cursor: sqlite3.Cursor, unit: Unit) -> None:
    for statement in unit.statements:
        affected = cursor.execute(statement.sql, statement.parameters).rowcount
        if affected != statement.rows and statement.rows is not None:
            raise GuardFailed(statement.guard)
    for query in unit.queries:
        unit.results.append(cursor.execute(query.sql, query.parameters).fetchall())


def answer_all(group: Iterable[Unit]) -> None:
    """Hand each loop all its answers in one call: waking a loop costs more than an answer does."""
    loops: dict[asyncio.AbstractEventLoop, deque[Unit]] = {}
    for unit in group:
        loops.setdefault(unit.done.get_loop(), deque()).append(unit)
    for loop, units in loops.items():
        with suppress(RuntimeError):  # that loop is closed: nobody is waiting any more
            loop.call_soon_threadsafe(_resolve, loop, units)


def _resolve(loop: asyncio.AbstractEventLoop, units: deque[Unit]) -> None:
    """A few in one turn of the loop: whoever comes meanwhile is not behind what a whole group does next."""
    for _ in range(min(_ANSWERED_IN_A_TURN, len(units))):
        unit = units.popleft()
        if not unit.done.done():  # else its awaiter was cancelled
            unit.done.set_result(None)
    if units:
        loop.call_soon(_resolve, loop, units)
