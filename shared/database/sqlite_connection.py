"""How a SQLite file is opened, and how its errors are named."""

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from shared.database.unit_of_work import DatabaseError, DatabaseUnavailable, StatementFailed, UniqueViolation

BUSY_TIMEOUT_S: Final = 30.0

# A unit has some ten texts; all units of the service together stay well below this.
_STATEMENTS_CACHED: Final = 256
# Between two attempts at a lock for which SQLite's own busy handler does not wait.
_RETRY_LOCK_S: Final = 0.005

_PRIMARY_CODE: Final = 0xFF
_UNIQUE: Final = frozenset(
    {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID}
)
_UNAVAILABLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
# SQLite quotes values in some of its texts (a wrong JSON path, say): only texts that name schema or SQL are repeated.
_NAMES_NO_VALUE: Final = ("no such ", "near ", "table ")


def open_connection(
    path: Path | str,
    *,
    busy_timeout_s: float = BUSY_TIMEOUT_S,
    foreign_keys: bool = True,
    one_thread: bool = True,
) -> sqlite3.Connection:
    """
    A connection that is durable (WAL, every commit flushed) and begins no transaction by itself.

    Belongs to the thread that opened it, or with `one_thread` False to one thread at a time. Raises sqlite3.Error, or
    DatabaseUnavailable where the file cannot have a WAL.
    """
    db = sqlite3.connect(
        path,
        timeout=busy_timeout_s,
        isolation_level=None,
        cached_statements=_STATEMENTS_CACHED,
        check_same_thread=one_thread,
    )
    try:
        _write_ahead(db, busy_timeout_s)
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
    except BaseException:
        db.close()
        raise
    return db


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection held a lock that was needed."""
    return error.sqlite_errorcode & _PRIMARY_CODE == sqlite3.SQLITE_BUSY


def named(error: Exception, constraints: Mapping[str, str]) -> DatabaseError:
    """`error` in our words and without its values; `constraints` maps "table.column, table.column" to a rule's name."""
    if isinstance(error, DatabaseError):
        return error.with_traceback(None)
    code = getattr(error, "sqlite_errorcode", 0)
    if code in _UNIQUE:
        columns = str(error).partition(": ")[2]
        return UniqueViolation(constraints.get(columns, columns))
    if code & _PRIMARY_CODE in _UNAVAILABLE:
        return unavailable(error)
    return StatementFailed(_told(error, code))


def unavailable(error: Exception) -> DatabaseUnavailable:
    """`error` as the reason why the database could not be asked; a new one each time: each gets its own traceback."""
    return DatabaseUnavailable(_told(error, getattr(error, "sqlite_errorcode", 0)))


def _told(error: Exception, code: int) -> str:
    if isinstance(error, DatabaseError):
        return str(error)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    text = str(error)
    names_no_value = code & _PRIMARY_CODE == sqlite3.SQLITE_CONSTRAINT or text.startswith(_NAMES_NO_VALUE)
    return f"{name}: {text}" if code and names_no_value else name


def _write_ahead(db: sqlite3.Connection, busy_timeout_s: float) -> None:
    """Where several open a new file at once, all but one are told "busy" at once, whatever the busy time-out is."""
    give_up_at = time.monotonic() + busy_timeout_s
    while True:
        try:
            (mode,) = db.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(_RETRY_LOCK_S)
        else:
            break
    if mode != "wal":
        raise DatabaseUnavailable(f"the file's journal is {mode}, not wal: put it on a local disk")
