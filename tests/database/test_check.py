"""`make db-check`: it finds what is there, and above all what is not."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from shared.database.check import MIGRATIONS, check_sqlserver, main, planned
from shared.database.migrations import migrate_sqlite
from shared.database.schema_facts import Fact
from shared.database.sqlserver import SqlServerEngine
from tests.database.conftest import NOW
from tests.database.scripted_odbc import Says, ScriptedDriver

Report = Callable[[], tuple[int, list[str]]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "payments.sqlite3"
    migrate_sqlite(made, MIGRATIONS / "sqlite", now=NOW)
    return made


def report(environ: dict[str, str]) -> tuple[int, list[str]]:
    lines: list[str] = []
    return main(environ, lines.append), lines


def changed(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql)


class TestSqlite:
    def test_that_is_whole_lacks_nothing(self, path: Path) -> None:
        code, lines = report({"SQLITE_PATH": str(path)})

        assert code == 0
        assert lines[-1].endswith("checked, 0 missing\n")
        assert not [line for line in lines if line.startswith("MISSING")]

    def test_that_is_not_there_is_made(self, tmp_path: Path) -> None:
        code, _ = report({"SQLITE_PATH": str(tmp_path / "new.sqlite3")})

        assert code == 0

    @pytest.mark.parametrize(
        ("sql", "missing"),
        [
            ("DROP INDEX operations_unresolved", "unique index operations operations_unresolved (payment_id)"),
            ("DROP INDEX payments_open_bill", "unique index payments payments_open_bill (biller_id, reference)"),
            ("DROP INDEX operations_abandoned", "index operations operations_abandoned (claimed_at)"),
            ("DROP TRIGGER history_is_never_deleted", "trigger history history_is_never_deleted"),
            ("ALTER TABLE nonces RENAME COLUMN seen_at TO seen", "column nonces seen_at NOT NULL"),
            ("DROP TABLE nonces", "primary key nonces (key_id, nonce)"),
        ],
    )
    def test_that_lost_something_is_told_what(self, path: Path, sql: str, missing: str) -> None:
        changed(path, sql)

        code, lines = report({"SQLITE_PATH": str(path)})

        assert code == 1
        assert any(line.startswith(f"MISSING  {missing}") for line in lines)

    @pytest.mark.parametrize(
        "predicate", ["state IN ('submitted', 'unknown')", "state IN ('submitted', 'unknown', 'queued', 'failed')"]
    )
    def test_whose_index_has_another_predicate_is_told(self, path: Path, predicate: str) -> None:
        changed(path, "DROP INDEX operations_unresolved")
        changed(path, f"CREATE UNIQUE INDEX operations_unresolved ON operations (payment_id) WHERE {predicate}")

        code, lines = report({"SQLITE_PATH": str(path)})

        assert code == 1
        assert [line for line in lines if "MISSING" in line] == [
            "MISSING  unique index operations operations_unresolved (payment_id) where queued state submitted unknown\n"
        ]

    def test_whose_index_is_not_unique_any_more_is_told(self, path: Path) -> None:
        changed(path, "DROP INDEX payments_open_bill")
        changed(path, "CREATE INDEX payments_open_bill ON payments (biller_id, reference) WHERE mode = 'live'")

        assert report({"SQLITE_PATH": str(path)})[0] == 1

    def test_that_was_migrated_by_a_changed_file_is_not_checked(self, path: Path) -> None:
        changed(path, "UPDATE schema_migrations SET sha256 = 'other'")

        code, [said] = report({"SQLITE_PATH": str(path)})

        assert code == 2
        assert "changed after it was applied" in said


class TestNothingToCheck:
    def test_is_told_with_what_to_set(self) -> None:
        code, [said] = report({})

        assert code == 2
        assert "SQL_CONNECTION_STRING" in said
        assert "SQLITE_PATH" in said

    def test_a_connection_string_that_cannot_work_is_told_without_its_values(self) -> None:
        environ = {"SQL_CONNECTION_STRING": "Server=x;UID=u;PWD=hidden", "SQL_CREDENTIAL": "entra"}

        code, [said] = report(environ)

        assert code == 2
        assert "hidden" not in said


def catalog(facts: frozenset[Fact], *, collation: str = "Latin1_General_100_BIN2") -> list[list[tuple[Any, ...]]]:
    """The answers of SQL Server's catalog for a schema with these facts."""
    columns = [(fact.table, fact.name, fact.detail == "NULL", collation) for fact in facts if fact.kind == "column"]
    indexes = []
    for fact in facts:
        if fact.kind in ("primary key", "index", "unique index"):
            names, _, predicate = fact.detail.partition(" where ")
            primary = fact.kind == "primary key"
            for name in names.strip("()").split(", "):
                unique = primary or "unique" in fact.kind
                filters = " ".join(f"[{word}]" for word in predicate.split()) or None
                indexes.append((fact.table, fact.name or f"{fact.table}_pk", unique, primary, 2, name, filters))
    clustered = ("nonces", "nonces_by_time", False, False, 1, "seen_at", None)
    triggers = [(fact.table, fact.name) for fact in facts if fact.kind == "trigger"]
    references = [(f.table, f.name, f.detail.removeprefix("to ")) for f in facts if f.kind == "reference"]
    # In quotes, for a text may hold more than a word does (chase-retry).
    checks = [(f.table, " ".join(f"N'{word}'" for word in f.detail.split())) for f in facts if f.kind == "check"]
    return [columns, [*indexes, clustered], triggers, references, checks]


class TestSqlServer:
    async def missing(self, answers: list[list[tuple[Any, ...]]], database: tuple[Any, ...]) -> list[str]:
        driver = ScriptedDriver(*(Says([rows]) for rows in (*answers, [database])))
        engine = SqlServerEngine(driver.connect, constraints={})
        findings = await check_sqlserver(engine)
        await engine.close()
        return [finding.what for finding in findings if not finding.there]

    async def test_that_is_whole_lacks_nothing(self) -> None:
        assert await self.missing(catalog(await planned()), (True, 1, 1, "16.0.4000.1")) == []

    async def test_that_is_set_otherwise_is_told_how(self) -> None:
        assert await self.missing(catalog(await planned()), (False, 0, 0, "16.0.4000.1")) == [
            "database READ_COMMITTED_SNAPSHOT ON",
            "database ALLOW_SNAPSHOT_ISOLATION ON",
            "session QUOTED_IDENTIFIER ON",
        ]

    @pytest.mark.parametrize(
        "kind", ["unique index", "index", "primary key", "check", "trigger", "reference", "column"]
    )
    async def test_that_lost_something_is_told_what(self, kind: str) -> None:
        whole = await planned()
        lost = sorted(fact for fact in whole if fact.kind == kind)[0]

        assert await self.missing(catalog(whole - {lost}), (True, 1, 1, "16.0.4000.1")) == [str(lost)]

    async def test_whose_texts_compare_loosely_is_told_which(self) -> None:
        loose = catalog(await planned(), collation="SQL_Latin1_General_CP1_CI_AS")

        missing = await self.missing(loose, (True, 1, 1, "16.0.4000.1"))

        assert "binary collation payments id" in missing
