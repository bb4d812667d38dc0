"""A sample of the proof: no schedule of it has violations. `make prove` tries them all."""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from shared.payments.inquiry import OnNotFound
from tests.proof.chase_desk import Fault
from tests.proof.crashing import Fate, Point
from tests.proof.enumeration import sample
from tests.proof.invariants import violations_at_rest
from tests.proof.routes import ROUTES
from tests.proof.run import planned, trials, tried
from tests.proof.scenarios import scenarios
from tests.proof.schedule import Scenario, Schedule
from tests.proof.starts import STARTS, build
from tests.proof.world import open_world

# Every so many of the scenarios, and of each a few of its schedules. More: PROOF_SAMPLE=1000 make test
SAMPLE = int(os.environ.get("PROOF_SAMPLE") or 240)
EXITS = 10
FEWER = 6


@pytest.fixture(scope="module")
def schedules() -> Sequence[Schedule]:
    every = [*scenarios()]
    return planned(every if SAMPLE > 300 else every[::FEWER])


def test_wherever_a_process_dies_nobody_is_charged_twice_and_no_charge_is_lost(schedules: Sequence[Schedule]) -> None:
    in_process = [schedule for schedule in schedules if schedule.fate is not Fate.EXIT]

    report = tried(sample(in_process, SAMPLE))

    assert report.violated == {}
    assert report.tried == min(SAMPLE, len(in_process))
    assert report.died > report.tried * 0.9


def test_a_process_that_really_ends_leaves_nothing_else_behind(schedules: Sequence[Schedule]) -> None:
    exits = sample([schedule for schedule in schedules if schedule.fate is Fate.EXIT], EXITS)

    report = tried(exits)

    assert report.violated == {}
    assert report.exited == report.tried == EXITS


class TestWhatIsTried:
    def test_is_of_every_route_and_every_start(self) -> None:
        every = [*scenarios()]

        assert {scenario.route for scenario in every} == set(ROUTES)
        assert {scenario.start for scenario in every} == set(STARTS)
        assert len(set(every)) == len(every)

    def test_is_read_from_its_text(self) -> None:
        for scenario in scenarios():
            schedule = Schedule(scenario, Fate.FROZEN, Point(3, after=True), Point(2, after=False), hasty=True)

            assert Schedule.read(str(schedule)) == schedule

    def test_dies_before_and_after_every_port_call_of_a_route(self) -> None:
        scenario = Scenario("sale.card", "none")

        points = {schedule.point for schedule in planned([scenario])}
        with trials(with_children=False) as here:
            calls = here.calls_of(scenario)

        assert [call for call in calls if call in ("payments.begin_sale", "chase.sale", "payments.save")] == [
            "payments.begin_sale",
            "chase.sale",
            "payments.save",
        ]
        assert points == {Point(number, after) for number in range(1, len(calls) + 1) for after in (False, True)}


class TestTheInvariants:
    """A proof that cannot fail proves nothing: see also the seeded bugs."""

    @pytest.mark.parametrize(
        ("sql", "told"),
        [
            ("UPDATE payments SET state = 'failed'", "a lost charge"),
            ("UPDATE payments SET refund_reserved_minor = 5, captured_minor = 9", "5 is reserved"),
            ("UPDATE operations SET request_id = 'other'", "written down nowhere"),
            ("UPDATE operations SET inquire_at = NULL", "nobody asks whether it was captured"),
            ("UPDATE payments SET history_length = 7", "audit: cut_tail"),
            ("UPDATE payments SET instrument_kept = 1", "instrument_kept differ"),
        ],
    )
    def test_tell_what_is_wrong(self, sql: str, told: str, tmp_path: Path) -> None:
        asyncio.run(build("authorized", tmp_path / "world"))
        with closing(sqlite3.connect(tmp_path / "world" / "payments.sqlite3")) as db, db:
            db.execute("PRAGMA ignore_check_constraints=ON")
            newest = "SELECT MAX(id) FROM payments UNION SELECT MAX(id) FROM operations"
            db.execute(f"{sql} WHERE id IN ({newest})")

        with open_world(tmp_path / "world") as world:
            found = violations_at_rest(world, OnNotFound.MANUAL, Fault.NONE)

        assert any(told in violation for violation in found), found

    def test_find_nothing_where_nothing_is_wrong(self, tmp_path: Path) -> None:
        asyncio.run(build("authorized", tmp_path / "world"))

        with open_world(tmp_path / "world") as world:
            assert violations_at_rest(world, OnNotFound.MANUAL, Fault.NONE) == []
