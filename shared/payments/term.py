"""The days on which a rule is in force."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Term:
    """From the day `since` on, to the day before `until` (None: still in force). Days are UTC. Raises ValueError."""

    since: date
    until: date | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until <= self.since:
            raise ValueError(f"a rule in force since {self.since} cannot end before it: until {self.until}")

    def holds(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)

    def overlaps(self, other: "Term") -> bool:
        return self.since < (other.until or date.max) and other.since < (self.until or date.max)
