"""
What "the same answer" means: the existing processor's (control) against our shadow's (candidate), field by field.

Failures are compared too, and every pair again when it is final: no survivor's view.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from shared.shadow.explanations import Difference, Explanation, explained_by
from shared.shadow.fields import FIELDS, Judged, Pair
from shared.shadow.pair import Candidate, Control
from shared.shadow.verdicts import Comparison, FieldResult, Severity, Stage, Verdict

# Without it a pair says nothing that would count: integration alone matches for every declined test card.
_CORE: Final = "amount"


def compare(
    control: Control, candidate: Candidate, *, stage: Stage, on: date, explanations: Iterable[Explanation] = ()
) -> Comparison:
    """The pair's verdict on the day `on`, by the table of fields; only rules not yet expired explain a difference."""
    pair, rules = Pair(control, candidate, stage), tuple(explanations)
    fields = tuple(_result(pair, name, severity, judged(pair), rules, on) for name, severity, judged in FIELDS)
    worst = max((field.severity for field in fields if field.verdict is Verdict.MISMATCH), default=None)
    return Comparison(stage, _verdict(fields), worst, fields)


def _result(
    pair: Pair, name: str, severity: Severity, judged: Judged, rules: tuple[Explanation, ...], on: date
) -> FieldResult:
    control, candidate, verdict, reason = judged
    if verdict is Verdict.MISMATCH:
        ours = pair.candidate
        difference = Difference(name, pair.control.code, ours.code, ours.biller_id, ours.method)
        if (rule := explained_by(difference, rules, on=on)) is not None:
            verdict, reason = Verdict.EXPLAINED, rule.id
    return FieldResult(name, control, candidate, verdict, severity, reason)


def _verdict(fields: tuple[FieldResult, ...]) -> Verdict:
    found = {field.verdict for field in fields}
    for verdict in (Verdict.MISMATCH, Verdict.EXPLAINED):
        if verdict in found:
            return verdict
    core = next(field.verdict for field in fields if field.name == _CORE)
    return Verdict.MATCH if core is Verdict.MATCH else Verdict.NOT_COMPARABLE
