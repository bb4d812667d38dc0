"""
When a payment's outcome is final, and the banking days that ACH counts in.

Holidays are those on which the Federal Reserve Banks are closed (federalreserve.gov, Holidays Observed): one that
falls on a Sunday is kept on the Monday after it; one that falls on a Saturday is not kept at all.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from shared.payments.requests import MethodType

# After this day, weekends alone are known: the report says so in good time.
KNOWN_THROUGH: Final = date(2030, 12, 31)

# fmt: off
HOLIDAYS: Final = frozenset(date.fromisoformat(day) for day in (
    # New Year, King, Washington, Memorial, Juneteenth, Independence, Labor, Columbus, Veterans, Thanksgiving, Christmas
    "2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19",
    "2026-09-07", "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25",
    "2027-01-01", "2027-01-18", "2027-02-15", "2027-05-31", "2027-07-05",
    "2027-09-06", "2027-10-11", "2027-11-11", "2027-11-25",
    "2028-01-17", "2028-02-21", "2028-05-29", "2028-06-19", "2028-07-04",
    "2028-09-04", "2028-10-09", "2028-11-23", "2028-12-25",
    "2029-01-01", "2029-01-15", "2029-02-19", "2029-05-28", "2029-06-19", "2029-07-04",
    "2029-09-03", "2029-10-08", "2029-11-12", "2029-11-22", "2029-12-25",
    "2030-01-01", "2030-01-21", "2030-02-18", "2030-05-27", "2030-06-19", "2030-07-04",
    "2030-09-02", "2030-10-14", "2030-11-11", "2030-11-28", "2030-12-25",
))
# fmt: on

# Most returns for want of money come within two banking days; what came by the fifth is all but unauthorized debits.
ACH_FINAL_AFTER: Final = (2, 5)

# The banks' day is New York's; its standard time is used all year, so that a day is never counted too early.
_EASTERN_STANDARD: Final = timedelta(hours=-5)


def is_banking_day(day: date) -> bool:
    """Whether the Federal Reserve Banks are open."""
    return day.weekday() < 5 and day not in HOLIDAYS


def banking_days_after(day: date, count: int) -> date:
    """The `count`th banking day after `day`."""
    while count:
        day += timedelta(days=1)
        count -= is_banking_day(day)
    return day


def final_at(method: str, at: datetime) -> tuple[datetime, ...]:
    """
    When a pair charged at `at` (UTC) is compared again, earliest first.

    Cards and wallets: a day later. ACH: at the end of the second and of the fifth banking day after New York's date.
    """
    if method != MethodType.ACH:
        return (at + timedelta(days=1),)
    day = (at + _EASTERN_STANDARD).date()
    return tuple(_end_of(banking_days_after(day, count)) for count in ACH_FINAL_AFTER)


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC) - _EASTERN_STANDARD
