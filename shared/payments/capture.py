"""What Chase says of an authorization later: captured, or voided by somebody else. Only then does money count."""

from dataclasses import replace
from datetime import datetime

from shared.payments.facts import Occasion, advanced
from shared.payments.follow_ups import OVERTAKEN, with_follow_up_outcome
from shared.payments.operations import Purpose
from shared.payments.payment import Operation, Payment
from shared.payments.state_machine import Event, State
from shared.payments.undo import by_refund


def capture_confirmed(payment: Payment, *, actor: str, now: datetime) -> Payment:
    """
    Chase says the authorization was captured: now the money counts as taken.

    Raises TransitionNotAllowed where the payment is no authorization.
    """
    asked_enough = replace(payment.sale, inquire_at=None)
    after = advanced(payment, Event.CAPTURE_CONFIRMED, asked_enough, actor=actor, now=now)
    return replace(after, captured_minor=payment.amount.amount_minor, capture_confirmed=True)


def found_voided(payment: Payment, *, actor: str, now: datetime) -> Payment:
    """Chase says the authorization was voided, and not by an operation of ours."""
    asked_enough = replace(payment.sale, inquire_at=None)
    after = advanced(payment, Event.SALE_FOUND_VOIDED, asked_enough, actor=actor, now=now)
    return replace(after, captures_at=None)


def overtaken(payment: Payment, void: Operation, *, occasion: Occasion, actor: str) -> Payment:
    """
    The unknown `void` came too late: Chase had captured. The void failed, and the capture counts.

    An undo goes on as a refund.
    """
    after = with_follow_up_outcome(payment, void, OVERTAKEN, occasion=occasion, actor=actor)
    assert after is not None, "a void that ends is news"
    if void.purpose is not Purpose.REQUESTED:
        return by_refund(after, void, occasion)
    if after.state is State.AUTHORIZED:
        return capture_confirmed(after, actor=actor, now=occasion.now)
    return after
