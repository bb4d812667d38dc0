"""How long waits really take. Production runs at pace 1; a laptop may shorten waits (LOCAL_TIME_SCALE)."""

from dataclasses import dataclass
from typing import Final

from shared.payments.inquiry import ABANDONED_MARGIN_S, CHASE_ENDS_AFTER_S, EMPTY_COUNTS_AFTER_S, SEND_WITHIN_S

# A laptop's simulator must be able to answer within this, however short the waits are made.
_READ_TIMEOUT_MIN_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """
    `scale` multiplies waits (0 < scale <= 1); `read_timeout_full_s` is Chase's read time-out before scaling.

    Where the read time-out is held at its minimum, Chase's end of a transaction and the moment from which an empty
    answer counts are moved along with it: their order, and the gaps between them, stay those of production.
    """

    scale: float = 1.0
    read_timeout_full_s: float = 75.0

    def wait_s(self, seconds: float) -> float:
        return seconds * self.scale

    @property
    def read_timeout_s(self) -> float:
        if self.scale == 1.0:
            return self.read_timeout_full_s
        return max(_READ_TIMEOUT_MIN_S, self.wait_s(self.read_timeout_full_s))

    @property
    def chase_ends_after_s(self) -> float:
        return self.wait_s(CHASE_ENDS_AFTER_S) + self._lift_s

    @property
    def empty_counts_after_s(self) -> float:
        return self.wait_s(EMPTY_COUNTS_AFTER_S) + self._lift_s

    @property
    def abandoned_after_s(self) -> float:
        """A `submitted` operation whose claim is older belongs to nobody; the send deadline is never scaled."""
        return SEND_WITHIN_S + self.read_timeout_s + self.wait_s(ABANDONED_MARGIN_S)

    @property
    def _lift_s(self) -> float:
        return self.read_timeout_s - self.wait_s(self.read_timeout_full_s)
