"""
When live sales go wrong, who goes back: always towards the existing processor, never further up.

Integration failures are ours and count by themselves. Declines are the payers' banks', and count against what the
existing processor's arm is declined at the same time: a bad day for one bank is no reason to leave Chase.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from shared.shadow.document import Document, Mode, Rule, Scope
from shared.shadow.intervals import wilson


@dataclass(frozen=True, slots=True)
class Outcomes:
    """
    What became of the live sales of one biller and method that were submitted within one window, and since the step
    began: who has been sent back and promoted again is not judged by the old failures.

    `failed` are integration failures: not sent, unknown, refused as malformed. `declined` and `approved` are decisions.
    `existing_*` is the other arm in the same window, zero where it is not known.
    """

    approved: int = 0
    declined: int = 0
    failed: int = 0
    existing_approved: int = 0
    existing_declined: int = 0

    @property
    def decided(self) -> int:
        return self.approved + self.declined

    @property
    def submitted(self) -> int:
        return self.decided + self.failed


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """Demote at `failed_min` integration failures or more in `window`, if they are `rate_percent` of all or more."""

    window: timedelta
    failed_min: int
    rate_percent: int


@dataclass(frozen=True, slots=True)
class DeclineLimit:
    """
    Demote at `decided_min` decisions or more in `window`, if surely declined more than the existing arm.

    "Surely": the lower end of our rate's interval is `points` above the upper end of theirs; where they have fewer than
    `decided_min` to compare with, above `rate_percent`.
    """

    window: timedelta
    decided_min: int
    points: int
    rate_percent: int


# A burst within minutes, and a drip within the hour.
FAILURE_LIMITS: Final = (
    FailureLimit(timedelta(minutes=5), failed_min=5, rate_percent=10),
    FailureLimit(timedelta(hours=1), failed_min=10, rate_percent=3),
)
DECLINE_LIMITS: Final = (DeclineLimit(timedelta(hours=1), decided_min=50, points=5, rate_percent=40),)
WINDOWS: Final = tuple(sorted({limit.window for limit in (*FAILURE_LIMITS, *DECLINE_LIMITS)}))

# Asked every 30 s: at 5 % a healthy biller would be demoted by chance within a day.
_ALPHA: Final = 0.0001


@dataclass(frozen=True, slots=True)
class Demotion:
    """A biller and method whose live sales go back, and why, in one sentence."""

    biller_id: str
    method: str
    because: str


def demotions(document: Document, outcomes: Mapping[Scope, Mapping[timedelta, Outcomes]]) -> tuple[Demotion, ...]:
    """
    Whom to demote, by what became of live sales per biller and method within each of WINDOWS.

    One that is not live by the document is left alone: its last live sales may still be coming in.
    """
    return tuple(
        Demotion(*scope, reasons[0])
        for scope, windows in sorted(outcomes.items())
        if _is_live(document.rule_for(*scope)) and (reasons := _reasons(windows))
    )


def demoted(document: Document, found: Iterable[Demotion]) -> Document:
    """
    The document in which they are live no more: a rule of their own, before all others, back to `otherwise`.

    Allowed bills go back too. Rules of other billers and methods stay as they are.
    """
    for demotion in found:
        scope = demotion.biller_id, demotion.method
        rule = document.rule_for(*scope)
        if rule is not None and _is_live(rule):
            others = tuple(other for other in document.rules if other.scope != scope)
            document = replace(document, rules=(_without_live(rule, scope), *others))
    return document


def _without_live(rule: Rule, scope: Scope) -> Rule:
    biller_id, method = scope
    percentage = 100 if rule.otherwise is Mode.SHADOW else 0
    return replace(
        rule,
        biller_id=biller_id,
        method=method,
        mode=rule.otherwise,
        percentage=percentage,
        otherwise=Mode.OFF,
        allow=frozenset(),
    )


def _is_live(rule: Rule | None) -> bool:
    return rule is not None and rule.mode is Mode.LIVE


def _reasons(windows: Mapping[timedelta, Outcomes]) -> Sequence[str]:
    found = MappingProxyType({window: windows.get(window, Outcomes()) for window in WINDOWS})
    failures = (_failing(limit, found[limit.window]) for limit in FAILURE_LIMITS)
    declines = (_declining(limit, found[limit.window]) for limit in DECLINE_LIMITS)
    return [reason for reason in (*failures, *declines) if reason is not None]


def _failing(limit: FailureLimit, seen: Outcomes) -> str | None:
    if seen.failed < limit.failed_min or 100 * seen.failed < limit.rate_percent * seen.submitted:
        return None
    return f"{seen.failed} integration failures among {seen.submitted} live sales in {_minutes(limit.window)}"


def _declining(limit: DeclineLimit, seen: Outcomes) -> str | None:
    if seen.decided < limit.decided_min:
        return None
    existing = seen.existing_approved + seen.existing_declined
    compared = existing >= limit.decided_min
    ceiling = limit.rate_percent / 100
    if compared:
        ceiling = wilson(seen.existing_declined, existing, _ALPHA)[1] + limit.points / 100
    if wilson(seen.declined, seen.decided, _ALPHA)[0] <= ceiling:
        return None
    against = f", {seen.existing_declined} of {existing} by the existing processor" if compared else ""
    return f"{seen.declined} of {seen.decided} live sales declined in {_minutes(limit.window)}{against}"


def _minutes(window: timedelta) -> str:
    return f"{window // timedelta(minutes=1)} minutes"
