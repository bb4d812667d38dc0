"""
Each field of a comparison: what is compared with what, and what cannot be.

Chase's test endpoint answers test cards: it proves requests, amounts, parsing, the path of states, integration and
latency, and never what the payer's own bank would have said. That is not comparable: counted, shown, outside the gate.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from shared.payments.answers import AMOUNT_MISMATCH
from shared.payments.operations import OperationKind
from shared.payments.requests import MethodType
from shared.payments.state_machine import State
from shared.shadow.codes import normalised
from shared.shadow.pair import Candidate, Control, ControlStatus
from shared.shadow.verdicts import Severity, Stage, Verdict


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides, and when they are compared."""

    control: Control
    candidate: Candidate
    stage: Stage

    @property
    def both_approved(self) -> bool:
        return self.control.status is ControlStatus.APPROVED and self.candidate.status == _APPROVED


Judged = tuple[str | None, str | None, Verdict, str | None]
"""Control's value, candidate's value, the verdict, and the reason for one that is neither match nor mismatch."""

_APPROVED: Final = "approved"
# An answer at all, whichever: a request that Chase took, and a reply that we understood.
_ANSWERED: Final = frozenset({_APPROVED, "declined", "pending"})
_TEST_INSTRUMENT: Final = "a test instrument never shows the real bank's answer"

# fmt: off
# Where an approved operation's payment may stand: what followed the sale may have moved it on.
_MOVED_ON: Final = frozenset({State.SETTLED, State.VOIDED, State.PARTIALLY_REFUNDED, State.REFUNDED})
_STATES: Final[Mapping[tuple[OperationKind, Stage], frozenset[State]]] = MappingProxyType({
    (OperationKind.SALE, Stage.FIRST):   _MOVED_ON | {State.AUTHORIZED, State.CAPTURED},
    (OperationKind.SALE, Stage.FINAL):   _MOVED_ON | {State.CAPTURED},
    (OperationKind.VOID, Stage.FIRST):   frozenset({State.VOIDED}),
    (OperationKind.VOID, Stage.FINAL):   frozenset({State.VOIDED}),
    (OperationKind.REFUND, Stage.FIRST): frozenset({State.PARTIALLY_REFUNDED, State.REFUNDED}),
    (OperationKind.REFUND, Stage.FINAL): frozenset({State.PARTIALLY_REFUNDED, State.REFUNDED}),
})
# fmt: on

# How much slower than the existing processor we may be before it shows: the larger of the two.
LATENCY_RATIO: Final = 2
LATENCY_SLACK_MS: Final = 1_000


def _equal(control: str | None, candidate: str | None) -> Judged:
    return control, candidate, Verdict.MATCH if control == candidate else Verdict.MISMATCH, None


def _not_comparable(control: str | None, candidate: str | None, reason: str) -> Judged:
    return control, candidate, Verdict.NOT_COMPARABLE, reason


def _integration(pair: Pair) -> Judged:
    """Ours must work by itself: the existing processor's failure excuses none of ours."""
    control = "failed" if pair.control.status is ControlStatus.ERROR else "answered"
    failure = failure_of(pair.candidate, pair.stage)
    if failure is None and control == "failed":
        return _not_comparable(control, "answered", "the existing processor failed, ours did not")
    return control, failure or "answered", Verdict.MISMATCH if failure else Verdict.MATCH, None


def failure_of(candidate: Candidate, stage: Stage) -> str | None:
    """What went wrong between us and Chase, in one word; None where Chase took the request and we read its answer."""
    if candidate.status not in _ANSWERED:
        return candidate.status
    if candidate.status == "pending" and stage is Stage.FINAL:
        return "never_decided"
    if candidate.status == "declined" and candidate.transaction_id is None and candidate.after_approval:
        return "request_refused"
    return None


def _amount(pair: Pair) -> Judged:
    asked, given = pair.candidate.asked, pair.candidate.amount
    charged = pair.control.amount_minor if pair.control.status is ControlStatus.APPROVED else None
    expected = str(asked.amount_minor if charged is None else charged)
    if pair.candidate.code == AMOUNT_MISMATCH:
        return expected, AMOUNT_MISMATCH, Verdict.MISMATCH, None
    if given is None:
        return _not_comparable(expected, None, "nothing was approved for us, so no amount was told")
    return _equal(expected, str(given.amount_minor))


def _currency(pair: Pair) -> Judged:
    asked, given = pair.candidate.asked, pair.candidate.amount
    if given is None:
        return _not_comparable(asked.currency, None, "nothing was approved for us, so no currency was told")
    return _equal(asked.currency, given.currency)


def _decision(pair: Pair) -> Judged:
    control, candidate = str(pair.control.status), pair.candidate.status
    reason = _undecidable(pair)
    return _equal(control, candidate) if reason is None else _not_comparable(control, candidate, reason)


def _undecidable(pair: Pair) -> str | None:
    """Why approved or declined cannot be compared; None where it can."""
    if pair.control.status is ControlStatus.ERROR:
        return "the existing processor did not decide"
    if pair.candidate.status not in (_APPROVED, "declined"):
        return "ours did not decide"
    if pair.candidate.operation is not OperationKind.SALE:
        return None if pair.candidate.after_approval else "the sale under it was not approved by the test endpoint"
    # What ACH answers at once is that it took the debit; only a refusal is the payer's bank's.
    if pair.candidate.method == MethodType.ACH and pair.control.status is ControlStatus.APPROVED:
        return None
    return _TEST_INSTRUMENT


def _code(pair: Pair) -> Judged:
    control, candidate = normalised(pair.control.code), normalised(pair.candidate.code)
    if control is None:
        return _not_comparable(control, candidate, "the existing processor told no code")
    reason = None if pair.both_approved else _undecidable(pair)
    return _equal(control, candidate) if reason is None else _not_comparable(control, candidate, reason)


def _state(pair: Pair) -> Judged:
    candidate = pair.candidate
    if candidate.status != _APPROVED:
        return _not_comparable(None, candidate.state, "nothing was approved for us, so no path followed")
    allowed = _STATES[candidate.operation, pair.stage]
    verdict = Verdict.MATCH if candidate.state in allowed else Verdict.MISMATCH
    return " or ".join(sorted(allowed)), candidate.state, verdict, None


def _latency(pair: Pair) -> Judged:
    control, candidate = pair.control.latency_ms, pair.candidate.latency_ms
    if control is None or candidate is None:
        return _not_comparable(_text(control), _text(candidate), "not told by both")
    within = candidate <= max(control * LATENCY_RATIO, control + LATENCY_SLACK_MS)
    return str(control), str(candidate), Verdict.MATCH if within else Verdict.MISMATCH, None


def _ours_only(read: Callable[[Candidate], str | None]) -> Callable[[Pair], Judged]:
    return lambda pair: _not_comparable(None, read(pair.candidate), _TEST_INSTRUMENT)


def _reference(pair: Pair) -> Judged:
    reason = "each processor names its own"
    return pair.control.processor_reference, pair.candidate.transaction_id, Verdict.IGNORED, reason


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


# fmt: off
FIELDS: Final[tuple[tuple[str, Severity, Callable[[Pair], Judged]], ...]] = (
    ("amount",      Severity.MONEY,    _amount),
    ("currency",    Severity.MONEY,    _currency),
    ("integration", Severity.STATE,    _integration),
    ("decision",    Severity.STATE,    _decision),
    ("state",       Severity.STATE,    _state),
    ("code",        Severity.CODE,     _code),
    ("latency",     Severity.COSMETIC, _latency),
    ("avs",         Severity.CODE,     _ours_only(lambda candidate: candidate.avs)),
    ("cvv",         Severity.CODE,     _ours_only(lambda candidate: candidate.cvv)),
    ("reference",   Severity.COSMETIC, _reference),
)
# fmt: on
