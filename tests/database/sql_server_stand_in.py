"""
A driver's connection for tests: takes the engine's T-SQL batches, and carries them out on a SQLite file.

It knows the batches' frame, our portable statements and SQL Server's error texts, and no other T-SQL: it proves what
the engine makes of a server, never that a server would take the text.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MARK = re.compile(r"'(?:[^']|'')*'|(\?)")
GUARD = re.compile(r"IF @@ROWCOUNT <> (\d+) THROW (\d+), 'guard', 1")
DRIVER = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"
REST = "Cannot insert duplicate key in object 'dbo.t'. The duplicate key value is (ctp, 'index' (1205) (SQLExecute))."


class DriverError(Exception):
    """pyodbc.Error, as far as its shape goes: the server's are (sqlstate, text)."""


def server_error(sqlstate: str, text: str, number: int, function: str = "SQLExecDirectW") -> DriverError:
    return DriverError(sqlstate, f"[{sqlstate}] {DRIVER}{text} ({number}) ({function})")


def lost() -> DriverError:
    text = "[08S01] [Microsoft][ODBC Driver 18 for SQL Server]TCP Provider: Error code 0x68 (104) (SQLExecDirectW)"
    return DriverError("08S01", text)


class StandIn:
    """`names` gives the constraint's name for SQLite's "table.column, table.column"."""

    def __init__(self, path: Path, names: Mapping[str, str]) -> None:
        self.path, self.names = path, names

    def connect(self) -> "StandInConnection":
        return StandInConnection(self)


class StandInConnection:
    def __init__(self, server: StandIn) -> None:
        self.timeout = 0
        self.server = server
        self.db = sqlite3.connect(server.path, timeout=30, isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA foreign_keys=ON")

    def cursor(self) -> "StandInCursor":
        return StandInCursor(self)

    def close(self) -> None:
        self.db.close()  # what was begun and not committed is gone


class StandInCursor:
    def __init__(self, connection: StandInConnection) -> None:
        self._db, self._names = connection.db, connection.server.names
        self._results: list[list[tuple[Any, ...]]] = []
        self._error: DriverError | None = None

    @property
    def description(self) -> Sequence[Sequence[Any]] | None:
        return [("column", str)] if self._results else None

    def setinputsizes(self, sizes: Any) -> None:
        self._sizes = sizes

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        if sql.startswith("SELECT snapshot_isolation_state"):
            self._results = [[(1,)]]
            return
        try:
            self._run(sql.replace("TOP (1) name FROM sys.objects", "name FROM sqlite_master LIMIT 1"), iter(parameters))
        except sqlite3.Error as error:
            self._error = self._as_server(error)
        except DriverError as error:
            self._error = error
        if self._error is not None and self._db.in_transaction:
            self._db.rollback()
        if not self._results:
            self._raise_late()

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._results[0]

    def nextset(self) -> bool:
        """An error after rows surfaces here, and nowhere before."""
        del self._results[:1]
        if not self._results:
            self._raise_late()
        return bool(self._results)

    def close(self) -> None:
        self._results = []

    def _raise_late(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _run(self, sql: str, values: Iterator[Any]) -> None:
        affected = 0
        for statement in filter(None, map(str.strip, re.split(r";\s*(?:\n|$|(?=SET |CREATE |DROP ))", sql))):
            guard = GUARD.fullmatch(statement)
            if guard and affected != int(guard[1]):
                raise server_error("42000", "guard", int(guard[2]))
            if statement.startswith("SELECT"):
                self._results.append(self._db.execute(statement, _taken(statement, values)).fetchall())
            elif statement in ("BEGIN TRAN", "COMMIT"):
                self._db.execute("BEGIN IMMEDIATE" if statement == "BEGIN TRAN" else "COMMIT")
            elif not guard and not statement.startswith("SET "):
                affected = self._db.execute(statement, _taken(statement, values)).rowcount

    def _as_server(self, error: sqlite3.Error) -> DriverError:
        text = str(error)
        kind, _, rule = text.partition(": ")
        if kind == "UNIQUE constraint failed":
            name = self._names.get(rule, rule)
            filtered = f"Cannot insert duplicate key row in object 'dbo.t' with unique index '{name}'. {REST}"
            whole = f"Violation of UNIQUE KEY constraint '{name}'. {REST}"
            return server_error("23000", *((filtered, 2601) if "open_bill" in name else (whole, 2627)))
        if "constraint failed" in kind:
            return server_error("23000", f'The INSERT statement conflicted with the constraint "{rule}".', 547)
        if text.startswith("no such table"):
            return server_error("42S02", f"Invalid object name '{rule}'.", 208)
        if text.startswith("no such column"):
            return server_error("42S22", f"Invalid column name '{rule}'.", 207)
        return server_error("42000", text, 50001)


def _taken(statement: str, values: Iterator[Any]) -> list[Any]:
    return [next(values) for found in MARK.finditer(statement) if found[1]]
