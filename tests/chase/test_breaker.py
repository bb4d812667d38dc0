"""Closed, open, half open: by failures in a row and by the clock."""

import pytest

from shared.chase.breaker import Breaker, BreakerState
from tests.chase.desk import Clock


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(failures_max=3, cooldown_s=15.0, boot_s=clock.boot_s)


@pytest.fixture
def opened(breaker: Breaker) -> Breaker:
    for _ in range(3):
        breaker.note(failed=True)
    return breaker


def test_failures_in_a_row_open_it_and_that_is_said_once(breaker: Breaker) -> None:
    said = [breaker.note(failed=True) for _ in range(5)]

    assert said == [False, False, True, False, False]
    assert breaker.state is BreakerState.OPEN
    assert not breaker.may_send()


def test_an_answer_between_failures_keeps_it_closed(breaker: Breaker) -> None:
    for failed in (True, True, False, True, True):
        breaker.note(failed=failed)

    assert breaker.state is BreakerState.CLOSED
    assert breaker.may_send()


def test_it_lets_one_probe_through_after_its_cool_down(opened: Breaker, clock: Clock) -> None:
    clock.now_s += 15.0
    before = opened.state

    let_through = [opened.may_send() for _ in range(3)]

    assert before is BreakerState.HALF_OPEN
    assert let_through == [True, False, False]


def test_a_probe_that_is_answered_closes_it(opened: Breaker, clock: Clock) -> None:
    clock.now_s += 15.0
    opened.may_send()

    opened.note(failed=False)

    assert opened.state is BreakerState.CLOSED


def test_a_probe_that_fails_keeps_it_open_for_another_cool_down(opened: Breaker, clock: Clock) -> None:
    clock.now_s += 15.0
    opened.may_send()
    clock.now_s += 10.0

    opened.note(failed=True)

    clock.now_s += 14.9
    assert opened.state is BreakerState.OPEN
    clock.now_s += 0.1
    assert opened.state is BreakerState.HALF_OPEN


def test_a_probe_that_never_reports_does_not_keep_it_open_for_ever(opened: Breaker, clock: Clock) -> None:
    clock.now_s += 15.0
    opened.may_send()

    clock.now_s += 15.0

    assert opened.may_send()
