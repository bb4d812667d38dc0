"""
Retry strategies as data: per operation and class of outcome, how often and how patiently we send again.

One layer retries: this one. A strategy that would send a money-moving call again after silence is refused at start-up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Call(StrEnum):
    """What we ask of Chase, as far as retrying goes."""

    SALE = "sale"
    VOID = "void"
    REFUND = "refund"
    INQUIRY = "inquiry"
    TOKEN = "token"  # noqa: S105 - a kind of call


class OutcomeClass(StrEnum):
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class OnExhaust(StrEnum):
    """What follows the last attempt: answer the caller, keep it for chase_retry, or inquire on the schedule."""

    ANSWER = "answer"
    QUEUE = "queue"
    INQUIRE = "inquire"


MOVES_MONEY: Final = frozenset({Call.SALE, Call.VOID, Call.REFUND})


class UnsafeRetryStrategy(ValueError):
    """The strategy would resend a money-moving call whose outcome is unknown."""


@dataclass(frozen=True, slots=True)
class RetryStrategy:
    """
    At most `attempts` sends within `deadline_s`; before the n-th resend a wait of U(0, min(cap_s, base_s * 2^(n-1))).

    (Full jitter.) Raises UnsafeRetryStrategy or ValueError, naming call and class.
    """

    call: Call
    on: OutcomeClass
    attempts: int
    base_s: float
    cap_s: float
    deadline_s: float
    on_exhaust: OnExhaust

    def __post_init__(self) -> None:
        if self.on is OutcomeClass.UNKNOWN and self.call in MOVES_MONEY and self.attempts != 1:
            raise UnsafeRetryStrategy(
                f"{self.call} x unknown: attempts must be 1; silence is inquired about, not resent"
            )
        if not 1 <= self.attempts <= 10:
            raise ValueError(f"{self.call} x {self.on}: attempts must be 1 to 10")
        if not 0 <= self.base_s <= self.cap_s <= self.deadline_s:
            raise ValueError(f"{self.call} x {self.on}: 0 <= base_s <= cap_s <= deadline_s must hold")

    def wait_at_most_s(self, resend: int) -> float:
        """The upper end of the jitter before the `resend`-th resend (from 1)."""
        return min(self.cap_s, self.base_s * 2.0 ** (resend - 1))


Strategies = Mapping[tuple[Call, OutcomeClass], RetryStrategy]

_C, _O, _X = Call, OutcomeClass, OnExhaust

# A sale's resends must leave within its 10 s; 8 leaves room for the last connect.
DEFAULT_STRATEGIES: Final = (
    RetryStrategy(_C.SALE, _O.NOT_SENT, attempts=3, base_s=0.2, cap_s=1.0, deadline_s=8, on_exhaust=_X.ANSWER),
    RetryStrategy(_C.SALE, _O.UNKNOWN, attempts=1, base_s=0, cap_s=0, deadline_s=8, on_exhaust=_X.INQUIRE),
    RetryStrategy(_C.VOID, _O.NOT_SENT, attempts=3, base_s=0.2, cap_s=1.0, deadline_s=8, on_exhaust=_X.QUEUE),
    RetryStrategy(_C.VOID, _O.UNKNOWN, attempts=1, base_s=0, cap_s=0, deadline_s=8, on_exhaust=_X.INQUIRE),
    RetryStrategy(_C.REFUND, _O.NOT_SENT, attempts=3, base_s=0.2, cap_s=1.0, deadline_s=8, on_exhaust=_X.QUEUE),
    RetryStrategy(_C.REFUND, _O.UNKNOWN, attempts=1, base_s=0, cap_s=0, deadline_s=8, on_exhaust=_X.INQUIRE),
    RetryStrategy(_C.INQUIRY, _O.NOT_SENT, attempts=3, base_s=0.2, cap_s=1.0, deadline_s=8, on_exhaust=_X.INQUIRE),
    RetryStrategy(_C.INQUIRY, _O.UNKNOWN, attempts=2, base_s=0.5, cap_s=1.0, deadline_s=90, on_exhaust=_X.INQUIRE),
    RetryStrategy(_C.TOKEN, _O.NOT_SENT, attempts=2, base_s=0.2, cap_s=1.0, deadline_s=8, on_exhaust=_X.ANSWER),
    RetryStrategy(_C.TOKEN, _O.UNKNOWN, attempts=2, base_s=0.2, cap_s=1.0, deadline_s=8, on_exhaust=_X.ANSWER),
)


def strategies(*changed: RetryStrategy) -> Strategies:
    """The defaults with `changed` in place of their namesakes."""
    return {(strategy.call, strategy.on): strategy for strategy in (*DEFAULT_STRATEGIES, *changed)}
