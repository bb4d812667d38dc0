"""
Whether the evidence allows the next step: ready, or not ready because.

From shadow to live the upper bound of the severe-mismatch rate decides; between live steps the approval rate against
the existing processor's arm does. Both are looked at on fixed dates, and each look is paid for (looks.py).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from shared.payments.operations import OperationKind
from shared.shadow.document import Mode
from shared.shadow.evidence import APPROVAL_MARGIN, COVERAGE_MIN, TARGETS, Arms, Evidence, Standing, Stratum
from shared.shadow.intervals import clopper_pearson_upper, newcombe, pairs_needed
from shared.shadow.ladder import Step, next_step
from shared.shadow.looks import Look, latest_look, next_look


@dataclass(frozen=True, slots=True)
class Bound:
    """The upper bound of a stratum's severe-mismatch rate at the latest look, against its target."""

    stratum: Stratum
    severe: int
    pairs: int
    upper: float
    target: float
    alpha: float

    @property
    def missing(self) -> int:
        """How many more pairs without a severe mismatch would bring the bound down to its target."""
        return max(0, pairs_needed(self.severe, self.target, self.alpha) - self.pairs)


@dataclass(frozen=True, slots=True)
class Readiness:
    """
    Whether a biller and method may take `next_step` (None: there is none above).

    `reasons` say what is missing, one sentence each, and are empty where it is ready. `next_look_at` is when the
    evidence counts anew; `dwell_until` when the step has lasted long enough.
    """

    standing: Standing
    next_step: Step | None
    reasons: tuple[str, ...]
    dwell_until: datetime
    look: Look | None
    next_look_at: datetime
    bounds: tuple[Bound, ...]

    @property
    def ready(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class _Case:
    standing: Standing
    evidence: Mapping[Stratum, Evidence]
    arms: Arms
    look: Look | None
    now: datetime

    def of(self, stratum: Stratum) -> Evidence:
        return self.evidence.get(stratum, Evidence())

    @property
    def dwell(self) -> timedelta:
        return timedelta(hours=self.standing.minimum_dwell_hours)


def readiness(standing: Standing, evidence: Mapping[Stratum, Evidence], arms: Arms, *, now: datetime) -> Readiness:
    """Whether the step above may be taken at `now`, on evidence since the present one began."""
    above, look = next_step(standing.step), latest_look(standing.began, now)
    case = _Case(standing, evidence, arms, look, now)
    checks = _REQUIRED[standing.step.mode, above.mode] if above else ()
    return Readiness(
        standing,
        above,
        tuple(reason for check in checks for reason in check(case)),
        standing.began + case.dwell,
        look,
        next_look(standing.began, now).at,
        tuple(_bounds(case)),
    )


def _bounds(case: _Case) -> Iterator[Bound]:
    if case.look is None:
        return
    for pooled, operation, target in TARGETS:
        stratum = case.standing.stratum(operation, pooled=pooled)
        found = case.of(stratum)
        # A severe mismatch from after the look counts, though its pair does not yet: then there is one more trial.
        trials = max(found.pairs, found.severe)
        upper = clopper_pearson_upper(found.severe, trials, case.look.alpha)
        yield Bound(stratum, found.severe, trials, upper, target, case.look.alpha)


def _dwell(case: _Case) -> Iterator[str]:
    stood = case.now - case.standing.began
    if stood < case.dwell:
        yield f"dwell: {stood // timedelta(hours=1)} h of {case.standing.minimum_dwell_hours} h"


def _coverage(case: _Case) -> Iterator[str]:
    coverage = case.of(case.standing.stratum(OperationKind.SALE)).coverage
    if coverage is None:
        yield "no sale was eligible for comparison yet"
    elif coverage < COVERAGE_MIN:
        yield f"coverage {_percent(coverage)} < {_percent(COVERAGE_MIN)}"


def _looked(case: _Case) -> Iterator[str]:
    if case.look is None:
        yield f"the first look is on {next_look(case.standing.began, case.now).at:%Y-%m-%d %H:%M} UTC"


def _mismatches(case: _Case) -> Iterator[str]:
    yield from _looked(case)
    for bound in _bounds(case):
        if bound.upper > bound.target:
            if bound.severe:
                yield f"{_counted(bound.severe, 'severe mismatch', 'severe mismatches')} in {bound.stratum}"
            yield f"needs {_counted(bound.missing, 'more comparable pair', 'more comparable pairs')} in {bound.stratum}"


def _still_matching(case: _Case) -> Iterator[str]:
    """Shadow goes on beside live where `otherwise` says so: it need not prove anything again, nor disprove it."""
    for bound in _bounds(case):
        if bound.severe > bound.target * bound.pairs:
            yield f"{_counted(bound.severe, 'severe mismatch', 'severe mismatches')} in {bound.stratum}"


def _approval(case: _Case) -> Iterator[str]:
    yield from _looked(case)
    if case.look is None:
        return
    live, existing = _arms(case.arms)
    if not (live[1] and existing[1]):
        yield "needs decided sales in both arms to compare approval rates"
        return
    # One tail decides, so the two-sided interval takes the look's share in each of its tails.
    low, _ = newcombe(live, existing, 2 * case.look.alpha)
    if low < -APPROVAL_MARGIN:
        yield (
            f"approval {_percent(live[0] / live[1])} live, {_percent(existing[0] / existing[1])} existing: "
            f"may be {-100 * low:.1f} points lower, {100 * APPROVAL_MARGIN:.1f} are allowed"
        )


def _arms(arms: Arms) -> tuple[tuple[int, int], tuple[int, int]]:
    return (arms.live_approved, arms.live_decided), (arms.existing_approved, arms.existing_decided)


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


_Check = Callable[[_Case], Iterator[str]]
# What a step takes: by the mode it leaves and the mode it leads to.
_REQUIRED: Final[Mapping[tuple[Mode, Mode], tuple[_Check, ...]]] = MappingProxyType(
    {
        (Mode.OFF, Mode.SHADOW): (),
        (Mode.SHADOW, Mode.SHADOW): (_dwell, _coverage),
        (Mode.SHADOW, Mode.LIVE): (_dwell, _coverage, _mismatches),
        (Mode.LIVE, Mode.LIVE): (_dwell, _still_matching, _approval),
    }
)
