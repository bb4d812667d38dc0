"""Money counts as taken once Chase says so; a void may come too late for that."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.capture import capture_confirmed, found_voided, overtaken
from shared.payments.errors import TransitionNotAllowed
from shared.payments.follow_ups import with_follow_up_outcome
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import Event, State
from tests.builders import (
    NOW,
    a_captured_payment,
    a_submitted_payment,
    an_authorized_payment,
    an_occasion,
    approved,
    claimed,
    sold,
)

LATER = NOW + timedelta(minutes=1)
LOST = Unknown("READ_TIMEOUT", "no answer")


def lost(payment: Payment) -> Payment:
    found = with_follow_up_outcome(payment, payment.operations[-1], LOST, occasion=an_occasion(), actor="chase")
    assert found is not None
    return found


def test_money_counts_once_chase_says_it_captured() -> None:
    payment = capture_confirmed(an_authorized_payment(), actor="inquiry", now=LATER)

    assert (payment.state, payment.captured_minor, payment.capture_confirmed) == (State.CAPTURED, 125_99, True)
    assert (payment.refundable_minor, payment.sale.inquire_at) == (125_99, None)
    with pytest.raises(TransitionNotAllowed):
        capture_confirmed(payment, actor="inquiry", now=LATER)


def test_an_authorization_that_somebody_else_voided_is_over() -> None:
    payment = found_voided(an_authorized_payment(), actor="inquiry", now=LATER)

    assert (payment.state, payment.captures_at, payment.sale.inquire_at) == (State.VOIDED, None, None)
    with pytest.raises(TransitionNotAllowed):
        found_voided(a_captured_payment(), actor="inquiry", now=LATER)


def test_a_void_that_the_capture_overtook_failed_and_the_capture_counts() -> None:
    voiding = lost(claimed(an_authorized_payment(), OperationKind.VOID))

    payment = overtaken(voiding, voiding.operations[-1], occasion=an_occasion(LATER), actor="inquiry")

    assert (payment.state, payment.captured_minor, payment.capture_confirmed) == (State.CAPTURED, 125_99, True)
    assert payment.operations[-1].state is OperationState.DECLINED
    assert [entry.event for entry in payment.history][-2:] == [Event.VOID_FAILED, Event.CAPTURE_CONFIRMED]


def test_a_capture_that_was_known_already_is_not_counted_twice() -> None:
    voiding = lost(claimed(an_authorized_payment(), OperationKind.VOID))
    captured = replace(voiding, state=State.SETTLED, captured_minor=125_99)

    payment = overtaken(captured, voiding.operations[-1], occasion=an_occasion(LATER), actor="inquiry")

    assert (payment.state, payment.history[-1].event) == (State.SETTLED, Event.VOID_FAILED)


def test_an_undo_that_the_capture_overtook_goes_on_as_a_refund_at_once() -> None:
    partly = sold(a_submitted_payment(), approved(100))
    sent = replace(partly.operations[-1], state=OperationState.SUBMITTED, send_at=None)
    undoing = lost(replace(partly, operations=(partly.sale, sent)))

    occasion = an_occasion(LATER, operation_id="op_refund")
    payment = overtaken(undoing, undoing.operations[-1], occasion=occasion, actor="inquiry")

    void, refund = payment.operations[-2:]
    assert (void.state, refund.id, refund.kind) == (OperationState.DECLINED, "op_refund", OperationKind.REFUND)
    assert (refund.purpose, refund.send_at, refund.amount.amount_minor) == (void.purpose, LATER, 100)
    assert (payment.state, payment.captured_minor, payment.refund_reserved_minor) == (State.UNKNOWN, 100, 100)
