"""What Chase took and should not have is given back, by an operation of its own that goes on until it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.follow_ups import with_follow_up_outcome
from shared.payments.not_found import not_found
from shared.payments.operations import OperationKind, OperationState, Purpose
from shared.payments.outcome import Declined, NotSent, Outcome, Pending, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.state_machine import Event, State
from tests.builders import NOW, a_submitted_payment, an_occasion, approved, sold

LOST = Unknown("READ_TIMEOUT", "no answer")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")
REFUSED = Declined("NOT_ALLOWED", "no")
PART_TAKEN = approved(100, TransactionState.CLOSED)
LATER = NOW + timedelta(minutes=1)


def partly_approved(outcome: Outcome = PART_TAKEN) -> Payment:
    return sold(a_submitted_payment(), outcome)


def found_late(outcome: Outcome) -> Payment:
    """The payment had failed, for Chase knew nothing of it; now Chase says `outcome`."""
    unknown = sold(a_submitted_payment(), LOST)
    failed = not_found(unknown, unknown.sale, occasion=an_occasion(), actor="inquiry")
    return sold(failed, outcome, LATER)


def sent(payment: Payment) -> Payment:
    """With its undo claimed."""
    undo = replace(payment.operations[-1], state=OperationState.SUBMITTED, send_at=None)
    return replace(payment, operations=(*payment.operations[:-1], undo))


def answered(payment: Payment, outcome: Outcome, operation_id: str = "op_next") -> Payment:
    occasion = an_occasion(LATER, operation_id=operation_id)
    found = with_follow_up_outcome(payment, payment.operations[-1], outcome, occasion=occasion, actor="chase")
    assert found is not None
    return found


class TestAPartialApproval:
    def test_ends_the_sale_and_leaves_the_payment_unknown_until_it_is_undone(self) -> None:
        payment = partly_approved()

        assert (payment.state, payment.sale.state) == (State.UNKNOWN, OperationState.DECLINED)
        assert payment.sale.outcome is not None
        assert (payment.sale.outcome["status"], payment.sale.outcome["code"]) == ("unknown", "PARTIAL_APPROVAL")
        assert (payment.sale.unknown_since, payment.sale.inquire_at, payment.sale.send_at) == (None, None, None)

    def test_that_is_authorized_is_undone_by_void_and_reserves_nothing(self) -> None:
        payment = partly_approved(approved(100))
        undo = payment.operations[-1]

        assert (undo.kind, undo.state, undo.purpose) == (
            OperationKind.VOID,
            OperationState.QUEUED,
            Purpose.UNDO_PARTIAL_APPROVAL,
        )
        assert (undo.amount.amount_minor, undo.send_at, undo.actor) == (100, NOW, "undo")
        assert (payment.captured_minor, payment.refund_reserved_minor) == (0, 0)

    def test_that_is_captured_is_undone_by_refund_of_what_was_taken(self) -> None:
        payment = partly_approved()

        assert payment.operations[-1].kind is OperationKind.REFUND
        assert (payment.captured_minor, payment.capture_confirmed, payment.refund_reserved_minor) == (100, True, 100)
        assert payment.refundable_minor == 0

    @pytest.mark.parametrize("part", [approved(100), PART_TAKEN], ids=["by void", "by refund"])
    def test_that_is_undone_was_a_decline(self, part: Outcome) -> None:
        payment = sent(partly_approved(part))
        kind = payment.operations[-1].kind
        state = TransactionState.VOIDED if kind is OperationKind.VOID else TransactionState.CLOSED

        undone = answered(payment, approved(100, state))

        assert (undone.state, undone.history[-1].event) == (State.DECLINED, Event.PARTIAL_APPROVAL_UNDONE)
        assert undone.sale.outcome is not None
        assert (undone.sale.outcome["status"], undone.sale.outcome["retry"]) == ("declined", "never")
        assert (undone.refund_reserved_minor, undone.unresolved) == (0, None)
        assert undone.refunded_minor == undone.captured_minor

    def test_heard_of_again_is_no_news(self) -> None:
        payment = partly_approved()

        assert with_sale_outcome(payment, PART_TAKEN, occasion=an_occasion(), actor="inquiry") is None


class TestAnUndo:
    @pytest.mark.parametrize(
        ("outcome", "state", "event"),
        [
            (NOT_SENT, OperationState.QUEUED, Event.UNDO_NOT_SENT),
            (LOST, OperationState.UNKNOWN, Event.UNDO_LOST),
            (Pending("WAIT", "wait"), OperationState.UNKNOWN, Event.UNDO_LOST),
        ],
    )
    def test_that_did_not_get_through_goes_on(self, outcome: Outcome, state: OperationState, event: Event) -> None:
        payment = answered(sent(partly_approved()), outcome)

        assert (payment.operations[-1].state, payment.history[-1].event) == (state, event)
        assert (payment.state, payment.refund_reserved_minor) == (State.UNKNOWN, 100)

    def test_whose_void_is_refused_does_not_end_before_it_is_known_what_chase_holds(self) -> None:
        payment = answered(sent(partly_approved(approved(100))), REFUSED)

        assert payment.operations[-1].state is OperationState.UNKNOWN

    def test_whose_refund_is_refused_is_tried_again_later_under_another_id(self) -> None:
        payment = answered(sent(partly_approved()), REFUSED, "op_second")

        refused, again = payment.operations[-2:]
        assert (refused.state, payment.history[-1].event) == (OperationState.DECLINED, Event.UNDO_FAILED)
        assert (again.id, again.state, again.amount) == ("op_second", OperationState.QUEUED, refused.amount)
        assert again.request_id != refused.request_id
        assert again.send_at == LATER + timedelta(minutes=10)
        assert (payment.captured_minor, payment.refund_reserved_minor) == (100, 100)

    def test_that_chase_does_not_know_begins_anew(self) -> None:
        lost = answered(sent(partly_approved()), LOST)
        undo = lost.operations[-1]

        again = not_found(lost, undo, occasion=an_occasion(LATER, operation_id="op_second"), actor="inquiry")

        assert (again.operation(undo.id).state, again.history[-1].event) == (OperationState.FAILED, Event.UNDO_FAILED)
        assert (again.unresolved and again.unresolved.id, again.refund_reserved_minor) == ("op_second", 100)
        # If the first one is there after all, twice as much has gone back: Chase is asked about it too.
        assert again.operation(undo.id).inquire_at is not None


class TestALateCharge:
    @pytest.mark.parametrize(
        ("charge", "kind"),
        [(approved(), OperationKind.VOID), (approved(state=TransactionState.CLOSED), OperationKind.REFUND)],
        ids=["authorized", "captured"],
    )
    def test_is_given_back_and_the_payment_stays_failed(self, charge: Outcome, kind: OperationKind) -> None:
        payment = found_late(charge)
        undo = payment.operations[-1]

        assert (payment.state, payment.history[-1].event) == (State.FAILED, Event.LATE_CHARGE_FOUND)
        assert (undo.kind, undo.purpose, undo.send_at) == (kind, Purpose.UNDO_LATE_CHARGE, LATER)
        assert payment.sale.inquire_at is None
        detail = payment.history[-1].detail
        assert detail is not None
        assert detail["status"] == "approved"

    def test_is_settled_once_it_is_given_back(self) -> None:
        undone = answered(sent(found_late(approved(state=TransactionState.CLOSED))), approved())

        assert (undone.state, undone.history[-1].event) == (State.FAILED, Event.LATE_CHARGE_UNDONE)
        assert (undone.refunded_minor, undone.refund_reserved_minor) == (125_99, 0)

    @pytest.mark.parametrize(
        "no_charge",
        [approved(state=TransactionState.VOIDED), REFUSED, LOST],
        ids=["voided since", "declined", "silence"],
    )
    def test_is_none_where_chase_holds_nothing(self, no_charge: Outcome) -> None:
        unknown = sold(a_submitted_payment(), LOST)
        failed = not_found(unknown, unknown.sale, occasion=an_occasion(), actor="inquiry")

        assert with_sale_outcome(failed, no_charge, occasion=an_occasion(), actor="inquiry") is None

    def test_is_found_once(self) -> None:
        payment = found_late(approved())

        assert with_sale_outcome(payment, approved(), occasion=an_occasion(), actor="inquiry") is None

    def test_beside_another_that_is_being_given_back_is_kept_for_a_person(self) -> None:
        payment = sold(found_late(approved()), approved(transaction_id="a second charge"))

        assert payment.history[-1].event is Event.ANSWER_CONTRADICTED
        assert len(payment.operations) == 2
