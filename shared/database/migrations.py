"""
Numbered SQL files, each applied once and for ever, whoever starts at the same time.

The rules stand above and know no engine; what an engine must bring is `Target`; SQLite's is below.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from shared.database.sqlite_connection import BUSY_TIMEOUT_S, open_connection, unavailable

_FILE_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_OWN_TRANSACTION: Final = frozenset({sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT})


class MigrationRefused(Exception):
    """The files, or the files and the database, do not fit together. Nothing was changed; the text says what to do."""


class MigrationFailed(Exception):
    """A file's SQL failed; nothing of that file stays, the files before it do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A file. `sha256` is over its text with LF line ends and no BOM: a checkout on Windows has the same."""

    number: int
    name: str
    sql: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Applied:
    """A row of `schema_migrations`."""

    number: int
    name: str
    sha256: str


class Target(Protocol):
    """A database to migrate, as the runner sees it."""

    def alone(self) -> AbstractContextManager[None]:
        """One transaction that no other instance's `alone` overlaps; an exception rolls all of it back."""

    def applied(self) -> Sequence[Applied]:
        """Ascending; creates the table `schema_migrations` where there is none."""

    def apply(self, migration: Migration, applied_at: str) -> None:
        """The file and its row. `applied_at` is UTC text with milliseconds. Raises MigrationFailed."""


def migrate(target: Target, folder: Path, *, now: datetime) -> tuple[str, ...]:
    """
    Bring the database up to the files in `folder`; returns the names applied by this call. `now` is aware.

    Blocks. Raises MigrationRefused or MigrationFailed.
    """
    migrations = load(folder)
    applied_at = now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    done: list[str] = []
    while True:
        # Who comes second waits here, then reads that the file is applied already.
        with target.alone():
            migration = _next(migrations, target.applied())
            if migration is None:
                return tuple(done)
            target.apply(migration, applied_at)
        done.append(migration.name)


def load(folder: Path) -> tuple[Migration, ...]:
    """The `NNNN_name.sql` files of `folder`, 0001 first. Raises MigrationRefused if one is missing or misnamed."""
    migrations = tuple(_read(path) for path in sorted(folder.glob("*.sql")))
    if not migrations:
        raise MigrationRefused(f"no migrations in {folder.name}: the deployment lacks its SQL files")
    for expected, migration in enumerate(migrations, start=1):
        if migration.number != expected:
            raise MigrationRefused(
                f"{migration.name}: expected number {expected:04}; numbers have no gaps or duplicates"
            )
    return migrations


def _read(path: Path) -> Migration:
    match = _FILE_NAME.fullmatch(path.name)
    if match is None:
        raise MigrationRefused(f"{path.name}: a migration is named NNNN_lower_case_words.sql")
    sql = path.read_text(encoding="utf-8-sig")
    return Migration(int(match[1]), path.stem, sql, hashlib.sha256(sql.encode()).hexdigest())


def _next(migrations: Sequence[Migration], applied: Sequence[Applied]) -> Migration | None:
    for expected, row in enumerate(applied, start=1):
        if row.number != expected:
            raise MigrationRefused(f"schema_migrations lacks {expected:04}: the table was edited by hand")
        if expected > len(migrations):
            raise MigrationRefused(f"the database has {row.name}, unknown to this version: deploy a newer one")
        if row.sha256 != migrations[expected - 1].sha256:
            raise MigrationRefused(f"{row.name} was changed after it was applied: restore it and add a new file")
    return migrations[len(applied)] if len(applied) < len(migrations) else None


def migrate_sqlite(
    path: Path | str, folder: Path, *, now: datetime, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> tuple[str, ...]:
    """`migrate` for the SQLite file at `path`, made if need be. Raises DatabaseUnavailable too."""
    try:
        # Unenforced, so that a file may rebuild a table that others refer to; judged before its commit instead.
        with closing(open_connection(path, busy_timeout_s=busy_timeout_s, foreign_keys=False)) as db:
            return migrate(SqliteTarget(db), folder, now=now)
    except sqlite3.Error as error:
        raise unavailable(error) from error


class SqliteTarget:
    """A Target over a connection that begins no transaction by itself."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @contextmanager
    def alone(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.execute("COMMIT")

    def applied(self) -> Sequence[Applied]:
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations"
            " (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL)"
        )
        rows = self._db.execute("SELECT number, name, sha256 FROM schema_migrations ORDER BY number")
        return [Applied(*row) for row in rows]

    def apply(self, migration: Migration, applied_at: str) -> None:
        self._db.set_authorizer(_no_transactions)
        try:
            for line, statement in _statements(migration.sql):
                self._execute(migration, line, statement)
        finally:
            self._db.set_authorizer(None)
        self._check_foreign_keys(migration)
        row = (migration.number, migration.name, migration.sha256, applied_at)
        self._db.execute("INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES (?, ?, ?, ?)", row)

    def _execute(self, migration: Migration, line: int, statement: str) -> None:
        try:
            self._db.execute(statement).close()
        except sqlite3.Error as error:
            denied = error.sqlite_errorcode == sqlite3.SQLITE_AUTH
            reason = "a file begins and ends no transaction" if denied else error
            raise MigrationFailed(f"{migration.name}, statement at line {line}: {reason}") from error

    def _check_foreign_keys(self, migration: Migration) -> None:
        orphans = {table for table, *_ in self._db.execute("PRAGMA foreign_key_check")}
        if orphans:
            raise MigrationFailed(
                f"{migration.name}: leaves rows without their parents in {', '.join(sorted(orphans))}"
            )


def _no_transactions(action: int, *_: str | None) -> int:
    """A file that commits by itself could stay half applied."""
    return sqlite3.SQLITE_DENY if action in _OWN_TRANSACTION else sqlite3.SQLITE_OK


def _statements(sql: str) -> Iterator[tuple[int, str]]:
    """Each statement with the line on which it begins. `executescript` would commit what came before it."""
    begin = 0
    for piece in re.finditer(r"[^;]*;|[^;]+", sql):
        statement = sql[begin : piece.end()]
        if sqlite3.complete_statement(statement) or (piece.end() == len(sql) and statement.strip()):
            indent = len(statement) - len(statement.lstrip())
            yield sql.count("\n", 0, begin + indent) + 1, statement
            begin = piece.end()
