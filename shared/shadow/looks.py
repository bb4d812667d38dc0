"""
When the evidence is looked at, and what each look costs.

Who looks every day until it fits will see it fit by chance. So the looks have fixed dates, and together they may err
with probability ALPHA: look j spends ALPHA / (j (j + 1)), which sums to ALPHA over looks without end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

ALPHA: Final = 0.05
# Days after a step began: its first look after the shortest dwell, then weekly.
FIRST_LOOK_AFTER: Final = timedelta(days=2)
LOOK_EVERY: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Look:
    """The `number`th look (from 1) at a step's evidence, at `at`, which may err with probability `alpha`."""

    number: int
    at: datetime
    alpha: float


def look(began: datetime, number: int) -> Look:
    """The `number`th look of a step that began then."""
    at = began + FIRST_LOOK_AFTER + LOOK_EVERY * (number - 1)
    return Look(number, at, ALPHA / (number * (number + 1)))


def latest_look(began: datetime, now: datetime) -> Look | None:
    """The last look whose date has come; None before the first. Evidence from after it waits for the next."""
    since_first = now - began - FIRST_LOOK_AFTER
    return None if since_first < timedelta() else look(began, since_first // LOOK_EVERY + 1)


def next_look(began: datetime, now: datetime) -> Look:
    """The first look whose date is still to come."""
    latest = latest_look(began, now)
    return look(began, latest.number + 1 if latest else 1)
