"""Whether a new rollout document may replace the old one: no further up than the evidence, down at any time."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from shared.payments.errors import FieldError
from shared.payments.requests import MethodType
from shared.shadow.document import ALL, Document, Mode, Rule, Scope
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


def shadow_not_set_up(document: Document, billers: Collection[str], set_up: Collection[str]) -> tuple[FieldError, ...]:
    """The rules that would shadow a biller of `billers` that has no test merchant; `set_up` are those that have one."""
    return tuple(
        FieldError(f"document.rules.{index}", f"{' '.join(missing)}: set up SHADOW_MERCHANT_IDS before shadowing")
        for index, rule in enumerate(document.rules)
        if _shadows(rule) and (missing := _missing(rule, billers, set_up))
    )


def _shadows(rule: Rule) -> bool:
    return rule.otherwise is Mode.SHADOW or (rule.mode is Mode.SHADOW and (rule.percentage > 0 or bool(rule.allow)))


def _missing(rule: Rule, billers: Collection[str], set_up: Collection[str]) -> list[str]:
    ruled = billers if rule.biller_id == ALL else [rule.biller_id]
    return sorted(biller_id for biller_id in ruled if biller_id not in set_up and biller_id not in rule.deny)
