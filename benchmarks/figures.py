"""A row of the table: what was measured, what it must be, what it is to become, and whether it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.cells import Spread


@dataclass(frozen=True, slots=True)
class Limit:
    """`at_most` or at least `value`. `text` where the issue says it in words that are a number only in this run."""

    value: float
    at_most: bool = True
    text: str = ""

    def holds(self, value: float) -> bool:
        return value <= self.value if self.at_most else value >= self.value

    def __str__(self) -> str:
        return self.text or f"{'<=' if self.at_most else '>='} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a row; None where it could not be measured here (`note` says why). No `must`: it is reported."""

    what: str
    value: float | None
    unit: str = ""
    must: Limit | None = None
    aim: Limit | None = None
    spread: Spread | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """None where there is nothing to judge."""
        return None if self.value is None else self.must is None or self.must.holds(self.value)

    @property
    def aim_met(self) -> bool | None:
        return None if self.value is None or self.aim is None else self.aim.holds(self.value)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of issue 7's table."""

    number: int
    title: str
    figures: Sequence[Figure]

    @property
    def met(self) -> bool | None:
        """False if one figure is not met; None if none could be judged."""
        judged = [figure.met for figure in self.figures if figure.met is not None]
        return all(judged) if judged else None

    def as_json(self) -> dict[str, Any]:
        """A row of one figure has a value; one of several has lists, in the order of `what`."""
        return {
            "row": self.number,
            "title": self.title,
            "what": _one_or_all([figure.what for figure in self.figures]),
            "value": _one_or_all([_rounded(figure.value) for figure in self.figures]),
            "unit": _one_or_all([figure.unit for figure in self.figures]),
            "must": _one_or_all([_said(figure.must) for figure in self.figures]),
            "aim": _one_or_all([_said(figure.aim) for figure in self.figures]),
            "met": self.met,
            "aimMet": _one_or_all([figure.aim_met for figure in self.figures]),
            "spread": _one_or_all([_spread(figure.spread) for figure in self.figures]),
            "note": "; ".join(figure.note for figure in self.figures if figure.note),
        }


def ratio(
    what: str, spread: Spread | None, must: Limit | None = None, aim: Limit | None = None, note: str = ""
) -> Figure:
    """The median of `spread`; not measured where there is no yardstick."""
    if spread is None:
        return Figure(what, None, "x", must, aim, note="no yardstick beside the project")
    return Figure(what, spread.median, "x", must, aim, spread, note)


def _one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _said(limit: Limit | None) -> str | None:
    return None if limit is None else str(limit)


def _spread(spread: Spread | None) -> list[float | None] | None:
    return None if spread is None else [_rounded(spread.least), _rounded(spread.most)]
