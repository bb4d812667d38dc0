"""Pairs, rules and standings that tests of shadow need: say only what the test is about."""

from datetime import timedelta
from typing import Any

from shared.payments.money import Money
from shared.payments.operations import OperationKind
from shared.payments.state_machine import State
from shared.shadow.comparison import compare
from shared.shadow.coverage import PairRow
from shared.shadow.document import Document, Mode, RolloutVersion, Rule
from shared.shadow.evidence import TARGETS, Arms, Evidence, Standing, Stratum
from shared.shadow.ladder import Step
from shared.shadow.pair import Candidate, Control, ControlStatus
from shared.shadow.verdicts import Comparison, Stage
from tests.builders import NOW

BILLERS = ("city-water", "county-tax")
CARD_SALES = Stratum("city-water", "card", "sale")


def a_rule(**changed: Any) -> Rule:
    return Rule(**{"biller_id": "city-water", "method": "card", "mode": Mode.LIVE, "percentage": 10, **changed})


def a_document(*rules: Rule, **switches: bool) -> Document:
    return Document(rules, **switches)


def a_version(document: Document, *, hours: float = 0, number: int = 1) -> RolloutVersion:
    return RolloutVersion(number, document, NOW + timedelta(hours=hours), "olga", "a step on the ladder")


def a_control(**changed: Any) -> Control:
    values = {"status": ControlStatus.APPROVED, "code": "00", "amount_minor": 125_99, "latency_ms": 700}
    return Control(**{**values, **changed})


def a_candidate(**changed: Any) -> Candidate:
    """A card sale that Chase's test endpoint approved; `status` other than approved brings no amount."""
    values: dict[str, Any] = {
        "biller_id": "city-water",
        "method": "card",
        "operation": OperationKind.SALE,
        "asked": Money(125_99, "USD"),
        "status": "approved",
        "code": "APPROVED",
        "state": State.CAPTURED,
        "amount": Money(125_99, "USD") if changed.get("status", "approved") == "approved" else None,
        "transaction_id": "b1f7c0de-0000-4000-8000-000000000001",
        "latency_ms": 650,
        "avs": "Y",
        "cvv": "M",
    }
    return Candidate(**{**values, **changed})


def a_comparison(
    control: Control | None = None, candidate: Candidate | None = None, *, stage: Stage = Stage.FINAL, **known: Any
) -> Comparison:
    return compare(control or a_control(), candidate or a_candidate(), stage=stage, on=NOW.date(), **known)


MATCH = a_comparison()
WRONG_AMOUNT = a_comparison(a_control(amount_minor=125_00))
NOT_COMPARABLE = a_comparison(candidate=a_candidate(status="declined", code="DO_NOT_HONOR", state=State.DECLINED))
SLOW = a_comparison(candidate=a_candidate(latency_ms=60_000))


def a_pair(comparison: Comparison | None = MATCH, *, number: int = 1, hours: float = 1, **changed: Any) -> PairRow:
    """A pair submitted `hours` after NOW and compared a day later."""
    at = NOW + timedelta(hours=hours)
    values: dict[str, Any] = {
        "payment_id": f"pay_{number:032x}",
        "reference": f"INV-2026-{number:06d}",
        "stratum": CARD_SALES,
        "at": at,
        "compared_at": None if comparison is None else at + timedelta(days=1),
        "comparison": comparison,
    }
    return PairRow(**{**values, **changed})


GOOD = Evidence(pairs=5_000, severe=0, compared=5_000, eligible=5_000)
EVEN = Arms(live_approved=19_000, live_decided=20_000, existing_approved=19_000, existing_decided=20_000)


def enough_for(biller_id: str, method: str) -> dict[Stratum, Evidence]:
    """Enough of everything that is asked for."""
    return {Stratum("*" if pooled else biller_id, method, operation): GOOD for pooled, operation, _ in TARGETS}


def standing(step: Step, **changed: Any) -> Standing:
    """On a step that began NOW."""
    return Standing(**{"biller_id": "city-water", "method": "card", "step": step, "began": NOW, **changed})
