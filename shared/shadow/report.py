"""The body of `GET /shadow/report`: what was compared, how it went, and whether the next step may be taken."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from shared.shadow.banking_days import KNOWN_THROUGH
from shared.shadow.coverage import PairRow, Tally, tallies
from shared.shadow.evidence import Stratum
from shared.shadow.explanations import Explanation
from shared.shadow.intervals import wilson
from shared.shadow.ladder import Step
from shared.shadow.readiness import Bound, Readiness
from shared.shadow.verdicts import FieldResult, Severity, Stage, Verdict

EXAMPLES_MAX: Final = 20
# The band of the match rate over time: for the eye, it decides nothing.
_BAND_ALPHA: Final = 0.05
_CALENDAR_WARNED: Final = timedelta(days=180)
_CARD_DIGITS_MIN: Final = 12
_NOT_A_DIGIT: Final = re.compile(r"[^0-9]")

Json = dict[str, Any]
_Key = TypeVar("_Key")


def report(
    pairs: Sequence[PairRow],
    losses: Mapping[Stratum, int],
    readiness: Iterable[Readiness],
    explanations: Iterable[Explanation],
    *,
    now: datetime,
) -> Json:
    """
    The report as JSON: every stratum with pairs or losses, then each readiness, the worst examples, and the rules.

    Rates are numbers from 0 to 1, times RFC 3339. References show their last four characters, and no text that may hold
    a card number is shown.
    """
    counted = tallies(pairs, losses)
    return {
        "generatedAt": _time(now),
        "strata": [_stratum(stratum, counted[stratum]) for stratum in sorted(counted)],
        "readiness": [_readiness(case) for case in readiness],
        "examples": [_example(pair) for pair in _worst(pairs)],
        "explanations": [_explanation(rule, now) for rule in explanations],
        "warnings": _warnings(now),
    }


def _stratum(stratum: Stratum, tally: Tally) -> Json:
    stages = _sums((comparison.stage, times) for comparison, times in tally.kinds)
    severities = _sums((comparison.severity, times) for comparison, times in tally.kinds)
    return {
        **_named(stratum),
        "eligible": tally.eligible,
        "compared": len(tally.comparisons),
        "losses": tally.losses,
        "coverage": tally.coverage,
        "stages": {stage.value: stages[stage] for stage in Stage},
        **_verdicts(tally.verdicts),
        "severe": tally.severe,
        "mismatchesBySeverity": {_severity(severity): severities[severity] for severity in reversed(Severity)},
        "fields": [_field(name, results) for name, results in tally.fields().items()],
        "days": [{"day": day.isoformat(), **_rate(of_day)} for day, of_day in tally.days().items()],
    }


def _field(name: str, results: Counter[FieldResult]) -> Json:
    verdicts = _sums((result.verdict, times) for result, times in results.items())
    reasons = _sums((result.reason, times) for result, times in results.items() if result.reason is not None)
    return {
        "field": name,
        "severity": _severity(next(iter(results)).severity),
        **_verdicts(verdicts),
        "ignored": verdicts[Verdict.IGNORED],
        "reasons": dict(sorted(reasons.items())),
    }


def _sums(counted: Iterable[tuple[_Key, int]]) -> Counter[_Key]:
    sums: Counter[_Key] = Counter()
    for key, times in counted:
        sums[key] += times
    return sums


def _verdicts(verdicts: Counter[Verdict]) -> Json:
    return {
        "match": verdicts[Verdict.MATCH],
        "explained": verdicts[Verdict.EXPLAINED],
        "mismatch": verdicts[Verdict.MISMATCH],
        "notComparable": verdicts[Verdict.NOT_COMPARABLE],
    }


def _rate(tally: Tally) -> Json:
    matched, comparable = tally.verdicts[Verdict.MATCH], tally.comparable
    low, high = wilson(matched, comparable, _BAND_ALPHA)
    return {
        "comparable": comparable,
        "match": matched,
        "matchRate": matched / comparable if comparable else None,
        "low": low,
        "high": high,
    }


def _readiness(case: Readiness) -> Json:
    standing, look = case.standing, case.look
    return {
        "billerId": standing.biller_id,
        "method": standing.method,
        "step": _step(standing.step),
        "since": _time(standing.began),
        "nextStep": None if case.next_step is None else _step(case.next_step),
        "verdict": "ready" if case.ready else "not_ready",
        "reasons": list(case.reasons),
        "dwellUntil": _time(case.dwell_until),
        "look": None if look is None else {"number": look.number, "at": _time(look.at), "alpha": look.alpha},
        "nextLookAt": _time(case.next_look_at),
        "bounds": [_bound(bound) for bound in case.bounds],
    }


def _bound(bound: Bound) -> Json:
    counts = {"severe": bound.severe, "pairs": bound.pairs, "missing": bound.missing}
    return {**_named(bound.stratum), **counts, "upper": bound.upper, "target": bound.target}


def _worst(pairs: Iterable[PairRow]) -> list[PairRow]:
    """Mismatches, the most severe first, the latest first among equals."""
    differing = [pair for pair in pairs if _rank(pair)]
    return sorted(differing, key=lambda pair: (_rank(pair), pair.at, pair.payment_id), reverse=True)[:EXAMPLES_MAX]


def _rank(pair: PairRow) -> int:
    return (pair.comparison.severity or 0) if pair.comparison is not None else 0


def _example(pair: PairRow) -> Json:
    differing = pair.comparison.differing if pair.comparison is not None else ()
    return {
        "paymentId": pair.payment_id,
        "reference": _masked(pair.reference),
        **_named(pair.stratum),
        "at": _time(pair.at),
        "severity": _severity(Severity(_rank(pair))),
        "fields": [
            {"field": field.name, "control": _shown(field.control), "candidate": _shown(field.candidate)}
            for field in differing
        ],
    }


def _explanation(rule: Explanation, now: datetime) -> Json:
    return {
        "id": rule.id,
        "owner": rule.owner,
        "reason": rule.reason,
        "field": rule.field,
        "expires": rule.expires.isoformat(),
        "expired": rule.expired(now.date()),
    }


def _warnings(now: datetime) -> list[str]:
    if now.date() + _CALENDAR_WARNED <= KNOWN_THROUGH:
        return []
    return [f"bank holidays are known through {KNOWN_THROUGH} only: add those of the years after it"]


def _named(stratum: Stratum) -> Json:
    return {"billerId": stratum.biller_id, "method": stratum.method, "operation": stratum.operation}


def _step(step: Step) -> Json:
    return {"mode": step.mode.value, "percentage": step.percentage}


def _severity(severity: Severity) -> str:
    return severity.name.lower()


def _masked(reference: str) -> str:
    return f"***{reference[-4:]}" if len(reference) > 4 else "***"


def _shown(value: str | None) -> str | None:
    """A control's code is its caller's text: a slip could put a card number there. No amount has as many digits."""
    return "(hidden)" if value is not None and len(_NOT_A_DIGIT.sub("", value)) >= _CARD_DIGITS_MIN else value


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
