"""Thousands of bills through every fault on either side, kills of CTP and changing percentages: each charged once."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctp import Attempt, Bill, Phase, Report
from tests.ctp.fake_service import FATES
from tests.ctp.faults import FAULTS, Killed, scripted
from tests.ctp.town import Life, Town, a_bill, judged

# A larger run: CTP_BILLS=10000 python -m pytest tests/ctp/test_every_bill_once.py
BILLS = int(os.environ.get("CTP_BILLS") or 4000)
SEEDS = 8


@pytest.mark.parametrize("seed", range(SEEDS))
def test_each_bill_is_charged_once_or_open_with_a_written_reason(seed: int) -> None:
    life, bills = Life(seed), [a_bill(number) for number in range(BILLS // SEEDS)]
    life.break_everything()

    life.collect(bills)

    attempts = [life.town.last(bill) for bill in bills if bill.reference in life.town.store.last]
    for attempt in attempts:
        judged(life.town, attempt)
    assert life.kills > BILLS // SEEDS // 20, "hardly anything was killed: this proved little"
    _every_way_was_taken(life, attempts)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_once_the_faults_are_over_every_bill_is_charged_exactly_once(seed: int) -> None:
    life, bills = Life(1000 + seed), [a_bill(number) for number in range(BILLS // SEEDS // 4)]
    life.break_everything()
    life.collect(bills)

    for _ in range(4):
        life.settle(bills)
        for bill in bills:
            judged(life.town, life.town.collect(bill))

    assert {bill.reference: life.town.charges(bill) for bill in bills} == {bill.reference: 1 for bill in bills}
    assert {life.town.last(bill).phase for bill in bills} == {Phase.CHARGED}
    assert Report.DUE not in life.town.client.reports()


SCHEDULE = st.lists(st.sampled_from((None, *FAULTS)), max_size=6)
KILLS = st.lists(st.sampled_from((None, None, "kill_before", "kill_after")), max_size=8)
FAILURES = st.lists(st.sampled_from((None, "drop_before", "drop_after", "kill_before", "kill_after")), max_size=3)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    at_service=SCHEDULE,
    at_store=KILLS,
    at_existing=FAILURES,
    fates=st.lists(st.sampled_from(FATES), max_size=3),
    mode=st.sampled_from(("live", "shadow", "off")),
    gives_up=st.booleans(),
    pause_s=st.sampled_from((1, 400, 1000)),
)
def test_no_schedule_of_faults_charges_a_bill_twice(
    at_service: list[str | None],
    at_store: list[str | None],
    at_existing: list[str | None],
    fates: list[str],
    mode: str,
    gives_up: bool,
    pause_s: float,
) -> None:
    town, bill, left = Town(), a_bill(), iter(fates)
    town.service.mode, town.service.fate = mode, lambda: next(left, "approved")
    for schedule, where in ((at_service, "service"), (at_store, "store"), (at_existing, "existing")):
        town.faults(scripted(*schedule), at=where)

    for life in range(len(at_store) + len(at_service) + len(at_existing) + 6):
        _live(town, bill, gives_up=gives_up and life == 1)
        assert town.charges(bill) <= 1
        town.clock.advance(pause_s)
        town.transport.deliver_late()
        if life > 2:
            town.service.resolve()

    judged(town, town.collect(bill))
    assert town.charges(bill) <= 1


@pytest.mark.parametrize("kind", ["kill_before", "kill_after"])
@pytest.mark.parametrize("mode", ["live", "shadow", "off"])
def test_a_kill_at_any_write_is_survived(mode: str, kind: str) -> None:
    survived = 0
    for nth in range(10):
        town, bill = Town(), a_bill()
        town.service.mode = mode
        town.faults(scripted(*[None] * nth, kind), at="store")
        try:
            town.collect(bill)
            town.client.tick()
        except Killed:
            survived += 1
            town.restart()
        town.faults(scripted(), at="store")

        town.client.resume()
        town.client.tick()
        attempt = town.collect(bill)

        assert (attempt.phase, town.charges(bill)) == (Phase.CHARGED, 1)
        judged(town, attempt)

    assert survived >= 3


class ForgetfulBooks:
    """A store that says "written" and is not, as one without a sync is at a power cut."""

    def __init__(self, town: Town) -> None:
        self._store = town.books
        self.held: dict[str, Attempt] = {}

    def replace(self, before: Attempt, after: Attempt) -> None:
        self.held[after.id] = after

    def get(self, attempt_id: str) -> Attempt | None:
        return self.held.get(attempt_id) or self._store.get(attempt_id)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_a_store_that_forgets_charges_twice_which_is_why_it_must_be_durable() -> None:
    town, bill = Town(), a_bill()
    forgetful = ForgetfulBooks(town)
    town.store._store = forgetful  # type: ignore[assignment]  # a store in everything but its promise
    town.faults(scripted("drop_after"), at="service")
    town.collect(bill)  # the live decision is lost: written down as existing, and charged

    forgetful.held.clear()  # the power cut
    town.restart()
    town.client.resume()

    assert town.charges(bill) == 2


def _live(town: Town, bill: Bill, *, gives_up: bool) -> None:
    try:
        attempt = town.collect(bill)
        if gives_up:
            town.client.give_up(attempt.id, "the payer has gone", patience_s=0)
        town.client.tick()
    except Killed:
        town.restart()


def _every_way_was_taken(life: Life, attempts: list[Attempt]) -> None:
    phases = {attempt.phase for attempt in attempts}
    assert {Phase.CHARGED, Phase.DECLINED} <= phases
    assert any(attempt.mode == "live" and attempt.processor == "existing" for attempt in attempts), "no fall back"
    assert {attempt.processor for attempt in attempts if attempt.phase is Phase.CHARGED} == {"chase", "existing"}
    assert {attempt.mode for attempt in attempts} == {"live", "shadow", "off", None}
