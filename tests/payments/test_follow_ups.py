"""What each answer makes of a void or refund, and of the payment that it follows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.follow_ups import OVERTAKEN, with_follow_up_outcome
from shared.payments.not_found import not_found
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Declined, NotSent, Outcome, Pending, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import Event, State
from tests.builders import NOW, a_captured_payment, an_authorized_payment, an_occasion, approved, claimed

VOID, REFUND = OperationKind.VOID, OperationKind.REFUND
LATER = NOW + timedelta(minutes=1)
LOST = Unknown("READ_TIMEOUT", "no answer")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")
PENDING = Pending("WAIT", "wait", "t-1")
REFUSED = Declined("NOT_ALLOWED", "no")
DENIED = Declined("NOT_ALLOWED", "no", transaction_id="t-2")
VOIDED = approved(state=TransactionState.VOIDED)
BILL = 125_99


def heard(payment: Payment, outcome: Outcome) -> Payment | None:
    operation = payment.operations[-1]
    return with_follow_up_outcome(payment, operation, outcome, occasion=an_occasion(LATER), actor="chase")


def after(payment: Payment, *outcomes: Outcome) -> Payment:
    for outcome in outcomes:
        found = heard(payment, outcome)
        assert found is not None
        payment = found
    return payment


def resent(payment: Payment) -> Payment:
    """Its last operation claimed once more, after an attempt that may have arrived."""
    again = replace(payment.operations[-1], state=OperationState.SUBMITTED, attempts=2)
    return replace(payment, operations=(*payment.operations[:-1], again))


def voiding() -> Payment:
    return claimed(an_authorized_payment(), VOID)


def refunding(amount_minor: int = 100, captured: Payment | None = None) -> Payment:
    return claimed(captured or a_captured_payment(), REFUND, amount_minor)


class TestAVoid:
    @pytest.mark.parametrize(
        ("outcome", "state", "operation_state", "event"),
        [
            (VOIDED, State.VOIDED, OperationState.SUCCEEDED, Event.VOID_SUCCEEDED),
            (REFUSED, State.AUTHORIZED, OperationState.DECLINED, Event.VOID_FAILED),
            (PENDING, State.AUTHORIZED, OperationState.UNKNOWN, Event.VOID_LOST),
            (NOT_SENT, State.AUTHORIZED, OperationState.QUEUED, Event.VOID_NOT_SENT),
            (LOST, State.AUTHORIZED, OperationState.UNKNOWN, Event.VOID_LOST),
        ],
        ids=["done", "refused", "not decided", "never left us", "silence"],
    )
    def test_is_moved_by_each_outcome(
        self, outcome: Outcome, state: State, operation_state: OperationState, event: Event
    ) -> None:
        payment = after(voiding(), outcome)

        assert (payment.state, payment.operations[-1].state) == (state, operation_state)
        assert [entry.event for entry in payment.history][-2:] == [Event.VOID_SUBMITTED, event]

    def test_that_is_done_leaves_nothing_to_be_captured_or_asked_about(self) -> None:
        payment = after(voiding(), VOIDED)

        assert (payment.captures_at, payment.sale.inquire_at, payment.unresolved) == (None, None, None)

    def test_that_never_left_waits_to_be_sent(self) -> None:
        void = after(voiding(), NOT_SENT).operations[-1]

        assert (void.send_at, void.inquire_at) == (LATER + timedelta(seconds=10), None)

    def test_whose_answer_is_lost_is_asked_about(self) -> None:
        void = after(voiding(), LOST).operations[-1]

        assert (void.unknown_since, void.inquire_at, void.send_at) == (LATER, LATER + timedelta(seconds=2), None)

    @pytest.mark.parametrize("of_the_later_attempt", [REFUSED, DENIED, NOT_SENT])
    def test_that_may_have_arrived_before_is_not_ended_by_a_later_refusal(self, of_the_later_attempt: Outcome) -> None:
        payment = after(resent(after(voiding(), LOST)), of_the_later_attempt)

        assert (payment.state, payment.operations[-1].state) == (State.AUTHORIZED, OperationState.UNKNOWN)

    def test_that_came_after_the_capture_failed(self) -> None:
        payment = after(voiding(), LOST, OVERTAKEN)

        assert payment.operations[-1].state is OperationState.DECLINED
        assert payment.history[-1].event is Event.VOID_FAILED

    def test_done_for_a_payment_that_was_captured_is_a_contradiction(self) -> None:
        payment = after(replace(voiding(), state=State.CAPTURED, captured_minor=BILL), VOIDED)

        assert (payment.state, payment.history[-1].event) == (State.CAPTURED, Event.ANSWER_CONTRADICTED)
        assert payment.operations[-1].state is OperationState.SUCCEEDED
        assert payment.captured_minor == BILL

    def test_given_up_and_found_done_after_all_is_kept_and_moves_nothing(self) -> None:
        lost = after(voiding(), LOST)
        failed = not_found(lost, lost.operations[-1], occasion=an_occasion(LATER), actor="ops")

        payment = after(failed, VOIDED)

        assert (payment.state, payment.history[-1].event) == (State.AUTHORIZED, Event.ANSWER_CONTRADICTED)


class TestARefund:
    @pytest.mark.parametrize(
        ("outcome", "state", "operation_state", "event", "reserved_minor", "refunded_minor"),
        [
            (
                approved(100),
                State.PARTIALLY_REFUNDED,
                OperationState.SUCCEEDED,
                Event.REFUNDED_IN_PART,
                0,
                100,
            ),
            (REFUSED, State.CAPTURED, OperationState.DECLINED, Event.REFUND_FAILED, 0, 0),
            (PENDING, State.CAPTURED, OperationState.UNKNOWN, Event.REFUND_LOST, 100, 0),
            (NOT_SENT, State.CAPTURED, OperationState.QUEUED, Event.REFUND_NOT_SENT, 100, 0),
            (LOST, State.CAPTURED, OperationState.UNKNOWN, Event.REFUND_LOST, 100, 0),
            (approved(99), State.CAPTURED, OperationState.UNKNOWN, Event.REFUND_LOST, 100, 0),
            (approved(100, currency="CAD"), State.CAPTURED, OperationState.UNKNOWN, Event.REFUND_LOST, 100, 0),
        ],
        ids=["done", "refused", "not decided", "never left us", "silence", "another amount", "another currency"],
    )
    def test_is_moved_by_each_outcome_and_only_a_definite_one_frees_its_reservation(
        self,
        outcome: Outcome,
        state: State,
        operation_state: OperationState,
        event: Event,
        reserved_minor: int,
        refunded_minor: int,
    ) -> None:
        payment = after(refunding(), outcome)

        assert (payment.state, payment.operations[-1].state) == (state, operation_state)
        assert [entry.event for entry in payment.history][-2:] == [Event.REFUND_SUBMITTED, event]
        assert (payment.refund_reserved_minor, payment.refunded_minor) == (reserved_minor, refunded_minor)

    def test_of_all_that_is_left_is_full(self) -> None:
        partly = after(refunding(100), approved(100))
        rest = claimed(partly, REFUND, BILL - 100, number=3)

        payment = after(rest, approved(BILL - 100))

        assert (payment.state, payment.refunded_minor, payment.refundable_minor) == (State.REFUNDED, BILL, 0)

    def test_whose_bill_was_returned_meanwhile_is_counted_and_leaves_an_exposure(self) -> None:
        returned = replace(refunding(), state=State.RETURNED, returned_minor=BILL)

        payment = after(returned, approved(100))

        assert (payment.state, payment.refunded_minor, payment.exposure_minor) == (State.RETURNED, 100, 100)

    @pytest.mark.parametrize("of_the_later_attempt", [REFUSED, NOT_SENT])
    def test_that_may_have_arrived_before_is_not_ended_by_a_refusal_at_the_door(
        self, of_the_later_attempt: Outcome
    ) -> None:
        payment = after(resent(after(refunding(), LOST)), of_the_later_attempt)

        assert (payment.operations[-1].state, payment.refund_reserved_minor) == (OperationState.UNKNOWN, 100)

    def test_that_chase_declined_by_name_is_declined_even_after_a_loss(self) -> None:
        payment = after(refunding(), LOST, DENIED)

        assert (payment.operations[-1].state, payment.refund_reserved_minor) == (OperationState.DECLINED, 0)

    @pytest.mark.parametrize("nothing_new", [LOST, NOT_SENT, REFUSED])
    def test_that_is_unknown_is_not_changed_by_what_adds_nothing(self, nothing_new: Outcome) -> None:
        assert heard(after(refunding(), LOST), nothing_new) is None

    def test_found_pending_goes_on_with_its_schedule(self) -> None:
        lost = after(refunding(), LOST)

        payment = after(lost, PENDING)

        assert payment.operations[-1].inquire_at == lost.operations[-1].inquire_at
        assert heard(payment, PENDING) is None

    @pytest.mark.parametrize("silence", [LOST, NOT_SENT, PENDING, approved(100)])
    def test_that_is_done_hears_nothing_new_in_silence_or_the_same(self, silence: Outcome) -> None:
        assert heard(after(refunding(), approved(100)), silence) is None

    def test_that_is_done_and_declined_after_all_is_a_contradiction(self) -> None:
        payment = after(refunding(), approved(100), DENIED)

        assert (payment.state, payment.refunded_minor) == (State.PARTIALLY_REFUNDED, 100)
        assert payment.history[-1].event is Event.ANSWER_CONTRADICTED


class TestARefundThatWasGivenUpAndIsFound:
    def given_up(self, payment: Payment) -> Payment:
        lost = after(payment, LOST)
        return not_found(lost, lost.operations[-1], occasion=an_occasion(LATER), actor="ops")

    @pytest.mark.parametrize(
        ("amount_minor", "state"), [(100, State.PARTIALLY_REFUNDED), (BILL, State.REFUNDED)], ids=["part", "whole"]
    )
    def test_is_counted_after_all(self, amount_minor: int, state: State) -> None:
        payment = after(self.given_up(refunding(amount_minor)), approved(amount_minor))

        assert (payment.state, payment.refunded_minor, payment.refund_reserved_minor) == (state, amount_minor, 0)
        assert (payment.operations[-1].state, payment.operations[-1].inquire_at) == (OperationState.SUCCEEDED, None)

    def test_is_kept_for_a_person_where_there_is_no_room_for_it(self) -> None:
        given_up = self.given_up(refunding(BILL))
        refunded = replace(given_up, state=State.REFUNDED, refunded_minor=BILL)

        payment = after(refunded, approved(BILL))

        assert (payment.refunded_minor, payment.history[-1].event) == (BILL, Event.ANSWER_CONTRADICTED)

    def test_as_declined_is_no_news(self) -> None:
        assert heard(self.given_up(refunding()), DENIED) is None
