"""The words of a comparison: when it is made, what it says of a field, and what it says of a pair."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final


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


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as it is kept beside its pair."""
    return {
        "stage": comparison.stage.value,
        "verdict": comparison.verdict.value,
        "severity": None if comparison.severity is None else comparison.severity.name.lower(),
        "fields": [
            {
                "field": field.name,
                "control": field.control,
                "candidate": field.candidate,
                "verdict": field.verdict.value,
                "severity": field.severity.name.lower(),
                "reason": field.reason,
            }
            for field in comparison.fields
        ],
    }


def read_comparison(kept: Mapping[str, Any]) -> Comparison:
    """The comparison that was kept. Raises KeyError or ValueError for what `as_json` did not write."""
    severity = kept["severity"]
    return Comparison(
        Stage(kept["stage"]),
        Verdict(kept["verdict"]),
        None if severity is None else Severity[severity.upper()],
        tuple(
            FieldResult(
                field["field"],
                field["control"],
                field["candidate"],
                Verdict(field["verdict"]),
                Severity[field["severity"].upper()],
                field["reason"],
            )
            for field in kept["fields"]
        ),
    )


class Kept:
    """
    Reads many comparisons: those without a difference share one object for each pattern of verdicts and reasons.

    Such a one does without both sides' values, which nobody looks at where they do not differ: tens of thousands of
    pairs are counted in the time of a few, and take little memory.
    """

    def __init__(self) -> None:
        self._known: dict[object, Comparison] = {}

    def read(self, kept: Mapping[str, Any]) -> Comparison:
        """As `read_comparison`. Raises KeyError or ValueError for what `as_json` did not write."""
        if kept["verdict"] == Verdict.MISMATCH:
            return read_comparison(kept)
        pattern = (
            kept["stage"],
            kept["verdict"],
            kept["severity"],
            *[(field["field"], field["verdict"], field["severity"], field["reason"]) for field in kept["fields"]],
        )
        found = self._known.get(pattern)
        if found is None:
            bare = [{**field, "control": None, "candidate": None} for field in kept["fields"]]
            found = self._known[pattern] = read_comparison({**kept, "fields": bare})
        return found
