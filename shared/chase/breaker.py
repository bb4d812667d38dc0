"""A circuit breaker: while Chase is down, money-moving calls fail at once instead of queueing behind its time-outs."""

from collections.abc import Callable
from enum import StrEnum


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """
    Opens after `failures_max` failures in a row, and lets one probe through per `cooldown_s` after that.

    Only what moves money asks it: an inquiry is always let through. `boot_s` is the clock.
    """

    def __init__(self, *, failures_max: int, cooldown_s: float, boot_s: Callable[[], float]) -> None:
        self._failures_max = failures_max
        self._cooldown_s = cooldown_s
        self._boot_s = boot_s
        self._failures = 0
        self._probe_at_s = 0.0

    @property
    def state(self) -> BreakerState:
        if self._failures < self._failures_max:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._boot_s() < self._probe_at_s else BreakerState.HALF_OPEN

    def may_send(self) -> bool:
        """Whether a call may go out. Half open, this one is the probe; the next waits for it or a cool-down."""
        state = self.state
        if state is BreakerState.HALF_OPEN:
            # Counted from the probe's start, so that a probe that is cancelled cannot keep the breaker shut for ever.
            self._probe_at_s = self._boot_s() + self._cooldown_s
        return state is not BreakerState.OPEN

    def note(self, *, failed: bool) -> bool:
        """Record how a call went. True if this one opened the breaker."""
        if not failed:
            self._failures = 0
            return False
        self._failures += 1
        if self._failures >= self._failures_max:
            self._probe_at_s = self._boot_s() + self._cooldown_s
        return self._failures == self._failures_max
