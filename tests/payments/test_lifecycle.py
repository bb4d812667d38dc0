"""How a sale begins, is sent again, and ends without Chase."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.errors import TransitionNotAllowed
from shared.payments.lifecycle import cancelled, given_up, reclaimed, submission_of, submitted_sale
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Declined, NotSent, Outcome, Pending, Unknown
from shared.payments.payment import Operation, Payment
from shared.payments.requests import kept_of
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.state_machine import Event, State
from tests.builders import (
    CITY_WATER,
    NOW,
    a_bank_account,
    a_captured_payment,
    a_card,
    a_sale_request,
    a_submitted_payment,
    an_authorized_payment,
    an_occasion,
    approved,
    claimed,
)

LATER = NOW + timedelta(seconds=1)
DECLINED = Declined("INSUFFICIENT_FUNDS", "not enough money", transaction_id="b1f7c0de-declined")
REFUSED = Declined("VALIDATION_ERROR", "refused before processing")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")
LOST = Unknown("READ_TIMEOUT", "no answer")
PENDING = Pending("CUSTOMER_PENDING", "taken", "b1f7c0de")
AUTHORIZED = approved(captures_at=NOW + timedelta(minutes=120))


def after(payment: Payment, outcome: Outcome) -> Payment:
    found = with_sale_outcome(payment, outcome, occasion=an_occasion(LATER, inquire_at=LATER), actor="chase")
    assert found is not None
    return found


def an_unknown_payment() -> Payment:
    return after(a_submitted_payment(), LOST)


def test_a_submitted_sale_says_who_asked_for_what_and_has_one_entry_in_its_history() -> None:
    payment = a_submitted_payment()

    assert (payment.state, payment.version, payment.sale.state) == (State.SUBMITTED, 1, OperationState.SUBMITTED)
    assert (payment.method.brand, payment.method.last4) == ("visa", "4113")
    [entry] = payment.history
    assert (entry.sequence, entry.event, entry.from_state, entry.actor) == (1, "sale_submitted", "received", "ctp")


def test_a_sale_that_never_left_is_sent_again_under_its_own_request_id() -> None:
    received = after(a_submitted_payment(), NOT_SENT)

    payment = reclaimed(received, received.sale, actor="ctp", now=LATER)

    assert (payment.state, payment.sale.state, payment.sale.attempts) == (State.SUBMITTED, OperationState.SUBMITTED, 2)
    assert payment.sale.request_id == received.sale.request_id
    assert payment.sale.claimed_at == LATER


@pytest.mark.parametrize("finished", [State.DECLINED, State.AUTHORIZED])
def test_a_finished_sale_is_never_sent_again(finished: State) -> None:
    payment = after(a_submitted_payment(), {State.DECLINED: DECLINED, State.AUTHORIZED: AUTHORIZED}[finished])

    with pytest.raises(TransitionNotAllowed):
        reclaimed(payment, payment.sale, actor="ctp", now=LATER)


class TestGivenUp:
    VOID = Operation(
        id="op_void",
        kind=OperationKind.VOID,
        state=OperationState.QUEUED,
        amount=Money(125_99, "USD"),
        request_id="request-of-the-void",
        created_at=LATER,
        claimed_at=LATER,
        actor="ctp",
    )

    def test_a_sale_that_never_left_is_closed_for_good(self) -> None:
        received = after(a_submitted_payment(), NOT_SENT)

        payment = given_up(received, self.VOID, now=LATER)

        assert (payment.state, payment.sale.state, payment.unresolved) == (State.FAILED, OperationState.FAILED, None)
        assert (payment.history[-1].event, payment.history[-1].actor) == (Event.SALE_GIVEN_UP, "ctp")
        void = payment.operation("op_void")
        assert void.outcome is not None
        assert (void.state, void.outcome["processorCalled"]) == (OperationState.SUCCEEDED, False)

    def test_its_kept_instrument_goes_with_it(self) -> None:
        queued = replace(after(a_submitted_payment(), NOT_SENT), instrument_kept=True)

        assert not given_up(queued, self.VOID, now=LATER).instrument_kept

    def test_a_sale_that_may_have_left_is_not_given_up(self) -> None:
        with pytest.raises(TransitionNotAllowed):
            given_up(an_unknown_payment(), self.VOID, now=LATER)


class TestCancelled:
    @pytest.mark.parametrize(
        ("payment", "event"),
        [
            (claimed(an_authorized_payment(), OperationKind.VOID, state=OperationState.QUEUED), Event.VOID_FAILED),
            (
                claimed(a_captured_payment(), OperationKind.REFUND, 100, state=OperationState.QUEUED),
                Event.REFUND_FAILED,
            ),
        ],
        ids=["void", "refund"],
    )
    def test_what_waits_and_is_not_possible_any_more_ends_and_frees_what_it_reserved(
        self, payment: Payment, event: Event
    ) -> None:
        returned = replace(payment, state=State.RETURNED, captured_minor=125_99)

        cancel = cancelled(returned, returned.operations[-1], actor="chase_retry", now=LATER)

        ended = cancel.operations[-1]
        assert (cancel.state, cancel.history[-1].event, cancel.refund_reserved_minor) == (State.RETURNED, event, 0)
        assert (ended.state, ended.send_at) == (OperationState.FAILED, None)
        assert ended.outcome is not None
        assert (ended.outcome["code"], ended.outcome["processorCalled"]) == ("NOT_POSSIBLE_ANY_MORE", False)


@pytest.mark.parametrize(
    ("operation", "event"),
    [
        (a_submitted_payment().sale, Event.SALE_SUBMITTED),
        (an_unknown_payment().sale, Event.SALE_RESUBMITTED),
        (claimed(an_authorized_payment(), OperationKind.VOID).operations[-1], Event.VOID_SUBMITTED),
        (claimed(a_captured_payment(), OperationKind.REFUND, 1).operations[-1], Event.REFUND_SUBMITTED),
        (after(a_submitted_payment(), approved(100)).operations[-1], Event.UNDO_SUBMITTED),
    ],
    ids=["sale", "sale that may have arrived", "void", "refund", "undo"],
)
def test_sending_each_operation_is_an_event_of_its_own(operation: Operation, event: Event) -> None:
    assert submission_of(operation) is event


@pytest.mark.parametrize(("hold_days", "refundable_from"), [(0, None), (4, NOW + timedelta(days=4))])
def test_a_bank_debit_is_refundable_after_its_billers_hold(hold_days: int, refundable_from: object) -> None:
    merchant = replace(CITY_WATER, ach_refund_hold_days=hold_days)
    begun = [
        submitted_sale(
            a_sale_request(method=method),
            kept_of(method),
            merchant,
            payment_id="pay_1",
            operation_id="op_1",
            caller="ctp",
            idempotency_key="attempt-1",
            now=NOW,
        )
        for method in (a_bank_account(), a_card())
    ]

    assert [payment.refundable_from for payment in begun] == [refundable_from, None]
