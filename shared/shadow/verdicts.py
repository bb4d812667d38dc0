"""The words of a comparison: when it is made, what it says of a field, and what it says of a pair."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class Stage(StrEnum):
    """When a pair is compared: as soon as both sides are there, and again when the outcome is final."""

    FIRST = "first"
    FINAL = "final"


class Verdict(StrEnum):
    MATCH = "match"
    EXPLAINED = "explained"
    MISMATCH = "mismatch"
    NOT_COMPARABLE = "not_comparable"
    IGNORED = "ignored"


class Severity(IntEnum):
    """How bad a mismatch is: the greater, the worse."""

    COSMETIC = 1
    CODE = 2
    STATE = 3
    MONEY = 4


# A mismatch of these counts against readiness; the others are shown.
SEVERE: Final = frozenset({Severity.MONEY, Severity.STATE})


@dataclass(frozen=True, slots=True)
class FieldResult:
    """One field of a pair. `reason` says why it is not comparable, ignored or explained (the rule's id), else None."""

    name: str
    control: str | None
    candidate: str | None
    verdict: Verdict
    severity: Severity
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A pair's verdict; `severity` is that of its worst mismatch, None where there is none."""

    stage: Stage
    verdict: Verdict
    severity: Severity | None
    fields: tuple[FieldResult, ...]

    @property
    def severe(self) -> bool:
        return self.severity in SEVERE

    @property
    def differing(self) -> tuple[FieldResult, ...]:
        return tuple(field for field in self.fields if field.verdict is Verdict.MISMATCH)
