"""`make invariants`: each rule is broken by hand, past the constraint that forbids it, and told by its name."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from shared.database.invariants import INVARIANTS, SHOWN_MAX, ask, main
from shared.database.statements import First
from shared.database.unit_of_work import Engine
from tests.builders import NOW
from tests.proof.starts import STARTS, build

# Rows of the journeys: captured, refunded, and this one, with a refund of which nothing is known.
THE = {
    "THE BILL": "(SELECT id FROM payments WHERE reference = 'INV-1')",
    "THE REFUND": "payment_id = (SELECT id FROM payments WHERE reference = 'INV-1') AND kind = 'refund'",
    "THE SALE": "payment_id = (SELECT id FROM payments WHERE reference = 'INV-1') AND kind = 'sale'",
    "THEN": "'2026-11-23T18:00:00.000'",
}

# What is done to it, and what is told of it then, beside whatever else that breaks.
BROKEN = {
    "refunds-over-capture": "UPDATE payments SET captured_minor = 1 WHERE id = THE BILL",
    "refunds-do-not-add-up": "UPDATE payments SET refunded_minor = 5 WHERE id = THE BILL",
    "reservation-without-a-refund": "UPDATE operations SET state = 'failed' WHERE THE REFUND",
    "two-unresolved-operations": (
        "DROP INDEX operations_unresolved; UPDATE operations SET state = 'queued' WHERE THE SALE"
    ),
    "open-without-an-operation": (
        "UPDATE payments SET state = 'submitted' WHERE id = THE BILL;"
        "UPDATE operations SET state = 'failed' WHERE THE REFUND"
    ),
    "unknown-without-an-inquiry": "UPDATE operations SET inquire_at = NULL WHERE THE REFUND",
    "submitted-for-too-long": "UPDATE operations SET state = 'submitted' WHERE THE REFUND",
    "inquiry-overdue": "UPDATE operations SET inquire_at = THEN WHERE THE REFUND",
    "queued-without-a-time-to-be-sent": "UPDATE operations SET state = 'queued' WHERE THE REFUND",
    "sending-overdue": "UPDATE operations SET send_at = THEN WHERE THE REFUND",
    "authorized-and-not-asked-about": "UPDATE payments SET state = 'authorized' WHERE id = THE BILL",
    "ended-with-an-instrument-kept": "INSERT INTO instruments VALUES (THE BILL, 'k1', 'sealed', THEN)",
    "instrument-mark-differs": "UPDATE payments SET instrument_kept = 1 WHERE id = THE BILL",
    "money-of-what-took-none": "UPDATE payments SET state = 'voided' WHERE id = THE BILL",
    "history-has-gaps": (
        "DROP TRIGGER history_is_never_deleted; DELETE FROM history WHERE payment_id = THE BILL AND sequence = 2"
    ),
    "history-ends-elsewhere": "UPDATE payments SET state = 'settled' WHERE id = THE BILL",
    "history-longer-than-version": "UPDATE payments SET version = 1 WHERE id = THE BILL",
    "message-overdue": (
        "INSERT INTO outbox (id, queue, body, payment_id, created_at, due_at, attempts)"
        " VALUES ('m1', 'chase-retry', '{}', 'p', THEN, THEN, 1)"
    ),
    "message-set-aside": "INSERT INTO set_aside VALUES ('m1', 'chase-retry', '', 'why', THEN)",
    "negative-exposure": "UPDATE payments SET returned_minor = captured_minor + 1 WHERE id = THE BILL",
}

Report = Callable[[Path], tuple[int, list[str]]]


@pytest.fixture(scope="session")
def journeys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a database in which payments of every kind went their way."""
    folder = tmp_path_factory.mktemp("journeys") / "world"
    asyncio.run(build("unknown_refund", folder))
    return folder


@pytest.fixture
def path(journeys: Path, tmp_path: Path) -> Path:
    """Nothing of it is due for longer than a timer needs."""
    copied = shutil.copytree(journeys, tmp_path / "world") / "payments.sqlite3"
    execute(copied, "UPDATE operations SET inquire_at = '2999-01-01T00:00:00.000' WHERE inquire_at IS NOT NULL")
    return copied


def execute(path: Path, script: str) -> None:
    """Past every CHECK, with what THE words stand for."""
    for word, meaning in THE.items():
        script = script.replace(word, meaning)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA ignore_check_constraints=ON")
        db.executescript(script)


def report(path: Path) -> tuple[int, list[str]]:
    lines: list[str] = []
    return main({"SQLITE_PATH": str(path)}, lines.append), lines


def test_every_invariant_is_broken_below() -> None:
    assert set(BROKEN) == {invariant.name for invariant in INVARIANTS}


class TestADatabase:
    def test_in_which_all_went_well_violates_nothing(self, path: Path) -> None:
        code, lines = report(path)

        assert code == 0, lines
        assert lines[-1] == f"{len(INVARIANTS)} asked, 0 violated\n"

    @pytest.mark.parametrize("start", STARTS)
    def test_is_in_order_wherever_a_payment_is_on_its_way(self, start: str, tmp_path: Path) -> None:
        asyncio.run(build(start, tmp_path / "world"))

        _, lines = report(tmp_path / "world" / "payments.sqlite3")

        # What these are older than is the real time of the test: the journeys went by a clock of their own.
        overdue = {"inquiry-overdue", "sending-overdue", "message-overdue", "submitted-for-too-long"}
        assert {line.split()[1] for line in lines[:-1] if line.startswith("VIOLATED")} <= overdue

    @pytest.mark.parametrize("name", BROKEN)
    def test_in_which_it_is_broken_is_told_of_it(self, name: str, path: Path) -> None:
        execute(path, BROKEN[name])

        code, lines = report(path)

        [line] = [line for line in lines if line.split()[1] == name]
        kind = "note" if name == "negative-exposure" else "VIOLATED"
        assert line.startswith(f"{kind:8} {name} 1: ")
        assert code == (0 if kind == "note" else 1)

    def test_of_which_much_is_broken_shows_the_first_and_counts_them_all(self, path: Path) -> None:
        for number in range(25):
            execute(path, BROKEN["message-set-aside"].replace("m1", f"m{number:02}"))

        _, lines = report(path)

        [line] = [line for line in lines if "message-set-aside" in line]
        assert line.startswith("VIOLATED message-set-aside 25: m00 m01 ")
        assert line.endswith(f"m{SHOWN_MAX - 1} ...\n")

    def test_is_not_changed_by_the_questions(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as db:
            before = list(db.iterdump())

        report(path)

        with closing(sqlite3.connect(path)) as db:
            assert list(db.iterdump()) == before


class TestNothingToAsk:
    def test_is_told_with_what_to_set(self) -> None:
        said: list[str] = []

        assert main({}, said.append) == 2
        assert "SQL_CONNECTION_STRING" in said[0]

    def test_a_file_that_is_not_there_is_told_and_not_made(self, tmp_path: Path) -> None:
        code, [said] = report(tmp_path / "none.sqlite3")

        assert (code, said.startswith("not asked: ")) == (2, True)
        assert not (tmp_path / "none.sqlite3").exists()

    def test_a_database_without_our_tables_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "empty.sqlite3").touch()

        code, [said] = report(tmp_path / "empty.sqlite3")

        assert (code, said.startswith("not asked: ")) == (2, True)

    def test_a_connection_string_that_cannot_work_is_told_without_its_values(self) -> None:
        said: list[str] = []
        environ = {"SQL_CONNECTION_STRING": "Server=x;UID=u;PWD=hidden", "SQL_CREDENTIAL": "entra"}

        assert main(environ, said.append) == 2
        assert "hidden" not in said[0]


async def test_every_engine_can_be_asked(real_schema: tuple[Engine, First]) -> None:
    engine, _ = real_schema

    assert [answer.ids for answer in await ask(engine, NOW)] == [[] for _ in INVARIANTS]
