"""Small databases with a schema of the tests' own, on each engine that is there."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.database import journal, migrations
from shared.database.migrations import migrate_sqlite
from shared.database.payments import SqlPayments
from shared.database.refusals import UNIQUE_RULES
from shared.database.sqlite import SqliteEngine
from shared.database.sqlserver import SqlServerEngine
from shared.database.sqlserver_batch import Batch
from shared.database.sqlserver_connection import Connect, ask
from shared.database.sqlserver_login import odbc_login
from shared.database.sqlserver_migrations import migrate_sqlserver
from shared.database.statements import First, first_by_limit, first_by_top
from shared.database.unit_of_work import Engine, Statement
from shared.payments.secret import Secret
from tests.builders import CHAIN
from tests.conftest import AloneWith
from tests.database.sql_server_stand_in import StandIn

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)

# The same text for both engines; SQLite reads NVARCHAR as text and BIGINT as integer.
SCHEMA = """
CREATE TABLE accounts (
    id NVARCHAR(64) NOT NULL PRIMARY KEY,
    owner NVARCHAR(64) NOT NULL,
    label NVARCHAR(64) NOT NULL,
    balance_minor BIGINT NOT NULL,
    note NVARCHAR(200) NULL,
    CONSTRAINT balance_not_negative CHECK (balance_minor >= 0),
    CONSTRAINT account_label UNIQUE (owner, label)
);
CREATE TABLE entries (
    account_id NVARCHAR(64) NOT NULL REFERENCES accounts (id),
    sequence BIGINT NOT NULL,
    note NVARCHAR(200) NULL,
    CONSTRAINT entry_sequence PRIMARY KEY (account_id, sequence)
);
"""
SQLITE_RULES = {
    "accounts.owner, accounts.label": "account_label",
    "entries.account_id, entries.sequence": "entry_sequence",
}
# The unique rules of the real schema, and SQL Server's names for them by the columns that SQLite tells.
RULES = {**UNIQUE_RULES, **journal.UNIQUE_RULES}
SQLSERVER_NAMES = {
    columns: next(other for other, same in RULES.items() if same == rule and "." not in other)
    for columns, rule in RULES.items()
    if "." in columns
}
# The stand-in is SQL Server's engine over a connection that carries its batches out on SQLite.
ENGINES = ["sqlite", "stand-in", "sqlserver"]
MIGRATIONS = Path(migrations.__file__).parent / "migrations"
# Children before parents.
TABLES = (
    "entries", "accounts", "journal_entries", "ledger_postings", "bank_facts", "bank_files", "history", "instruments",
    "operations", "payments", "idempotency_keys", "nonces", "outbox", "inbox", "set_aside", "sale_attempts",
    "audit_anchors", "schema_migrations",
)  # fmt: skip
READ_FROM_SNAPSHOTS = """
IF EXISTS (SELECT 1 FROM sys.databases WHERE database_id = DB_ID() AND snapshot_isolation_state = 0)
    ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;
IF EXISTS (SELECT 1 FROM sys.databases WHERE database_id = DB_ID() AND is_read_committed_snapshot_on = 0)
    ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;
"""
NO_SQL_SERVER = "PAYMENTS_TEST_SQL is not set: give it the ODBC connection string of an empty SQL Server database"


class SqliteDatabase:
    """One file, and every engine that a test opened on it."""

    def __init__(self, folder: Path, schema: str = SCHEMA) -> None:
        self.path = folder / "payments.db"
        migrations = folder / "migrations"
        migrations.mkdir()
        (migrations / "0001_accounts.sql").write_text(schema, encoding="utf-8")
        migrate_sqlite(self.path, migrations, now=NOW)
        self._engines: list[SqliteEngine] = []

    def open(self, **options: Any) -> SqliteEngine:
        self._engines.append(SqliteEngine(self.path, constraints=SQLITE_RULES, **options))
        return self._engines[-1]

    async def close(self) -> None:
        for engine in self._engines:
            await engine.close()


class SqlServerDatabase:
    """The same over SQL Server, whose errors carry the names of SCHEMA's constraints: no table of rules is needed."""

    def __init__(self, connect: Connect) -> None:
        self.connect = connect
        self._engines: list[SqlServerEngine] = []

    def open(self, **options: Any) -> SqlServerEngine:
        self._engines.append(SqlServerEngine(self.connect, **{"constraints": {}, **options}))
        return self._engines[-1]

    async def empty(self) -> None:
        """Drop what an earlier test, or an earlier run, left."""
        drops = "; ".join(f"DROP TABLE IF EXISTS {table}" for table in TABLES)
        await self.open().run([Statement(drops, (), rows=None)])

    async def close(self) -> None:
        for engine in self._engines:
            await engine.close()


def stand_in(folder: Path) -> StandIn:
    """The real schema behind the stand-in."""
    migrate_sqlite(folder / "payments.sqlite3", MIGRATIONS / "sqlite", now=NOW)
    return StandIn(folder / "payments.sqlite3", SQLSERVER_NAMES)


@pytest.fixture
async def sqlite_database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path)
    yield database
    await database.close()


@pytest.fixture
def sqlserver(sqlserver_connect: Connect, alone_with: AloneWith) -> Iterator[Connect]:
    with alone_with("sqlserver"):
        yield sqlserver_connect


@pytest.fixture(scope="session")
def sqlserver_connect() -> Connect:
    """What opens PAYMENTS_TEST_SQL, whose database reads from snapshots as a provisioned one does."""
    if not os.environ.get("PAYMENTS_TEST_SQL"):
        pytest.skip(NO_SQL_SERVER)
    connect = odbc_login(Secret(os.environ["PAYMENTS_TEST_SQL"]))
    with closing(connect()) as db, suppress(Exception):  # a login that may not alter it takes it as it is
        ask(db, Batch(READ_FROM_SNAPSHOTS, (), (), 0))
    return connect


@pytest.fixture(params=ENGINES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """Whatever has `open() -> Engine` and `close()`, with SCHEMA in it and no rows."""
    made: Any
    if request.param == "sqlite":
        made = SqliteDatabase(tmp_path)
    elif request.param == "stand-in":
        path = SqliteDatabase(tmp_path).path
        made = SqlServerDatabase(StandIn(path, SQLITE_RULES).connect)
    else:
        made = SqlServerDatabase(request.getfixturevalue("sqlserver"))
        await made.empty()
        await made.open().run([Statement(SCHEMA, (), rows=None)])
    yield made
    await made.close()


@pytest.fixture
def engine(database: Any) -> Engine:
    opened: Engine = database.open()
    return opened


@pytest.fixture(params=ENGINES)
async def real_schema(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Engine, First]]:
    """The real schema, empty, and how its engine words the first rows of a SELECT."""
    if request.param == "sqlserver":
        database: Any = SqlServerDatabase(request.getfixturevalue("sqlserver"))
        await database.empty()
        await asyncio.to_thread(migrate_sqlserver, database.connect, MIGRATIONS / "sqlserver", now=NOW)
        yield database.open(constraints=RULES), first_by_top
    elif request.param == "stand-in":
        database = SqlServerDatabase(stand_in(tmp_path).connect)
        yield database.open(constraints=RULES), first_by_limit
    else:
        migrate_sqlite(tmp_path / "payments.sqlite3", MIGRATIONS / "sqlite", now=NOW)
        database = SqliteEngine(tmp_path / "payments.sqlite3", constraints=RULES)
        yield database, first_by_limit
    await database.close()


@pytest.fixture
def payments(real_schema: tuple[Engine, First]) -> SqlPayments:
    """The repository on the real schema, empty."""
    engine, first = real_schema
    return SqlPayments(engine, first=first, chain=CHAIN)
