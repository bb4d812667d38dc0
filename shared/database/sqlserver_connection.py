"""A connection to SQL Server as the driver gives it: what we use of it, one batch on it, and a few of them kept."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from threading import Lock
from typing import Any, Final, Protocol

from shared.database.sqlserver_batch import READ_COMMITTED, SNAPSHOT, Batch
from shared.database.unit_of_work import DatabaseUnavailable, Row

# Texts kept prepared on one connection: the service has some twenty, and searches some more.
PREPARED_MAX: Final = 64

_SNAPSHOT_ALLOWED: Final = "SELECT snapshot_isolation_state FROM sys.databases WHERE database_id = DB_ID()"
_ON: Final = 1


class OdbcCursor(Protocol):
    """pyodbc's cursor, as far as it is used."""

    @property
    def description(self) -> Sequence[Sequence[Any]] | None: ...

    def execute(self, sql: str, *parameters: Any) -> Any: ...

    def setinputsizes(self, sizes: Any, /) -> Any: ...

    def fetchall(self) -> Sequence[Sequence[Any]]: ...

    def nextset(self) -> bool: ...

    def close(self) -> None: ...


class OdbcConnection(Protocol):
    """pyodbc's connection with autocommit on; `timeout` bounds each statement in seconds, 0 does not."""

    timeout: int

    def cursor(self) -> OdbcCursor: ...

    def close(self) -> None: ...


Connect = Callable[[], OdbcConnection]


def ask(connection: OdbcConnection, batch: Batch) -> list[list[Row]]:
    """
    Run `batch` once, on a cursor of its own: for what is asked rarely. See Kept.ask for the rest.

    Raises the driver's errors, or DatabaseUnavailable where other results came than were asked for.
    """
    cursor = connection.cursor()
    try:
        return _asked(cursor, batch.sql, batch)
    finally:
        _closed(cursor)


def _asked(cursor: OdbcCursor, text: str, batch: Batch) -> list[list[Row]]:
    """
    The rows of each query, once the last result is drained without an error.

    A batch that has given rows may still fail: the error of a later statement surfaces only at its `nextset`.
    """
    if batch.parameters:
        cursor.setinputsizes(batch.sizes)
        cursor.execute(text, batch.parameters)
    else:
        cursor.execute(text)
    results = _drained(cursor)
    if len(results) != batch.queries:
        raise DatabaseUnavailable(f"{len(results)} results came for {batch.queries} queries")
    return results


def _drained(cursor: OdbcCursor) -> list[list[Row]]:
    results: list[list[Row]] = []
    more = True
    while more:
        if cursor.description is not None:
            results.append(_rows(cursor, cursor.description))
        more = cursor.nextset()
    return results


def _rows(cursor: OdbcCursor, description: Sequence[Sequence[Any]]) -> list[Row]:
    """Plain tuples; a DATETIME2, which the driver makes a datetime, as the text that it was bound as."""
    times = [place for place, column in enumerate(description) if column[1] is datetime]
    rows = cursor.fetchall()
    if not times:
        return [tuple(row) for row in rows]
    return [_with_time_texts(row, times) for row in rows]


def _with_time_texts(row: Sequence[Any], times: Sequence[int]) -> Row:
    values = list(row)
    for place in times:
        if values[place] is not None:
            values[place] = values[place].isoformat(timespec="milliseconds")
    return tuple(values)


class Kept:
    """
    A connection of the pool. `reading_level` is the isolation in which several questions are asked on it.

    It keeps a cursor for each text. The driver prepares a text in the round trip that runs it, but unprepares it in one
    of its own when the cursor is closed: with a cursor for each batch, every batch would be two round trips.
    """

    def __init__(self, connection: OdbcConnection, opened_s: float, reading_level: str) -> None:
        self.connection, self.opened_s, self.reading_level = connection, opened_s, reading_level
        self._prepared: OrderedDict[str, tuple[str, OdbcCursor]] = OrderedDict()

    def ask(self, batch: Batch) -> list[list[Row]]:
        """`ask` with what is prepared here. Raises the same."""
        if not batch.parameters:
            return ask(self.connection, batch)
        # pyodbc knows a prepared text by its object, not by its letters.
        text, cursor = (
            self._prepared.pop(batch.sql) if batch.sql in self._prepared else (batch.sql, self.connection.cursor())
        )
        try:
            results = _asked(cursor, text, batch)
        except BaseException:
            _closed(cursor)
            raise
        self._prepared[text] = text, cursor
        if len(self._prepared) > PREPARED_MAX:
            _, (_, oldest) = self._prepared.popitem(last=False)
            _closed(oldest)
        return results


class Pool:
    """
    Open connections, for as many threads as borrow at once; it never waits, so its users bound it by their number.

    A borrowed connection belongs to its borrower alone. The latest returned is lent first, so that spare ones age out.
    """

    def __init__(self, connect: Connect, *, age_max_s: float, monotonic: Callable[[], float]) -> None:
        self.in_use = 0
        self._connect, self._age_max_s, self._monotonic = connect, age_max_s, monotonic
        self._idle: list[Kept] = []
        self._lock = Lock()

    def borrow(self) -> Kept:
        """One that works, as far as is known. Raises what `connect` raises."""
        with self._lock:
            self.in_use += 1
        try:
            return self._young() or self._opened()
        except BaseException:
            with self._lock:
                self.in_use -= 1
            raise

    def give_back(self, kept: Kept) -> None:
        with self._lock:
            self.in_use -= 1
            self._idle.append(kept)

    def drop(self, kept: Kept, *, others: bool) -> None:
        """Close a connection that is not to be trusted; with `others` all idle ones too: they met the same failure."""
        with self._lock:
            self.in_use -= 1
            doomed = [kept]
            if others:
                doomed += self._idle
                self._idle = []
        for each in doomed:
            _closed(each.connection)

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            idle, self._idle = self._idle, []
        for each in idle:
            _closed(each.connection)

    def _young(self) -> Kept | None:
        while True:
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            if kept is None or self._monotonic() - kept.opened_s < self._age_max_s:
                return kept
            _closed(kept.connection)

    def _opened(self) -> Kept:
        opened_s = self._monotonic()
        connection = self._connect()
        try:
            [[(state,)]] = ask(connection, Batch(_SNAPSHOT_ALLOWED, (), (), 1))
        except BaseException:
            _closed(connection)
            raise
        return Kept(connection, opened_s, SNAPSHOT if state == _ON else READ_COMMITTED)


def _closed(used: OdbcConnection | OdbcCursor) -> None:
    with suppress(Exception):  # it may be broken, and what was answered before stands
        used.close()
