"""Small databases with a schema of the tests' own, on each engine that is there."""

import importlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.database import migrations
from shared.database.migrations import migrate_sqlite
from shared.database.payments import UNIQUE_RULES, SqlPayments, first_by_limit
from shared.database.sqlite import SqliteEngine
from shared.database.unit_of_work import Engine, Statement

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
MIGRATIONS = Path(migrations.__file__).parent / "migrations"
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

    def __init__(self, connection_string: str) -> None:
        self._connection_string = connection_string
        self._sqlserver = importlib.import_module("shared.database.sqlserver")
        self._engines: list[Engine] = []

    def open(self, **options: Any) -> Engine:
        made: Engine = self._sqlserver.SqlServerEngine(self._connection_string, constraints={}, **options)
        self._engines.append(made)
        return made

    async def empty(self) -> None:
        drop = "DROP TABLE IF EXISTS entries; DROP TABLE IF EXISTS accounts;"
        await self.open().run([Statement(drop + SCHEMA, (), rows=None)])

    async def close(self) -> None:
        for engine in self._engines:
            await engine.close()


@pytest.fixture
async def sqlite_database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path)
    yield database
    await database.close()


@pytest.fixture(params=["sqlite", "sqlserver"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """Whatever has `open() -> Engine` and `close()`, with SCHEMA in it and no rows."""
    if request.param == "sqlite":
        made: Any = SqliteDatabase(tmp_path)
    elif not os.environ.get("PAYMENTS_TEST_SQL"):
        pytest.skip(NO_SQL_SERVER)
    else:
        made = SqlServerDatabase(os.environ["PAYMENTS_TEST_SQL"])
        await made.empty()
    yield made
    await made.close()


@pytest.fixture
def engine(database: Any) -> Engine:
    opened: Engine = database.open()
    return opened


@pytest.fixture(params=["sqlite", "sqlserver"])
async def payments(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlPayments]:
    """The repository on the real schema, empty."""
    if request.param == "sqlserver":
        pytest.skip(NO_SQL_SERVER)
    path = tmp_path / "payments.sqlite3"
    migrate_sqlite(path, MIGRATIONS / "sqlite", now=NOW)
    engine = SqliteEngine(path, constraints=UNIQUE_RULES)
    yield SqlPayments(engine, first=first_by_limit)
    await engine.close()
