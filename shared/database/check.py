"""
`python -m shared.database.check`: is the database there, and does it enforce what it must?

Applies the migrations, reads the catalog, and holds it against the schema that the migrations make. What it prints
names tables and rules, never a row. Exit 1 where something is missing, 2 where it could not be asked.
"""

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from shared.database.migrations import MigrationFailed, MigrationRefused, migrate_sqlite
from shared.database.schema_facts import SQLITE_CATALOG, SQLSERVER_CATALOG, Fact, sqlite_facts, sqlserver_facts
from shared.database.sqlite import SqliteEngine
from shared.database.sqlserver import SqlServerEngine
from shared.database.sqlserver_login import Credential, odbc_login
from shared.database.sqlserver_migrations import migrate_sqlserver
from shared.database.unit_of_work import DatabaseError, Engine, Query
from shared.payments.secret import Secret

MIGRATIONS: Final = Path(__file__).parent / "migrations"

_USAGE: Final = "nothing to check: set SQL_CONNECTION_STRING (SQL Server), or SQLITE_PATH (the embedded database)\n"
_JOURNAL: Final = Query("PRAGMA journal_mode")
_VERSION: Final = Query("SELECT sqlite_version()")
_DATABASE: Final = Query(
    "SELECT is_read_committed_snapshot_on, snapshot_isolation_state,"
    " CAST(SESSIONPROPERTY('QUOTED_IDENTIFIER') AS INT), CAST(SERVERPROPERTY('ProductVersion') AS NVARCHAR(40))"
    " FROM sys.databases WHERE database_id = DB_ID()"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: `there` is False where it is missing."""

    there: bool
    what: str


async def check_sqlite(engine: Engine) -> list[Finding]:
    """Whether the embedded database that `engine` opens has what its migrations make."""
    *catalog, [(mode,)], [(version,)] = await engine.read((*SQLITE_CATALOG, _JOURNAL, _VERSION))
    return [
        Finding(True, f"engine SQLite {version}"),
        Finding(mode == "wal", "journal written ahead"),
        *held_against(await planned(), sqlite_facts(*catalog)),
    ]


async def check_sqlserver(engine: Engine) -> list[Finding]:
    """Whether the database that `engine` opens has what the migrations make, and is set as our batches need it."""
    # One by one, and not as a read: the catalog spans databases, and a snapshot is one database's.
    *catalog, [database] = [(await engine.run([], query))[0] for query in (*SQLSERVER_CATALOG, _DATABASE)]
    committed_snapshot, snapshot, quoted, version = database
    expected = await planned()
    ours = {fact.table for fact in expected}
    loose = [
        Finding(False, f"binary collation {table} {name}")
        for table, name, _, collation in catalog[0]
        if table in ours and collation and not collation.upper().endswith("BIN2")
    ]
    return [
        Finding(True, f"engine SQL Server {version}"),
        Finding(bool(committed_snapshot), "database READ_COMMITTED_SNAPSHOT ON"),
        Finding(snapshot == 1, "database ALLOW_SNAPSHOT_ISOLATION ON"),
        Finding(quoted == 1, "session QUOTED_IDENTIFIER ON"),
        *loose,
        *held_against(expected, sqlserver_facts(*catalog)),
    ]


def held_against(expected: Iterable[Fact], found: Container[Fact]) -> list[Finding]:
    """A finding for each expected fact; a table's columns are one as long as all are there."""
    columns: dict[str, list[Fact]] = defaultdict(list)
    findings = []
    for fact in sorted(expected):
        if fact.kind == "column" and fact in found:
            columns[fact.table].append(fact)
        else:
            findings.append(Finding(fact in found, str(fact)))
    return [Finding(True, f"columns {table} {len(facts)}") for table, facts in columns.items()] + findings


async def planned() -> frozenset[Fact]:
    """What the migrations make, seen by making it: the same on both engines, as tests/database proves."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "planned.sqlite3"
        migrate_sqlite(path, MIGRATIONS / "sqlite", now=datetime.now(UTC))
        engine = SqliteEngine(path, constraints={})
        try:
            return sqlite_facts(*await engine.read(SQLITE_CATALOG))
        finally:
            await engine.close()


async def checked(environ: Mapping[str, str]) -> list[Finding] | None:
    """
    Migrate and check the database that `environ` names; None where it names none.

    Raises DatabaseError, MigrationFailed, MigrationRefused, or ValueError for a connection string that cannot work.
    """
    now = datetime.now(UTC)
    if text := environ.get("SQL_CONNECTION_STRING"):
        credential: Credential = "entra" if environ.get("SQL_CREDENTIAL") == "entra" else "string"
        connect = odbc_login(Secret(text), credential=credential)
        await asyncio.to_thread(migrate_sqlserver, connect, MIGRATIONS / "sqlserver", now=now)
        return await _closed_after(check_sqlserver, SqlServerEngine(connect, constraints={}))
    if path := environ.get("SQLITE_PATH"):
        await asyncio.to_thread(migrate_sqlite, path, MIGRATIONS / "sqlite", now=now)
        return await _closed_after(check_sqlite, SqliteEngine(path, constraints={}))
    return None


async def _closed_after(check: Callable[[Engine], Awaitable[list[Finding]]], engine: Engine) -> list[Finding]:
    try:
        return await check(engine)
    finally:
        await engine.close()


def main(environ: Mapping[str, str], write: Callable[[str], object]) -> int:
    """Print the report; what the process exits with."""
    try:
        findings = asyncio.run(checked(environ))
    except (DatabaseError, MigrationFailed, MigrationRefused, ValueError) as error:
        write(f"not checked: {error}\n")
        return 2
    if findings is None:
        write(_USAGE)
        return 2
    for finding in findings:
        write(f"{'ok' if finding.there else 'MISSING':8} {finding.what}\n")
    missing = sum(not finding.there for finding in findings)
    write(f"{len(findings)} checked, {missing} missing\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.stdout.write))
