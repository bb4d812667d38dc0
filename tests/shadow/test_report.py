"""The report: what was compared, how it went, and what may come next; and nothing that must not be shown."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.shadow.coverage import evidence_of
from shared.shadow.document import Mode
from shared.shadow.evidence import Arms, Stratum
from shared.shadow.explanations import Explanation
from shared.shadow.intervals import wilson
from shared.shadow.ladder import LADDER, Step
from shared.shadow.looks import latest_look
from shared.shadow.readiness import readiness
from shared.shadow.report import EXAMPLES_MAX, report
from tests.builders import NOW, VISA
from tests.shadow.scenes import (
    CARD_SALES,
    MATCH,
    NOT_COMPARABLE,
    SLOW,
    WRONG_AMOUNT,
    a_comparison,
    a_control,
    a_pair,
    standing,
)

LATER = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
FEE = Explanation("E-1", "olga", date(2026, 11, 23), "a fee of theirs", "amount", biller_id="city-water")
EXPLAINED = a_comparison(a_control(amount_minor=1), explanations=[FEE])
PAIRS = [
    a_pair(comparison, number=number, hours=12 * number)
    for number, comparison in enumerate([MATCH, WRONG_AMOUNT, SLOW, NOT_COMPARABLE, EXPLAINED, None], 1)
]


def told(pairs: list[Any] = PAIRS, now: datetime = LATER, **losses: int) -> dict[str, Any]:
    step = standing(Step(Mode.SHADOW, 100))
    lost = {CARD_SALES: losses["lost"]} if losses else {}
    evidence = evidence_of(pairs, lost, step, latest_look(step.began, now))
    found = report(pairs, lost, [readiness(step, evidence, Arms(), now=now)], [FEE], now=now)
    return json.loads(json.dumps(found))


def test_counts_what_was_compared_of_each_stratum_and_of_all_billers() -> None:
    pooled, own = told(lost=2)["strata"]

    assert (pooled["billerId"], own["billerId"]) == ("*", "city-water")
    assert {name: own[name] for name in ("method", "operation", "eligible", "compared", "losses", "coverage")} == {
        "method": "card",
        "operation": "sale",
        "eligible": 8,
        "compared": 5,
        "losses": 2,
        "coverage": 0.625,
    }
    assert own["stages"] == {"first": 0, "final": 5}
    assert [own[name] for name in ("match", "explained", "mismatch", "notComparable", "severe")] == [1, 1, 2, 1, 1]
    assert own["mismatchesBySeverity"] == {"money": 1, "state": 0, "code": 0, "cosmetic": 1}
    assert {**pooled, "billerId": "city-water"} == own


def test_counts_each_field_with_the_reasons_of_what_is_no_match() -> None:
    fields = {field["field"]: field for field in told()["strata"][1]["fields"]}

    assert fields["amount"] == {
        "field": "amount",
        "severity": "money",
        "match": 2,
        "explained": 1,
        "mismatch": 1,
        "notComparable": 1,
        "ignored": 0,
        "reasons": {"E-1": 1, "nothing was approved for us, so no amount was told": 1},
    }
    assert fields["decision"]["notComparable"] == 5
    assert fields["reference"]["ignored"] == 5


def test_tells_the_match_rate_of_each_day_with_its_band() -> None:
    days = told()["strata"][1]["days"]
    low, high = wilson(1, 2, 0.05)

    assert [day["day"] for day in days] == ["2026-11-24", "2026-11-25", "2026-11-26"]
    assert days[0] == {"day": "2026-11-24", "comparable": 2, "match": 1, "matchRate": 0.5, "low": low, "high": high}
    assert days[2]["matchRate"] == 0.0


def test_a_day_on_which_nothing_could_be_compared_has_no_rate() -> None:
    (day,) = told([a_pair(NOT_COMPARABLE)])["strata"][1]["days"]

    assert (day["comparable"], day["matchRate"], day["low"], day["high"]) == (0, None, 0.0, 1.0)


def test_says_ready_or_not_ready_because() -> None:
    (case,) = told()["readiness"]

    assert (case["verdict"], case["step"], case["nextStep"]) == (
        "not_ready",
        {"mode": "shadow", "percentage": 100},
        {"mode": "live", "percentage": 1},
    )
    assert case["reasons"][0] == "coverage 83.3 % < 95.0 %"
    assert case["look"] == {"number": 1, "at": "2026-11-25T18:00:00.000Z", "alpha": 0.025}
    assert (case["since"], case["dwellUntil"], case["nextLookAt"]) == (
        "2026-11-23T18:00:00.000Z",
        "2026-11-25T18:00:00.000Z",
        "2026-12-02T18:00:00.000Z",
    )
    assert case["bounds"][0]["severe"] == 1
    assert case["bounds"][0]["upper"] > case["bounds"][0]["target"] == 0.001


def test_says_ready_at_the_end_of_the_ladder_and_before_the_first_look() -> None:
    last = readiness(standing(LADDER[-1]), {}, Arms(), now=NOW)

    (case,) = report([], {}, [last], [], now=NOW)["readiness"]

    assert (case["verdict"], case["nextStep"], case["look"], case["bounds"]) == ("ready", None, None, [])


def test_lists_explanations_with_their_owner_and_whether_they_have_expired() -> None:
    (rule,) = told()["explanations"]

    assert (rule["id"], rule["owner"], rule["expires"], rule["expired"]) == ("E-1", "olga", "2026-11-23", True)


class TestExamples:
    def test_are_the_mismatches_the_worst_first(self) -> None:
        examples = told()["examples"]

        assert [(example["severity"], example["paymentId"][-1]) for example in examples] == [
            ("money", "2"),
            ("cosmetic", "3"),
        ]
        assert examples[0]["fields"] == [{"field": "amount", "control": "12500", "candidate": "12599"}]

    def test_are_the_latest_and_few(self) -> None:
        pairs = [a_pair(WRONG_AMOUNT, number=number, hours=number) for number in range(EXAMPLES_MAX + 5)]

        shown = [int(example["paymentId"][4:], 16) for example in told(pairs)["examples"]]

        assert shown == list(range(EXAMPLES_MAX + 4, 4, -1))

    @pytest.mark.parametrize(("reference", "shown"), [("INV-2026-000123", "***0123"), ("1234", "***"), ("7", "***")])
    def test_show_of_a_reference_its_last_four(self, reference: str, shown: str) -> None:
        (example,) = told([a_pair(WRONG_AMOUNT, reference=reference)])["examples"]

        assert example["reference"] == shown
        assert reference not in json.dumps(example)

    @pytest.mark.parametrize("slip", [VISA, f"card {VISA}", "-".join(VISA[i : i + 4] for i in range(0, 16, 4))])
    def test_never_show_a_card_number_even_where_a_caller_wrote_one(self, slip: str) -> None:
        (example,) = told([a_pair(a_comparison(a_control(code=slip)))])["examples"]

        assert example["fields"] == [{"field": "code", "control": "(hidden)", "candidate": "approved"}]


@pytest.mark.parametrize(
    ("now", "warned"), [(datetime(2030, 7, 4, tzinfo=UTC), 0), (datetime(2030, 7, 5, tzinfo=UTC), 1)]
)
def test_warns_in_good_time_that_the_calendar_of_bank_holidays_ends(now: datetime, warned: int) -> None:
    assert len(told(now=now)["warnings"]) == warned


def test_of_nothing_is_a_report_too() -> None:
    empty = report([], {}, [], [], now=NOW)

    assert empty == {
        "generatedAt": "2026-11-23T18:00:00.000Z",
        "strata": [],
        "readiness": [],
        "examples": [],
        "explanations": [],
        "warnings": [],
    }


def test_of_what_was_wholly_lost_says_so() -> None:
    lost = Stratum("city-water", "ach", "sale")

    pooled, own = report([], {lost: 3}, [], [], now=NOW)["strata"]

    assert (own["eligible"], own["compared"], own["losses"], own["coverage"]) == (3, 0, 3, 0.0)
    assert pooled["losses"] == 3
