"""SQL Server's side of the migrations: files split at GO, one transaction each, one instance at a time."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from shared.database.migrations import Applied, Migration, MigrationFailed, MigrationRefused, migrate
from shared.database.sqlserver_batch import Batch
from shared.database.sqlserver_connection import Connect, OdbcConnection, ask
from shared.database.sqlserver_errors import diagnosed, unavailable
from shared.database.sqlserver_patience import again
from shared.database.unit_of_work import DatabaseError, Row, Values

# Longer than any file should take; who waits longer fails its start and is started again.
_LOCK_WAIT_MS: Final = 5 * 60 * 1000

# Not left to the driver's defaults: a filtered index can be neither made nor written without QUOTED_IDENTIFIER.
_SESSION: Final = """
SET NOCOUNT ON; SET XACT_ABORT ON; SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
"""
# The lock belongs to the transaction: it ends with it, however that ends.
_BEGIN: Final = f"""
BEGIN TRAN;
DECLARE @locked INT;
EXEC @locked = sp_getapplock @Resource = N'schema_migrations', @LockMode = N'Exclusive',
    @LockOwner = N'Transaction', @LockTimeout = {_LOCK_WAIT_MS};
IF @locked < 0 THROW 50002, 'another instance has been migrating for too long', 1;
"""
_JOURNAL: Final = """
IF OBJECT_ID(N'dbo.schema_migrations', N'U') IS NULL
CREATE TABLE dbo.schema_migrations (
    number     INT NOT NULL CONSTRAINT schema_migrations_pk PRIMARY KEY CLUSTERED,
    name       NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    sha256     NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    applied_at DATETIME2(3) NOT NULL
);
"""
_APPLIED: Final = "SELECT number, name, sha256 FROM dbo.schema_migrations ORDER BY number"
_RECORD: Final = "INSERT INTO dbo.schema_migrations (number, name, sha256, applied_at) VALUES (?, ?, ?, ?)"

_GO: Final = re.compile(r"(?i)\s*GO\s*")
_NOT_CODE: Final = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_OWN_TRANSACTION: Final = re.compile(r"(?i)\b(?:BEGIN\s+(?:DISTRIBUTED\s+)?TRAN|COMMIT|ROLLBACK|SAVE\s+TRAN)")


@dataclass(frozen=True, slots=True)
class _Ended:
    done: tuple[str, ...] = ()
    error: Exception | None = None
    transient: bool = False


def migrate_sqlserver(
    connect: Connect, folder: Path, *, now: datetime, sleep: Callable[[float], object] = time.sleep
) -> tuple[str, ...]:
    """
    `migrate` for the database that `connect` opens. A lost connection rolled its file back: the rest is done again.

    Blocks. Raises DatabaseUnavailable too.
    """

    def attempt() -> _Ended:
        try:
            with closing(connect()) as db:
                db.timeout = 0  # an index takes as long as it takes
                return _Ended(migrate(SqlServerTarget(db), folder, now=now))
        except (DatabaseError, MigrationRefused, MigrationFailed) as error:
            return _Ended(error=error)
        except Exception as error:
            found = diagnosed(error)
            return _Ended(error=unavailable(found), transient=found.transient)

    ended = again(attempt, sleep=sleep)
    if ended.error is not None:
        raise ended.error
    return ended.done


class SqlServerTarget:
    """A Target over a connection with autocommit on. Raises the driver's errors where the connection is lost."""

    def __init__(self, db: OdbcConnection) -> None:
        self._db = db
        self._do(_SESSION)

    @contextmanager
    def alone(self) -> Iterator[None]:
        self._do(_BEGIN)
        try:
            yield
        except BaseException:
            with suppress(Exception):  # an error has rolled back already, or the connection is gone and that did
                self._do("IF @@TRANCOUNT > 0 ROLLBACK;")
            raise
        self._do("COMMIT;")

    def applied(self) -> Sequence[Applied]:
        self._do(_JOURNAL)
        [rows] = ask(self._db, Batch(_APPLIED, (), (), 1))
        return [_applied(row) for row in rows]

    def apply(self, migration: Migration, applied_at: str) -> None:
        for line, batch in batches(migration.sql):
            if _OWN_TRANSACTION.search(_NOT_CODE.sub(" ", batch)):
                raise MigrationFailed(f"{migration.name}: a file begins and ends no transaction")
            self._execute(migration, line, batch)
        self._do(_RECORD, (migration.number, migration.name, migration.sha256, applied_at))

    def _execute(self, migration: Migration, line: int, batch: str) -> None:
        try:
            self._do(batch)
        except Exception as error:
            found = diagnosed(error)
            if found.transient:
                raise
            raise MigrationFailed(f"{migration.name}, batch at line {line}: {found.told()}") from None

    def _do(self, sql: str, parameters: Values = ()) -> None:
        ask(self._db, Batch(sql, parameters, (), 0))


def batches(sql: str) -> Iterator[tuple[int, str]]:
    """What stands between the lines that say GO, each with the line on which it begins."""
    begin, lines = 1, [*sql.split("\n"), "GO"]
    for number, line in enumerate(lines, start=1):
        if _GO.fullmatch(line):
            batch = "\n".join(lines[begin - 1 : number - 1])
            if _NOT_CODE.sub("", batch).strip():
                yield begin, batch
            begin = number + 1


def _applied(row: Row) -> Applied:
    number, name, sha256 = row
    return Applied(number, name, sha256)
