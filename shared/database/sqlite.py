"""
The embedded engine: one SQLite file, one connection that writes, one that reads.

A flush costs the same for one unit as for many, so the units that queued up during one flush share the next (group
commit): no timer, no wait. Each is stored whole or not at all, and is answered only after its commit returned.
Foreign keys are to be immediate: a deferred one is judged at the COMMIT that a unit shares with its neighbours.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from shared.database.sqlite_connection import BUSY_TIMEOUT_S, open_connection
from shared.database.sqlite_group import Groups
from shared.database.sqlite_reader import Reader
from shared.database.sqlite_writer import Writer
from shared.database.unit_of_work import Query, Row, Statement

# Bounds how long one group holds the file's write lock: a few milliseconds.
GROUP_MAX: Final = 256

# Unlike `SELECT 1`, this reads the file.
_PING: Final = Query("SELECT name FROM sqlite_master LIMIT 1")


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
        def groups(begin: str, query_only: str) -> Groups:
            def opened() -> sqlite3.Connection:
                db = open_connection(path, busy_timeout_s=busy_timeout_s, one_thread=False)
                db.execute(f"PRAGMA query_only={query_only}")
                return db

            return Groups(opened, begin, constraints)

        writing = groups("BEGIN IMMEDIATE", "OFF")
        self._writer = Writer(writing, group_max=group_max, busy_timeout_s=busy_timeout_s)
        self._reader = Reader(groups("BEGIN DEFERRED", "ON"), group_max=group_max)

    async def run(self, statements: Sequence[Statement], *answers: Query) -> list[list[Row]]:
        return await self._writer.submit(statements, answers)

    async def read(self, queries: Sequence[Query]) -> list[list[Row]]:
        return await self._reader.submit(queries)

    async def ping(self) -> None:
        await self._reader.submit((_PING,))

    async def close(self) -> None:
        # The writer last: the last connection of all folds the WAL into the file.
        await self._reader.close()
        await self._writer.close()

    @property
    def round_trips(self) -> int:
        return self._writer.groups.answered + self._reader.groups.answered

    @property
    def commits(self) -> int:
        return self._writer.groups.stored

    @property
    def flushes(self) -> int:
        """COMMITs made: fewer than `commits` wherever units shared one."""
        return self._writer.groups.flushed

    @property
    def connections_in_use(self) -> int:
        return self._writer.busy + self._reader.busy
