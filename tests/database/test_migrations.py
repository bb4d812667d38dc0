"""Numbered SQL files: applied once, in order, whole or not at all."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.database.migrations import MigrationFailed, MigrationRefused, load, migrate_sqlite
from shared.database.unit_of_work import DatabaseUnavailable

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
FIRST = "CREATE TABLE payments (id TEXT PRIMARY KEY);\n"
SECOND = "ALTER TABLE payments ADD COLUMN state TEXT;\n"

MIGRATES = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from shared.database.migrations import migrate_sqlite

sys.stdin.readline()
print(",".join(migrate_sqlite(sys.argv[1], Path(sys.argv[2]), now=datetime(2026, 1, 2, tzinfo=UTC))))
"""


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "sqlite"
    made.mkdir()
    (made / "0001_payments.sql").write_text(FIRST, encoding="utf-8")
    return made


@pytest.fixture
def path(tmp_path):
    return tmp_path / "payments.db"


def written(folder, name, sql):
    (folder / name).write_text(sql, encoding="utf-8")


def asked(path, sql):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def applied(path):
    return [name for (name,) in asked(path, "SELECT name FROM schema_migrations ORDER BY number")]


class TestApplying:
    def test_files_are_applied_in_order_and_recorded(self, folder, path):
        written(folder, "0002_state.sql", SECOND)

        names = migrate_sqlite(path, folder, now=NOW)

        assert names == ("0001_payments", "0002_state")
        assert asked(path, "SELECT number, name, sha256, applied_at FROM schema_migrations") == [
            (migration.number, migration.name, migration.sha256, "2026-01-02T03:04:05.678")
            for migration in load(folder)
        ]

    def test_what_is_applied_is_not_applied_again(self, folder, path):
        migrate_sqlite(path, folder, now=NOW)

        assert migrate_sqlite(path, folder, now=NOW) == ()

    def test_a_new_file_is_applied_to_a_database_that_has_the_earlier_ones(self, folder, path):
        migrate_sqlite(path, folder, now=NOW)
        written(folder, "0002_state.sql", SECOND)

        assert migrate_sqlite(path, folder, now=NOW) == ("0002_state",)

    def test_the_time_is_recorded_in_utc(self, folder, path):
        migrate_sqlite(path, folder, now=NOW.astimezone(timezone(timedelta(hours=-5))))

        assert asked(path, "SELECT applied_at FROM schema_migrations") == [("2026-01-02T03:04:05.678",)]

    def test_triggers_comments_and_semicolons_in_text_are_understood(self, folder, path):
        sql = """
        -- a comment; with a semicolon
        CREATE TABLE notes (text TEXT DEFAULT 'a;b' /* ; */); INSERT INTO notes DEFAULT VALUES;
        CREATE TRIGGER kept BEFORE DELETE ON notes BEGIN SELECT RAISE(ABORT, 'kept; for ever'); END;
        INSERT INTO notes (text) VALUES ('without a semicolon at the end')
        -- the end; really
        """
        written(folder, "0002_notes.sql", sql)

        migrate_sqlite(path, folder, now=NOW)

        assert asked(path, "SELECT text FROM notes") == [("a;b",), ("without a semicolon at the end",)]
        with pytest.raises(sqlite3.IntegrityError, match="kept; for ever"):
            asked(path, "DELETE FROM notes")

    def test_a_file_may_rebuild_a_table_that_others_refer_to(self, folder, path):
        written(
            folder,
            "0002_rebuild.sql",
            "CREATE TABLE history (payment_id TEXT REFERENCES payments (id) ON DELETE CASCADE);"
            "INSERT INTO payments (id) VALUES ('p'); INSERT INTO history (payment_id) VALUES ('p');"
            "CREATE TABLE rebuilt (id TEXT PRIMARY KEY, state TEXT); INSERT INTO rebuilt (id) SELECT id FROM payments;"
            "DROP TABLE payments; ALTER TABLE rebuilt RENAME TO payments;",
        )

        migrate_sqlite(path, folder, now=NOW)

        assert asked(path, "SELECT payment_id FROM history") == [("p",)]


class TestFailing:
    @pytest.mark.parametrize(
        ("broken", "said"),
        [
            ("CREATE TABLE extra (id TEXT);\n\nINSERT INTO nowhere VALUES (1);", "line 3: no such table: nowhere"),
            ("CREATE TABLE extra (id TEXT);\nCOMMIT;\nCREATE TABLE more (id TEXT);", "begins and ends no transaction"),
            ("CREATE TABLE extra (id TEXT); SAVEPOINT mine;", "begins and ends no transaction"),
            ("CREATE TABLE extra (id TEXT); SELECT 'unfinished", "unrecognized token"),
            ("CREATE TABLE extra (id TEXT REFERENCES payments); INSERT INTO extra VALUES ('x');", "parents in extra"),
        ],
        ids=["unknown table", "commit", "savepoint", "unfinished text", "orphan"],
    )
    def test_a_file_that_fails_leaves_nothing_and_the_files_before_it_stay(self, folder, path, broken, said):
        written(folder, "0002_broken.sql", broken)

        with pytest.raises(MigrationFailed, match="0002_broken") as failed:
            migrate_sqlite(path, folder, now=NOW)

        assert said in str(failed.value)
        assert applied(path) == ["0001_payments"]
        assert asked(path, "SELECT name FROM sqlite_master WHERE name IN ('extra', 'more')") == []

    def test_a_file_that_failed_is_applied_once_it_is_mended(self, folder, path):
        written(folder, "0002_state.sql", "nonsense;")
        with pytest.raises(MigrationFailed):
            migrate_sqlite(path, folder, now=NOW)
        written(folder, "0002_state.sql", SECOND)

        assert migrate_sqlite(path, folder, now=NOW) == ("0002_state",)

    def test_a_database_that_cannot_be_opened_is_unavailable(self, folder, tmp_path):
        with pytest.raises(DatabaseUnavailable, match="SQLITE_CANTOPEN"):
            migrate_sqlite(tmp_path / "no such folder" / "payments.db", folder, now=NOW)


class TestRefusing:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("0003_late.sql", "0003_late: expected number 0002"),
            ("0001_twice.sql", "expected number 0002"),
            ("2_short.sql", "2_short.sql: a migration is named"),
            ("0002-dash.sql", "0002-dash.sql: a migration is named"),
        ],
        ids=["gap", "duplicate", "short number", "other name"],
    )
    def test_files_that_are_misnumbered_or_misnamed_are_refused_before_anything_is_done(self, folder, path, name, said):
        written(folder, name, SECOND)

        with pytest.raises(MigrationRefused, match=said):
            migrate_sqlite(path, folder, now=NOW)

        assert asked(path, "SELECT name FROM sqlite_master") == []

    def test_a_folder_without_files_is_refused(self, tmp_path, path):
        with pytest.raises(MigrationRefused, match="lacks its SQL files"):
            migrate_sqlite(path, tmp_path / "missing", now=NOW)

    def test_an_applied_file_that_was_changed_is_refused(self, folder, path):
        migrate_sqlite(path, folder, now=NOW)
        written(folder, "0001_payments.sql", FIRST + "-- later thought\n")
        written(folder, "0002_state.sql", SECOND)

        with pytest.raises(MigrationRefused, match="0001_payments was changed after it was applied"):
            migrate_sqlite(path, folder, now=NOW)

        assert applied(path) == ["0001_payments"]

    def test_line_ends_and_a_byte_order_mark_are_no_change(self, folder, path):
        migrate_sqlite(path, folder, now=NOW)
        (folder / "0001_payments.sql").write_bytes(b"\xef\xbb\xbf" + FIRST.replace("\n", "\r\n").encode())

        assert migrate_sqlite(path, folder, now=NOW) == ()

    def test_a_database_that_is_newer_than_the_files_is_refused(self, folder, path):
        written(folder, "0002_state.sql", SECOND)
        migrate_sqlite(path, folder, now=NOW)
        (folder / "0002_state.sql").unlink()

        with pytest.raises(MigrationRefused, match="the database has 0002_state, unknown to this version"):
            migrate_sqlite(path, folder, now=NOW)

    def test_a_journal_with_a_hole_is_refused(self, folder, path):
        written(folder, "0002_state.sql", SECOND)
        migrate_sqlite(path, folder, now=NOW)
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("DELETE FROM schema_migrations WHERE number = 1")

        with pytest.raises(MigrationRefused, match="lacks 0001"):
            migrate_sqlite(path, folder, now=NOW)


class TestStartingTogether:
    # Applied twice, any of these files would fail.
    @pytest.fixture
    def many(self, folder):
        for number in range(2, 12):
            written(folder, f"{number:04}_table.sql", f"CREATE TABLE t{number} (id TEXT);")
        return folder

    def test_threads_that_start_at_once_apply_each_file_once(self, many, path):
        start = threading.Barrier(8)

        def one(_):
            start.wait()
            return migrate_sqlite(path, many, now=NOW)

        with ThreadPoolExecutor(8) as pool:
            done = [name for names in pool.map(one, range(8)) for name in names]

        assert sorted(done) == applied(path) == [migration.name for migration in load(many)]

    def test_processes_that_start_at_once_apply_each_file_once(self, many, path):
        command = [sys.executable, "-c", MIGRATES, str(path), str(many)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        instances = [subprocess.Popen(command, **pipes) for _ in range(4)]

        for instance in instances:
            instance.stdin.write("go\n")
            instance.stdin.flush()
        answers = [instance.communicate()[0].strip() for instance in instances]

        done = [name for answer in answers if answer for name in answer.split(",")]
        assert [instance.returncode for instance in instances] == [0] * 4
        assert sorted(done) == applied(path)
        assert len(done) == 11
