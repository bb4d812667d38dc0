"""When an outcome is final: banking days are counted by the Federal Reserve's calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.shadow.banking_days import HOLIDAYS, KNOWN_THROUGH, banking_days_after, final_at, is_banking_day
from tests.shadow.steady import steady

MONDAY, THURSDAY = 0, 3


def nth(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))


def last(year: int, month: int, weekday: int) -> date:
    return max(day for count in (4, 5) if (day := nth(year, month, weekday, count)).month == month)


def observed(year: int) -> set[date]:
    """By the law's own rule, not from a list: 5 U.S.C. 6103, and the Reserve Banks' for Saturdays and Sundays."""
    dated = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    floating = {
        nth(year, 1, MONDAY, 3),
        nth(year, 2, MONDAY, 3),
        last(year, 5, MONDAY),
        nth(year, 9, MONDAY, 1),
        nth(year, 10, MONDAY, 2),
        nth(year, 11, THURSDAY, 4),
    }
    return floating | {day + timedelta(days=day.weekday() == 6) for day in dated if day.weekday() != 5}


def test_the_dated_holidays_are_those_of_the_rule_for_every_year_that_is_known() -> None:
    assert {day for year in range(2026, KNOWN_THROUGH.year + 1) for day in observed(year)} == HOLIDAYS


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 7, 3), True),  # Independence Day falls on a Saturday: the Friday before is open
        (date(2027, 7, 5), False),  # on a Sunday: the Monday after is closed
        (date(2026, 11, 26), False),  # Thanksgiving
        (date(2026, 11, 27), True),
        (date(2026, 11, 28), False),  # a Saturday
    ],
)
def test_banks_are_open_on_weekdays_that_are_no_holiday(day: date, open_: bool) -> None:
    assert is_banking_day(day) is open_


@steady
@given(st.dates(date(2026, 1, 1), date(2030, 12, 1)), st.integers(1, 10))
def test_the_days_after_a_day_are_counted_one_by_one(day: date, count: int) -> None:
    found = banking_days_after(day, count)
    between = [day + timedelta(days=offset) for offset in range(1, (found - day).days + 1)]

    assert is_banking_day(found)
    assert sum(is_banking_day(each) for each in between) == count


def test_a_card_is_final_a_day_later() -> None:
    at = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)

    assert final_at("card", at) == final_at("applePay", at) == (at + timedelta(days=1),)


def test_ach_is_final_after_two_and_after_five_banking_days() -> None:
    # Wednesday before Thanksgiving: Friday, Monday | Tuesday, Wednesday, Thursday; each day ends at 05:00 UTC.
    at = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)

    assert final_at("ach", at) == (
        datetime(2026, 12, 1, 5, 0, tzinfo=UTC),
        datetime(2026, 12, 4, 5, 0, tzinfo=UTC),
    )


def test_the_day_is_that_of_new_york_not_of_greenwich() -> None:
    late_on_monday = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)

    assert final_at("ach", late_on_monday)[0] == datetime(2026, 12, 3, 5, 0, tzinfo=UTC)
