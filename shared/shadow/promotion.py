"""Whether a new rollout document may replace the old one: no further up than the evidence, down at any time."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from shared.payments.errors import FieldError
from shared.payments.requests import MethodType
from shared.shadow.document import Document, Scope
from shared.shadow.ladder import Step, step_of
from shared.shadow.readiness import Readiness


def promotion_allowed(
    old: Document,
    new: Document,
    readiness: Mapping[Scope, Readiness],
    *,
    billers: Collection[str],
    now: datetime,
    forced_because: str | None = None,
) -> tuple[FieldError, ...]:
    """
    What in `new` goes beyond what `readiness` (by biller and method) allows; nothing, where it may be stored.

    Every biller and method is judged by the rule it has before and after. `forced_because` is the reason of an operator
    who goes beyond it; an empty one forces nothing.
    """
    if forced_because is not None and forced_because.strip():
        return ()
    scopes = [(biller_id, str(method)) for biller_id in sorted(billers) for method in MethodType]
    return tuple(_refusals(old, new, scopes, readiness, billers, now))


def _refusals(
    old: Document,
    new: Document,
    scopes: Collection[Scope],
    readiness: Mapping[Scope, Readiness],
    billers: Collection[str],
    now: datetime,
) -> Iterator[FieldError]:
    for scope in scopes:
        before, after = (step_of(document, *scope, billers) for document in (old, new))
        if after.rank > before.rank and (because := _against(before, after, readiness.get(scope), now)):
            yield FieldError(_path(new, scope), f"{' '.join(scope)} would go from {before} to {after}: {because}")


def _against(before: Step, after: Step, readiness: Readiness | None, now: datetime) -> str | None:
    """Why the step must not be taken; None where it may."""
    if readiness is None or readiness.next_step is None or readiness.standing.step.rank != before.rank:
        return "there is no readiness for it; read the report again"
    if after.rank > readiness.next_step.rank:
        return f"the next step is {readiness.next_step}"
    if readiness.reasons:
        return "; ".join(readiness.reasons)
    # An evaluation may be older than the request, never younger.
    return None if before.rank == (0, 0) or now >= readiness.dwell_until else "the minimum dwell is not over"


def _path(document: Document, scope: Scope) -> str:
    rule = document.rule_for(*scope)
    return f"document.rules.{next(index for index, other in enumerate(document.rules) if other is rule)}"
