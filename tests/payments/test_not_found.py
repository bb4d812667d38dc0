"""Chase knows nothing of it: over as never done, and asked about a few times more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.errors import TransitionNotAllowed
from shared.payments.follow_ups import with_follow_up_outcome
from shared.payments.not_found import ASK_AGAIN_S, not_found, pause_s
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
    claimed,
    sold,
)

LATER = NOW + timedelta(minutes=1)
ASK_AGAIN_AT = LATER + timedelta(minutes=10)
LOST = Unknown("READ_TIMEOUT", "no answer")


def ended(payment: Payment) -> Payment:
    return not_found(payment, payment.operations[-1], occasion=an_occasion(LATER), actor="inquiry")


def lost(payment: Payment) -> Payment:
    found = with_follow_up_outcome(payment, payment.operations[-1], LOST, occasion=an_occasion(), actor="chase")
    assert found is not None
    return found


def test_a_sale_ends_as_failed_and_its_instrument_is_not_kept() -> None:
    unknown = replace(sold(a_submitted_payment(), LOST), instrument_kept=True)

    payment = ended(unknown)

    sale = payment.sale
    assert (payment.state, payment.history[-1].event, payment.instrument_kept) == (
        State.FAILED,
        Event.SALE_NOT_FOUND,
        False,
    )
    assert (sale.state, sale.unknown_since, sale.inquire_at) == (OperationState.FAILED, None, ASK_AGAIN_AT)
    assert (sale.inquiries, sale.empties) == (0, 0)
    assert sale.outcome is not None
    assert (sale.outcome["code"], sale.outcome["retry"]) == ("NOT_FOUND", "new_key")


def test_a_refund_frees_its_reservation_and_is_asked_about_again() -> None:
    payment = ended(lost(claimed(a_captured_payment(), OperationKind.REFUND, 100)))

    assert (payment.state, payment.refund_reserved_minor, payment.history[-1].event) == (
        State.CAPTURED,
        0,
        Event.REFUND_FAILED,
    )
    assert payment.operations[-1].inquire_at == ASK_AGAIN_AT


def test_a_void_is_not_asked_about_again_for_its_transaction_tells() -> None:
    payment = ended(lost(claimed(an_authorized_payment(), OperationKind.VOID)))

    assert (payment.state, payment.history[-1].event) == (State.AUTHORIZED, Event.VOID_FAILED)
    assert payment.operations[-1].inquire_at is None


def test_what_was_to_be_sent_again_is_not_any_more() -> None:
    unknown = lost(claimed(a_captured_payment(), OperationKind.REFUND, 100))
    waiting = replace(unknown.operations[-1], send_at=LATER)
    unknown = replace(unknown, operations=(unknown.sale, waiting))

    assert ended(unknown).operations[-1].send_at is None


@pytest.mark.parametrize("known", [a_captured_payment(), an_authorized_payment()], ids=["captured", "authorized"])
def test_what_is_known_cannot_be_not_found(known: Payment) -> None:
    with pytest.raises(TransitionNotAllowed):
        ended(known)


def test_chase_is_asked_again_at_ten_minutes_an_hour_and_a_day_and_then_no_more() -> None:
    assert [pause_s(inquiries) for inquiries in range(4)] == [50 * 60, 23 * 3600, None, None]
    assert ASK_AGAIN_S == (600, 3600, 86400)
