"""Attempts at rest: one open or charged per bill, no write over another's, nothing lost."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ctp import Attempt, ChangedMeanwhile, Control, GivingUp, Phase, Processor, Report, SqliteAttempts
from ctp.attempt import HOLDS_BILL, OPEN
from ctp.protocol import new_attempt
from ctp.sqlite_store import _SELECT
from tests.ctp.fake_service import Clock
from tests.ctp.town import a_bill

NOW = Clock().at


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "attempts.sqlite3"


@pytest.fixture
def store(file: Path) -> Iterator[SqliteAttempts]:
    store = SqliteAttempts(file)
    yield store
    store.close()


def an_attempt(number: int = 1, bill: int = 1) -> Attempt:
    return new_attempt(a_bill(bill), f"att-{number}", NOW)


def moved(store: SqliteAttempts, attempt: Attempt, **changed: object) -> Attempt:
    after = replace(attempt, version=attempt.version + 1, **changed)  # type: ignore[arg-type]  # its fields
    store.replace(attempt, after)
    return after


def test_every_field_comes_back_after_a_restart(store: SqliteAttempts, file: Path) -> None:
    attempt = store.begin(an_attempt())
    full = moved(
        store,
        attempt,
        phase=Phase.CHARGED,
        reason="approved",
        due_at=NOW + timedelta(milliseconds=1500),
        mode="shadow",
        giving_up=GivingUp.WHATEVER_IS_THERE,
        tries=3,
        processor=Processor.EXISTING,
        payment_id="pay_1",
        payment_state="unknown",
        other_payment_id="pay_2",
        control=Control("approved", "00", 12599, 81, "ref-1"),
        report=Report.DUE,
        report_tries=2,
    )

    again = SqliteAttempts(file)

    assert (again.get("att-1"), again.get("att-2")) == (full, None)
    again.close()


@pytest.mark.parametrize("phase", Phase)
def test_a_bill_has_one_attempt_that_is_open_or_charged(store: SqliteAttempts, phase: Phase) -> None:
    first = moved(store, store.begin(an_attempt(1)), phase=phase)

    standing = store.begin(an_attempt(2))

    assert standing == (first if phase in HOLDS_BILL else an_attempt(2))
    assert store.begin(an_attempt(3, bill=3)) == an_attempt(3, bill=3)


def test_an_attempt_begun_again_is_what_became_of_it(store: SqliteAttempts) -> None:
    first = moved(store, store.begin(an_attempt()), phase=Phase.CLOSED)

    assert store.begin(an_attempt()) == first


def test_an_attempt_id_of_another_bill_is_refused(store: SqliteAttempts) -> None:
    store.begin(an_attempt(1, bill=1))

    with pytest.raises(ValueError, match="another bill"):
        store.begin(an_attempt(1, bill=2))


def test_an_amount_that_is_none_is_refused(store: SqliteAttempts) -> None:
    with pytest.raises(ValueError, match="amount"):
        store.begin(new_attempt(a_bill(amount_minor=0), "att-1", NOW))


def test_a_change_of_what_has_changed_meanwhile_is_refused(store: SqliteAttempts) -> None:
    read = store.begin(an_attempt())
    won = moved(store, read, phase=Phase.EXISTING)

    with pytest.raises(ChangedMeanwhile):
        moved(store, read, phase=Phase.LIVE)

    assert store.get("att-1") == won


def test_a_reason_must_be_written(store: SqliteAttempts) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        moved(store, store.begin(an_attempt()), reason="")


def test_what_is_due_is_found_the_longest_waiting_first(store: SqliteAttempts) -> None:
    for number, phase in enumerate(Phase):
        attempt = store.begin(an_attempt(number, bill=number))
        moved(store, attempt, phase=phase, due_at=NOW - timedelta(seconds=number), report=Report.DUE)
    later = moved(store, store.begin(an_attempt(99, bill=99)), due_at=NOW + timedelta(milliseconds=1))

    due = store.open_attempts(NOW, 100)

    assert [attempt.phase for attempt in due] == list(reversed([phase for phase in Phase if phase in OPEN]))
    assert store.open_attempts(later.due_at, 100)[-1] == later
    assert len(store.open_attempts(NOW, 2)) == 2
    assert len(store.reports_due(NOW, 100)) == store.reports_due_count() == len(Phase)


def test_reports_are_counted(store: SqliteAttempts) -> None:
    for number, report in enumerate((Report.NONE, Report.DUE, Report.SENT, Report.SENT, Report.LOST)):
        moved(store, store.begin(an_attempt(number, bill=number)), phase=Phase.CHARGED, report=report)

    assert store.reports() == {Report.DUE: 1, Report.SENT: 2, Report.LOST: 1}


def test_every_commit_is_on_disk_before_it_returns(store: SqliteAttempts) -> None:
    pragma = {
        name: store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
    }

    assert pragma == {"journal_mode": "wal", "synchronous": 2}


def test_no_instrument_has_a_column(store: SqliteAttempts) -> None:
    columns = {row[1] for row in store._connection.execute("PRAGMA table_info(attempts)")}

    assert columns & {"number", "cvv", "sale", "body", "account_number"} == set()
    assert len(columns) == 21


@pytest.mark.parametrize(
    "query", ["phase IN ('existing', 'live', 'new', 'shadow') AND due_at <= '3'", "report = 'due'"]
)
def test_what_is_due_is_found_by_an_index(store: SqliteAttempts, query: str) -> None:
    (plan,) = store._connection.execute(f"EXPLAIN QUERY PLAN {_SELECT} WHERE {query} ORDER BY due_at")

    assert "USING INDEX" in plan[-1]


def test_two_processes_that_begin_at_once_agree_on_one_attempt(file: Path) -> None:
    stores = [SqliteAttempts(file) for _ in range(4)]
    standing: list[list[str]] = [[] for _ in stores]

    def begin(number: int) -> None:
        for bill in range(25):
            standing[number].append(stores[number].begin(an_attempt(1000 * number + bill, bill=bill)).id)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()

    assert all(each == standing[0] for each in standing)
    assert set(Counter(standing[0]).values()) == {1}
