"""What a pair's verdict is, made of those of its fields."""

from datetime import timedelta

import pytest

from shared.payments.state_machine import State
from shared.shadow.explanations import Explanation
from shared.shadow.pair import Candidate, Control, ControlStatus
from shared.shadow.verdicts import SEVERE, Severity, Stage, Verdict
from tests.builders import NOW
from tests.shadow.scenes import MATCH, NOT_COMPARABLE, SLOW, WRONG_AMOUNT, a_candidate, a_comparison, a_control

DECLINED_HERE = a_candidate(status="declined", code="DO_NOT_HONOR", state=State.DECLINED)
STUCK = a_candidate(state=State.AUTHORIZED)


def test_the_same_answer_is_a_match() -> None:
    assert (MATCH.verdict, MATCH.severity, MATCH.severe, MATCH.differing) == (Verdict.MATCH, None, False, ())


@pytest.mark.parametrize(
    ("control", "candidate", "severity", "differing"),
    [
        (a_control(amount_minor=1), STUCK, Severity.MONEY, ["amount", "state"]),
        (a_control(code="51"), STUCK, Severity.STATE, ["state", "code"]),
        (a_control(code="51"), a_candidate(latency_ms=60_000), Severity.CODE, ["code", "latency"]),
        (a_control(), a_candidate(latency_ms=60_000), Severity.COSMETIC, ["latency"]),
    ],
)
def test_a_mismatch_is_as_severe_as_its_worst_field(
    control: Control, candidate: Candidate, severity: Severity, differing: list[str]
) -> None:
    found = a_comparison(control, candidate)

    assert (found.verdict, found.severity) == (Verdict.MISMATCH, severity)
    assert [field.name for field in found.differing] == differing
    assert found.severe is (severity in SEVERE) is (severity >= Severity.STATE)


def test_what_the_existing_processor_declined_and_a_test_card_does_not_is_a_match_as_far_as_it_can_be_told() -> None:
    declined_there = a_comparison(a_control(status=ControlStatus.DECLINED, code="51", amount_minor=None))
    not_told = [field.name for field in declined_there.fields if field.verdict is Verdict.NOT_COMPARABLE]

    assert declined_there.verdict is Verdict.MATCH
    assert not_told == ["decision", "code", "avs", "cvv"]


def test_where_no_money_could_be_compared_the_pair_could_not() -> None:
    assert NOT_COMPARABLE.verdict is Verdict.NOT_COMPARABLE
    assert a_comparison(a_control(status=ControlStatus.DECLINED), DECLINED_HERE).verdict is Verdict.NOT_COMPARABLE


def test_failures_are_compared_too() -> None:
    lost = a_candidate(status="unknown", code="READ_TIMEOUT", state=State.UNKNOWN)

    for control in (a_control(), a_control(status=ControlStatus.ERROR)):
        assert a_comparison(control, lost).severity is Severity.STATE


def test_a_pair_may_match_at_first_and_not_when_it_is_final() -> None:
    assert a_comparison(candidate=STUCK, stage=Stage.FIRST).verdict is Verdict.MATCH
    assert a_comparison(candidate=STUCK, stage=Stage.FINAL).verdict is Verdict.MISMATCH


class TestAnExplanation:
    FEE = Explanation(
        "E-1", "olga", NOW.date(), "theirs counts its fee into the amount", "amount", biller_id="city-water"
    )

    def test_takes_its_difference_out_of_the_mismatches_and_says_which_rule_did(self) -> None:
        found = a_comparison(a_control(amount_minor=1), explanations=[self.FEE])

        assert (found.verdict, found.severity) == (Verdict.EXPLAINED, None)
        assert next(field.reason for field in found.fields if field.verdict is Verdict.EXPLAINED) == "E-1"

    def test_leaves_the_other_differences(self) -> None:
        found = a_comparison(a_control(amount_minor=1), STUCK, explanations=[self.FEE])

        assert (found.verdict, [field.name for field in found.differing]) == (Verdict.MISMATCH, ["state"])

    def test_that_has_expired_explains_nothing(self) -> None:
        old = Explanation("E-1", "olga", NOW.date() - timedelta(days=1), "was true", "amount", biller_id="city-water")

        assert a_comparison(a_control(amount_minor=1), explanations=[old]) == a_comparison(a_control(amount_minor=1))

    def test_of_what_matches_changes_nothing(self) -> None:
        assert a_comparison(explanations=[self.FEE]) == MATCH


def test_the_scenes_are_what_they_are_called() -> None:
    assert (WRONG_AMOUNT.severity, SLOW.severity) == (Severity.MONEY, Severity.COSMETIC)
