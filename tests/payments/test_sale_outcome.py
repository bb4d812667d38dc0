"""What each answer about its sale makes of a payment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.lifecycle import reclaimed
from shared.payments.operations import OperationState
from shared.payments.outcome import Declined, NotSent, Outcome, Pending, TransactionState, Unknown, record
from shared.payments.payment import Payment
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.state_machine import Event, State
from tests.builders import (
    NOW,
    a_bank_account,
    a_submitted_payment,
    an_occasion,
    approved,
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


@pytest.mark.parametrize(
    ("outcome", "state", "operation_state", "event"),
    [
        (AUTHORIZED, State.AUTHORIZED, OperationState.SUCCEEDED, Event.SALE_AUTHORIZED),
        (approved(state=TransactionState.CLOSED), State.CAPTURED, OperationState.SUCCEEDED, Event.SALE_CAPTURED),
        (approved(state=TransactionState.COMPLETED), State.CAPTURED, OperationState.SUCCEEDED, Event.SALE_CAPTURED),
        (approved(100), State.UNKNOWN, OperationState.DECLINED, Event.SALE_PARTIALLY_APPROVED),
        (approved(126_00), State.UNKNOWN, OperationState.UNKNOWN, Event.SALE_LOST),
        (approved(currency="CAD"), State.UNKNOWN, OperationState.UNKNOWN, Event.SALE_LOST),
        (DECLINED, State.DECLINED, OperationState.DECLINED, Event.SALE_DECLINED),
        (PENDING, State.UNKNOWN, OperationState.UNKNOWN, Event.SALE_PENDING),
        (NOT_SENT, State.RECEIVED, OperationState.QUEUED, Event.SALE_NOT_SENT),
        (LOST, State.UNKNOWN, OperationState.UNKNOWN, Event.SALE_LOST),
    ],
    ids=[
        "authorized",
        "captured at once",
        "captured and sent to the network",
        "less than the bill",
        "more than the bill",
        "another currency",
        "declined",
        "not decided yet",
        "never left us",
        "silence",
    ],
)
def test_each_outcome_moves_a_submitted_sale(
    outcome: Outcome, state: State, operation_state: OperationState, event: Event
) -> None:
    payment = after(a_submitted_payment(), outcome)

    assert (payment.state, payment.sale.state, payment.history[-1].event) == (state, operation_state, event)
    assert (payment.version, payment.updated_at) == (2, LATER)


def test_an_authorization_knows_when_chase_captures_and_counts_no_money_yet() -> None:
    payment = after(a_submitted_payment(), AUTHORIZED)

    assert payment.captures_at == NOW + timedelta(minutes=120)
    assert (payment.captured_minor, payment.capture_confirmed, payment.refundable_minor) == (0, False, 0)
    assert payment.sale.transaction_id == AUTHORIZED.transaction.transaction_id


def test_a_lost_answer_begins_a_schedule_of_inquiries() -> None:
    sale = an_unknown_payment().sale

    assert (sale.unknown_since, sale.inquire_at, sale.inquiries, sale.empties) == (LATER, LATER, 0, 0)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (AUTHORIZED, State.AUTHORIZED),
        (approved(state=TransactionState.CLOSED), State.CAPTURED),
        (approved(state=TransactionState.VOIDED), State.VOIDED),
        (DECLINED, State.DECLINED),
    ],
)
def test_what_is_found_of_an_unknown_sale_is_adopted_and_ends_the_schedule(found: Outcome, state: State) -> None:
    payment = after(an_unknown_payment(), found)

    assert payment.state is state
    assert payment.sale.unknown_since is None
    # An authorization is asked about again, for its capture.
    confirm_at = NOW + timedelta(minutes=120, seconds=120) if state is State.AUTHORIZED else None
    assert payment.sale.inquire_at == confirm_at


def test_an_unknown_sale_found_pending_goes_on_with_its_schedule() -> None:
    asked_twice = replace(an_unknown_payment().sale, inquiries=2)
    unknown = replace(an_unknown_payment(), operations=(asked_twice,))

    pending = after(unknown, PENDING)

    assert (pending.state, pending.sale.inquiries) == (State.UNKNOWN, 2)
    assert with_sale_outcome(pending, PENDING, occasion=an_occasion(LATER, inquire_at=LATER), actor="inquiry") is None


def test_another_amount_than_asked_for_is_kept_with_its_transaction_and_told_once() -> None:
    mismatched = after(an_unknown_payment(), approved(126_00))

    assert (mismatched.state, mismatched.sale.transaction_id) == (State.UNKNOWN, AUTHORIZED.transaction.transaction_id)
    assert mismatched.sale.outcome is not None
    assert mismatched.sale.outcome["code"] == "AMOUNT_MISMATCH"
    assert (
        with_sale_outcome(mismatched, approved(126_00), occasion=an_occasion(LATER, inquire_at=LATER), actor="inquiry")
        is None
    )


def test_what_was_approved_in_part_and_voided_since_holds_nothing() -> None:
    payment = after(an_unknown_payment(), approved(100, TransactionState.VOIDED))

    assert (payment.state, payment.unresolved) == (State.VOIDED, None)


@pytest.mark.parametrize("nothing_new", [LOST, NOT_SENT, REFUSED])
def test_what_adds_nothing_to_an_unknown_sale_changes_nothing(nothing_new: Outcome) -> None:
    assert (
        with_sale_outcome(
            an_unknown_payment(), nothing_new, occasion=an_occasion(LATER, inquire_at=LATER), actor="chase"
        )
        is None
    )


@pytest.mark.parametrize("of_the_later_attempt", [NOT_SENT, REFUSED])
def test_unknown_outranks_what_says_nothing_of_an_earlier_attempt(of_the_later_attempt: Outcome) -> None:
    sent_again = reclaimed(an_unknown_payment(), an_unknown_payment().sale, actor="ctp", now=LATER)

    payment = after(sent_again, of_the_later_attempt)

    assert sent_again.history[-1].event is Event.SALE_RESUBMITTED
    assert (payment.state, payment.sale.attempts) == (State.UNKNOWN, 2)


class TestASecondAnswerAboutAFinishedSale:
    def test_that_says_the_same_changes_nothing(self) -> None:
        payment = after(a_submitted_payment(), AUTHORIZED)

        assert (
            with_sale_outcome(payment, AUTHORIZED, occasion=an_occasion(LATER, inquire_at=LATER), actor="inquiry")
            is None
        )

    def test_that_says_otherwise_is_kept_and_moves_nothing(self) -> None:
        payment = after(a_submitted_payment(), DECLINED)

        contradicted = after(payment, AUTHORIZED)

        assert (contradicted.state, contradicted.history[-1].event) == (State.DECLINED, Event.ANSWER_CONTRADICTED)
        assert contradicted.sale == payment.sale
        kept = contradicted.history[-1].detail
        assert kept is not None
        assert kept["chase"] == record(AUTHORIZED, payment.sale.request_id)["chase"]

    def test_that_names_another_charge_is_kept_too_and_once(self) -> None:
        payment = after(a_submitted_payment(), AUTHORIZED)
        second_charge = approved(transaction_id="another-transaction")

        contradicted = after(payment, second_charge)

        assert (contradicted.state, contradicted.history[-1].event) == (State.AUTHORIZED, Event.ANSWER_CONTRADICTED)
        assert (
            with_sale_outcome(
                contradicted, second_charge, occasion=an_occasion(LATER, inquire_at=LATER), actor="inquiry"
            )
            is None
        )

    @pytest.mark.parametrize("silence", [LOST, NOT_SENT, PENDING])
    def test_that_says_nothing_is_not_an_answer(self, silence: Outcome) -> None:
        payment = after(a_submitted_payment(), AUTHORIZED)

        assert (
            with_sale_outcome(payment, silence, occasion=an_occasion(LATER, inquire_at=LATER), actor="inquiry") is None
        )


class TestASaleThatWaitsWithUs:
    def queued(self) -> Payment:
        submitted = a_submitted_payment(method=a_bank_account())
        found = with_sale_outcome(submitted, NOT_SENT, occasion=an_occasion(LATER), actor="chase", queue=True)
        assert found is not None
        return found

    def test_is_sent_by_us_and_its_instrument_is_kept(self) -> None:
        payment = self.queued()

        assert (payment.state, payment.instrument_kept) == (State.RECEIVED, True)
        assert payment.sale.send_at == LATER + timedelta(seconds=10)

    def test_keeps_it_while_it_is_unknown_and_no_longer(self) -> None:
        payment = self.queued()
        sent = reclaimed(payment, payment.sale, actor="chase_retry", now=LATER)
        unknown = after(sent, LOST)

        assert (sent.instrument_kept, sent.sale.send_at) == (True, None)
        assert unknown.instrument_kept
        assert not after(unknown, AUTHORIZED).instrument_kept
        assert not after(sent, DECLINED).instrument_kept
