"""
When to ask Chase what became of an operation, and when its silence counts.

An empty answer counts only when (a) it was asked long enough after the attempt's latest claim, (b) it has Chase's own
empty shape, and (c) the same code path has just found a known request-id: a wrong query must not pass for silence.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# Seconds after the answer was lost; after the last one, once a day: an unknown payment always has a next step.
SCHEDULE_S: Final = (2, 5, 15, 40, 90, 5 * 60, 15 * 60, 60 * 60, 6 * 3600, 24 * 3600)
_DAILY_S: Final = 24 * 3600

# The sale's own task makes these while its process lives; `reconciliation` makes the rest.
MADE_BY_THE_TASK: Final = 5

# A sale's bytes leave within this of its claim, or not at all: a frozen process must not wake and charge.
SEND_WITHIN_S: Final = 10
# Chase ends a transaction after this and may leave no record of it (Core concepts).
CHASE_ENDS_AFTER_S: Final = 70
# Longer than Chase's own end, so that its decision is normally seen.
READ_TIMEOUT_S: Final = 75
# SEND_WITHIN_S to leave, CHASE_ENDS_AFTER_S to end, and a margin of 10 s.
EMPTY_COUNTS_AFTER_S: Final = 90
EMPTIES_NEEDED: Final = 2

# SEND_WITHIN_S + READ_TIMEOUT_S + 5 s for commit 2: older than this, a submitted operation belongs to nobody.
ABANDONED_MARGIN_S: Final = 5

# Past its capture time by this, Chase is asked whether it captured; then again with the same patience as for a sale.
CONFIRM_CAPTURE_AFTER_S: Final = 120
_CONFIRM_AGAIN_S: Final = (60, 5 * 60, 15 * 60, 60 * 60, 6 * 3600)

# How long a found known request-id vouches for the look-up.
POSITIVE_CONTROL_FOR_S: Final = 600


class OnNotFound(StrEnum):
    """What two counted empties mean (setting ON_NOT_FOUND)."""

    MANUAL = "manual"
    RESEND_SAME_REQUEST_ID = "resend_same_request_id"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Unknowns:
    """How many outcomes are not known, and since when the oldest of them is not."""

    count: int
    since: datetime | None = None

    def oldest_s(self, now: datetime) -> float:
        return 0.0 if self.since is None else max(0.0, (now - self.since).total_seconds())


def offset_s(inquiries: int) -> int:
    """Seconds from the loss of the answer to the inquiry that follows `inquiries` earlier ones."""
    if inquiries < len(SCHEDULE_S):
        return SCHEDULE_S[inquiries]
    return SCHEDULE_S[-1] + (inquiries - len(SCHEDULE_S) + 1) * _DAILY_S


def confirm_again_s(inquiries: int) -> float:
    """Seconds to the next look at an authorization that was not captured when looked at `inquiries` times before."""
    return _CONFIRM_AGAIN_S[inquiries] if inquiries < len(_CONFIRM_AGAIN_S) else _DAILY_S


def inquiry_at(unknown_since: datetime, inquiries: int) -> datetime:
    """When the next inquiry is due, as it is shown to callers."""
    return unknown_since + timedelta(seconds=offset_s(inquiries))
