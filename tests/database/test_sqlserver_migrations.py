"""The runner on SQL Server: what it sends, in which order, and what it makes of failures."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.database.migrations import MigrationFailed, MigrationRefused, load
from shared.database.sqlserver_batch import Batch
from shared.database.sqlserver_connection import Connect, ask
from shared.database.sqlserver_migrations import batches, migrate_sqlserver
from shared.database.unit_of_work import DatabaseUnavailable
from tests.database.conftest import TABLES
from tests.database.scripted_odbc import Says, ScriptedDriver
from tests.database.sql_server_stand_in import lost, server_error

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
FIRST = "CREATE TABLE dbo.accounts (id BIGINT NOT NULL);\nGO\nCREATE INDEX accounts_id ON dbo.accounts (id);\nGO\n"
Asked = Callable[[str, int], list[list[tuple[object, ...]]]]
LOCKED = server_error("42000", "another instance has been migrating for too long", 50002)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_accounts.sql").write_text(FIRST, encoding="utf-8")
    return tmp_path


def journal(folder: Path, *, changed: bool = False) -> Says:
    """What the journal holds once all of `folder` is applied."""
    return Says([[(each.number, each.name, "0" * 64 if changed else each.sha256) for each in load(folder)]])


def migrated(driver: ScriptedDriver, folder: Path) -> tuple[str, ...]:
    return migrate_sqlserver(driver.connect, folder, now=NOW, sleep=lambda _: None)


def sent(driver: ScriptedDriver) -> list[str]:
    """The first words of each batch."""
    return [" ".join(asked.sql.split()[:3]) for asked in driver.asked]


class TestApplying:
    def test_a_file_and_its_row_are_one_transaction_that_nobody_shares(self, folder: Path) -> None:
        driver = ScriptedDriver(*[Says()] * 3, Says([[]]), *[Says()] * 6, journal(folder))

        assert migrated(driver, folder) == ("0001_accounts",)

        assert sent(driver) == [
            "SET NOCOUNT ON;",
            "BEGIN TRAN; DECLARE",
            "IF OBJECT_ID(N'dbo.schema_migrations', N'U')",
            "SELECT number, name,",
            "CREATE TABLE dbo.accounts",
            "CREATE INDEX accounts_id",
            "INSERT INTO dbo.schema_migrations",
            "COMMIT;",
            "BEGIN TRAN; DECLARE",
            "IF OBJECT_ID(N'dbo.schema_migrations', N'U')",
            "SELECT number, name,",
            "COMMIT;",
        ]
        [migration] = load(folder)
        assert driver.asked[6].parameters == (1, "0001_accounts", migration.sha256, "2026-01-02T03:04:05.678")
        assert "sp_getapplock" in driver.asked[1].sql
        assert driver.open == set()

    def test_what_is_applied_is_not_applied_again(self, folder: Path) -> None:
        driver = ScriptedDriver(*[Says()] * 3, journal(folder))

        assert migrated(driver, folder) == ()

    @pytest.mark.parametrize("go", ["GO", "go", "  Go  "])
    def test_files_are_split_where_a_line_says_go(self, go: str) -> None:
        sql = f"-- a note\n{go}\nSELECT 'GO';\nSELECT 2 -- GO\n{go}\n\n{go}\nSELECT 3"

        assert list(batches(sql)) == [(3, "SELECT 'GO';\nSELECT 2 -- GO"), (8, "SELECT 3")]


class TestFailing:
    def test_a_file_that_fails_is_rolled_back_and_told_by_its_line_without_values(self, folder: Path) -> None:
        secret = server_error(
            "23000", "Violation of PRIMARY KEY constraint 'x'. The value is (4112344112344113).", 2627
        )
        driver = ScriptedDriver(*[Says()] * 3, Says([[]]), Says(), Says(error=secret))

        with pytest.raises(MigrationFailed, match="0001_accounts, batch at line 3: SQL Server 2627") as failed:
            migrated(driver, folder)

        assert sent(driver)[-1] == "IF @@TRANCOUNT >"
        assert "4112344112344113" not in str(failed.value)
        assert failed.value.__cause__ is None

    def test_a_lost_connection_rolls_its_file_back_and_the_rest_is_done_again(self, folder: Path) -> None:
        again = [*[Says()] * 3, Says([[]]), *[Says()] * 6, journal(folder)]
        driver = ScriptedDriver(*[Says()] * 3, Says([[]]), Says(error=lost()), Says(), *again)

        assert migrated(driver, folder) == ("0001_accounts",)

        assert driver.opened == 2

    def test_a_database_that_stays_away_is_unavailable(self, folder: Path) -> None:
        driver = ScriptedDriver()
        driver.logins.extend([lost()] * 99)

        with pytest.raises(DatabaseUnavailable):
            migrated(driver, folder)

    def test_waiting_too_long_for_another_instance_is_unavailable(self, folder: Path) -> None:
        driver = ScriptedDriver(Says(), Says(error=LOCKED))

        with pytest.raises(DatabaseUnavailable, match="another instance"):
            migrated(driver, folder)

    @pytest.mark.parametrize("own", ["COMMIT;", "begin  tran", "ROLLBACK", "SAVE TRANSACTION s", "BEGIN TRANSACTION"])
    def test_a_file_that_begins_or_ends_a_transaction_is_refused(self, folder: Path, own: str) -> None:
        (folder / "0001_accounts.sql").write_text(f"CREATE TABLE dbo.x (id INT);\n{own}\n", encoding="utf-8")
        driver = ScriptedDriver(*[Says()] * 3, Says([[]]))

        with pytest.raises(MigrationFailed, match="no transaction"):
            migrated(driver, folder)

    def test_a_word_in_a_comment_or_a_text_is_no_transaction(self, folder: Path) -> None:
        harmless = "-- COMMIT\nPRINT 'ROLLBACK'; /* BEGIN\nTRAN */ SELECT 1\n"
        (folder / "0001_accounts.sql").write_text(harmless, encoding="utf-8")
        driver = ScriptedDriver(*[Says()] * 3, Says([[]]), *[Says()] * 5, journal(folder))

        assert migrated(driver, folder) == ("0001_accounts",)

    def test_an_applied_file_that_was_changed_is_refused(self, folder: Path) -> None:
        driver = ScriptedDriver(*[Says()] * 3, journal(folder, changed=True))

        with pytest.raises(MigrationRefused, match="changed after it was applied"):
            migrated(driver, folder)


class TestOnAServer:
    @pytest.fixture
    def asked(self, sqlserver: Connect) -> Asked:
        def ask_once(sql: str, queries: int) -> list[list[tuple[object, ...]]]:
            with closing(sqlserver()) as db:
                return ask(db, Batch(sql, (), (), queries))

        ask_once("; ".join(f"DROP TABLE IF EXISTS {table}" for table in TABLES), 0)
        return ask_once

    def test_starts_at_once_apply_each_file_once(self, sqlserver: Connect, folder: Path, asked: Asked) -> None:
        for number in range(2, 5):
            (folder / f"000{number}_more.sql").write_text(f"ALTER TABLE dbo.accounts ADD c{number} INT NULL;\n")

        with ThreadPoolExecutor(3) as starts:
            done = list(starts.map(lambda _: migrate_sqlserver(sqlserver, folder, now=NOW), range(3)))

        assert sorted(name for names in done for name in names) == [each.name for each in load(folder)]

    def test_a_file_that_fails_leaves_nothing(self, sqlserver: Connect, folder: Path, asked: Asked) -> None:
        (folder / "0001_accounts.sql").write_text(FIRST + "DROP TABLE dbo.nowhere;\n", encoding="utf-8")

        with pytest.raises(MigrationFailed, match="0001_accounts, batch at line 5"):
            migrate_sqlserver(sqlserver, folder, now=NOW)

        assert asked("SELECT name FROM sys.tables WHERE name IN ('accounts', 'schema_migrations')", 1) == [[]]
