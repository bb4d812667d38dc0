"""Looks have fixed dates and are paid for: together they err no more often than one would."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.shadow.looks import ALPHA, latest_look, look, next_look
from tests.builders import NOW
from tests.shadow.steady import steady


def test_the_first_comes_after_two_days_and_then_one_a_week() -> None:
    days = [(look(NOW, number).at - NOW).days for number in range(1, 5)]

    assert days == [2, 9, 16, 23]


def test_each_may_err_less_than_the_one_before_and_all_together_no_more_than_alpha() -> None:
    alphas = [look(NOW, number).alpha for number in range(1, 10_001)]

    assert alphas[:3] == pytest.approx([0.025, 0.05 / 6, 0.05 / 12])
    assert alphas == sorted(alphas, reverse=True)
    assert 0.9999 * ALPHA < sum(alphas) < ALPHA


@pytest.mark.parametrize(
    ("after", "number"),
    [
        (timedelta(0), None),
        (timedelta(days=2) - timedelta(milliseconds=1), None),
        (timedelta(days=2), 1),
        (timedelta(days=9) - timedelta(milliseconds=1), 1),
        (timedelta(days=9), 2),
        (timedelta(days=-1), None),
    ],
)
def test_between_two_dates_the_earlier_look_stands(after: timedelta, number: int | None) -> None:
    found = latest_look(NOW, NOW + after)

    assert (found.number if found else None) == number


@steady
@given(st.integers(0, 10**6))
def test_the_next_one_is_always_to_come(minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    latest, following = latest_look(NOW, now), next_look(NOW, now)

    assert following.at > now
    assert following.number == (latest.number if latest else 0) + 1
