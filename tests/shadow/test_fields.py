"""What is compared with what, field by field, and what cannot be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.answers import AMOUNT_MISMATCH
from shared.payments.money import Money
from shared.payments.operations import OperationKind
from shared.payments.state_machine import State
from shared.shadow.fields import FIELDS, LATENCY_RATIO, LATENCY_SLACK_MS
from shared.shadow.pair import Candidate, Control, ControlStatus
from shared.shadow.verdicts import FieldResult, Severity, Stage, Verdict
from tests.shadow.scenes import a_candidate, a_comparison, a_control
from tests.shadow.steady import steady

DECLINED = a_control(status=ControlStatus.DECLINED, code="51", amount_minor=None)
BROKEN = a_control(status=ControlStatus.ERROR, code="96", amount_minor=None)


def field(name: str, control: Control, candidate: Candidate, stage: Stage = Stage.FINAL) -> FieldResult:
    return next(field for field in a_comparison(control, candidate, stage=stage).fields if field.name == name)


def verdict(name: str, control: Control, candidate: Candidate, stage: Stage = Stage.FINAL) -> Verdict:
    return field(name, control, candidate, stage).verdict


def declined(**changed: Any) -> Candidate:
    return a_candidate(**{"status": "declined", "code": "DO_NOT_HONOR", "state": State.DECLINED, **changed})


def test_every_field_is_told_of_every_pair_worst_first() -> None:
    names = [name for name, _, _ in FIELDS]

    assert [field.name for field in a_comparison(BROKEN, declined()).fields] == names
    assert {severity for _, severity, _ in FIELDS} == set(Severity)


class TestAmounts:
    def test_are_what_each_charged(self) -> None:
        assert verdict("amount", a_control(), a_candidate()) is Verdict.MATCH
        assert verdict("amount", a_control(amount_minor=125_98), a_candidate()) is Verdict.MISMATCH

    @pytest.mark.parametrize("control", [DECLINED, BROKEN, a_control(amount_minor=None)])
    def test_are_what_was_asked_where_the_existing_processor_charged_nothing(self, control: Control) -> None:
        assert verdict("amount", control, a_candidate()) is Verdict.MATCH
        assert verdict("amount", control, a_candidate(amount=Money(1, "USD"))) is Verdict.MISMATCH

    def test_that_a_decline_names_are_not_what_was_charged(self) -> None:
        told_zero = a_control(status=ControlStatus.DECLINED, amount_minor=0)

        assert verdict("amount", told_zero, a_candidate()) is Verdict.MATCH

    def test_cannot_be_compared_where_we_were_declined(self) -> None:
        assert verdict("amount", a_control(), declined()) is Verdict.NOT_COMPARABLE
        assert verdict("currency", a_control(), declined()) is Verdict.NOT_COMPARABLE

    def test_that_chase_itself_told_wrong_are_a_mismatch_though_the_outcome_is_unknown(self) -> None:
        wrong = a_candidate(status="unknown", code=AMOUNT_MISMATCH, state=State.UNKNOWN)

        assert verdict("amount", a_control(), wrong) is Verdict.MISMATCH

    def test_have_a_currency(self) -> None:
        dollars_of_canada = a_candidate(amount=Money(125_99, "CAD"))

        assert field("currency", a_control(), dollars_of_canada).severity is Severity.MONEY
        assert verdict("currency", a_control(), dollars_of_canada) is Verdict.MISMATCH

    @steady
    @given(st.integers(0, 10**6), st.integers(0, 10**6))
    def test_differ_whichever_side_has_which(self, one: int, other: int) -> None:
        def judged(theirs: int, ours: int) -> Verdict:
            return verdict("amount", a_control(amount_minor=theirs), a_candidate(amount=Money(ours, "USD")))

        assert judged(one, other) is judged(other, one)
        assert (judged(one, other) is Verdict.MATCH) is (one == other)


class TestIntegration:
    @pytest.mark.parametrize("control", [a_control(), DECLINED, BROKEN])
    @pytest.mark.parametrize("status", ["unknown", "not_sent", "something_new"])
    def test_of_ours_must_work_whatever_the_existing_processor_did(self, control: Control, status: str) -> None:
        found = field("integration", control, a_candidate(status=status, code="READ_TIMEOUT", state=State.UNKNOWN))

        assert (found.verdict, found.candidate, found.severity) == (Verdict.MISMATCH, status, Severity.STATE)

    def test_failed_where_chase_refused_the_request_itself(self) -> None:
        assert field("integration", a_control(), declined(transaction_id=None)).candidate == "request_refused"
        assert verdict("integration", a_control(), declined()) is Verdict.MATCH

    def test_did_not_fail_where_a_void_had_nothing_to_void(self) -> None:
        void = declined(operation=OperationKind.VOID, transaction_id=None, after_approval=False)

        assert verdict("integration", a_control(), void) is Verdict.MATCH

    def test_may_be_undecided_at_first_and_not_in_the_end(self) -> None:
        pending = a_candidate(status="pending", code="PENDING", state=State.UNKNOWN)

        assert verdict("integration", a_control(), pending, Stage.FIRST) is Verdict.MATCH
        assert field("integration", a_control(), pending).candidate == "never_decided"

    def test_says_nothing_where_only_the_existing_processor_failed(self) -> None:
        assert verdict("integration", BROKEN, a_candidate()) is Verdict.NOT_COMPARABLE


class TestDecisions:
    @pytest.mark.parametrize("method", ["card", "applePay", "googlePay"])
    @pytest.mark.parametrize("control", [a_control(), DECLINED])
    @pytest.mark.parametrize("status", ["approved", "declined"])
    def test_of_cards_and_wallets_are_their_issuers_and_no_test_card_shows_them(
        self, method: str, control: Control, status: str
    ) -> None:
        found = field("decision", control, a_candidate(method=method, status=status))

        assert (found.verdict, found.control, found.candidate) == (Verdict.NOT_COMPARABLE, control.status, status)
        assert "test instrument" in (found.reason or "")

    def test_of_ach_to_take_a_debit_are_compared_and_those_to_refuse_it_are_the_banks(self) -> None:
        taken, refused = a_candidate(method="ach"), declined(method="ach")

        assert verdict("decision", a_control(), taken) is Verdict.MATCH
        assert verdict("decision", a_control(), refused) is Verdict.MISMATCH
        assert verdict("decision", DECLINED, taken) is Verdict.NOT_COMPARABLE

    @pytest.mark.parametrize("operation", [OperationKind.VOID, OperationKind.REFUND])
    def test_of_voids_and_refunds_are_compared_if_there_was_a_sale_to_undo(self, operation: OperationKind) -> None:
        refused = declined(operation=operation)

        assert verdict("decision", a_control(), refused) is Verdict.MISMATCH
        assert verdict("decision", DECLINED, refused) is Verdict.MATCH
        assert verdict("decision", a_control(), declined(operation=operation, after_approval=False)) is (
            Verdict.NOT_COMPARABLE
        )

    def test_are_not_compared_where_one_side_has_none(self) -> None:
        lost = a_candidate(status="unknown", state=State.UNKNOWN)

        assert verdict("decision", BROKEN, a_candidate()) is Verdict.NOT_COMPARABLE
        assert verdict("decision", a_control(), lost) is Verdict.NOT_COMPARABLE


class TestCodes:
    def test_of_two_approvals_are_the_same_word(self) -> None:
        assert verdict("code", a_control(code="00"), a_candidate()) is Verdict.MATCH
        assert verdict("code", a_control(code="51"), a_candidate()) is Verdict.MISMATCH

    def test_of_a_decline_are_the_issuers(self) -> None:
        assert verdict("code", DECLINED, a_candidate()) is Verdict.NOT_COMPARABLE
        assert verdict("code", DECLINED, declined()) is Verdict.NOT_COMPARABLE

    def test_that_were_not_told_are_not_compared(self) -> None:
        assert verdict("code", a_control(code=None), a_candidate()) is Verdict.NOT_COMPARABLE


class TestStates:
    @pytest.mark.parametrize(
        ("operation", "state", "stage", "right"),
        [
            (OperationKind.SALE, State.AUTHORIZED, Stage.FIRST, True),
            (OperationKind.SALE, State.AUTHORIZED, Stage.FINAL, False),
            (OperationKind.SALE, State.CAPTURED, Stage.FINAL, True),
            (OperationKind.SALE, State.VOIDED, Stage.FINAL, True),
            (OperationKind.SALE, State.UNKNOWN, Stage.FIRST, False),
            (OperationKind.VOID, State.VOIDED, Stage.FIRST, True),
            (OperationKind.VOID, State.CAPTURED, Stage.FINAL, False),
            (OperationKind.REFUND, State.PARTIALLY_REFUNDED, Stage.FINAL, True),
            (OperationKind.REFUND, State.CAPTURED, Stage.FINAL, False),
        ],
    )
    def test_are_where_an_approval_leads(
        self, operation: OperationKind, state: State, stage: Stage, right: bool
    ) -> None:
        found = verdict("state", a_control(), a_candidate(operation=operation, state=state), stage)

        assert found is (Verdict.MATCH if right else Verdict.MISMATCH)

    def test_follow_only_from_an_approval(self) -> None:
        assert verdict("state", a_control(), declined()) is Verdict.NOT_COMPARABLE


class TestTheRest:
    @pytest.mark.parametrize(
        ("theirs", "ours", "within"),
        [
            (100, 100 + LATENCY_SLACK_MS, True),
            (100, 101 + LATENCY_SLACK_MS, False),
            (5_000, 5_000 * LATENCY_RATIO, True),
            (5_000, 5_000 * LATENCY_RATIO + 1, False),
            (5_000, 1, True),
        ],
    )
    def test_latency_may_be_so_much_worse(self, theirs: int, ours: int, within: bool) -> None:
        found = field("latency", a_control(latency_ms=theirs), a_candidate(latency_ms=ours))

        assert found.verdict is (Verdict.MATCH if within else Verdict.MISMATCH)
        assert found.severity is Severity.COSMETIC

    def test_latency_is_compared_where_both_told_it(self) -> None:
        assert verdict("latency", a_control(latency_ms=None), a_candidate()) is Verdict.NOT_COMPARABLE
        assert verdict("latency", a_control(), a_candidate(latency_ms=None)) is Verdict.NOT_COMPARABLE

    @pytest.mark.parametrize("name", ["avs", "cvv"])
    def test_avs_and_cvv_are_shown_and_not_compared(self, name: str) -> None:
        found = field(name, a_control(), a_candidate(avs="Y", cvv="Y"))

        assert (found.verdict, found.candidate) == (Verdict.NOT_COMPARABLE, "Y")

    def test_each_processor_names_its_own_reference(self) -> None:
        assert verdict("reference", a_control(processor_reference="ch_1"), a_candidate()) is Verdict.IGNORED
