"""What is due next for a payment, and what a caller may do to it now: no payment is left without one or the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.payments.inquiry import (
    ABANDONED_MARGIN_S,
    EMPTIES_NEEDED,
    READ_TIMEOUT_S,
    SEND_WITHIN_S,
    inquiry_at,
)
from shared.payments.payment import Payment
from shared.payments.state_machine import Event, State, states_allowing

# Before Chase captures, a void could cross the capture on its way (design: payment states).
VOID_CUT_OFF_S: Final = 60

# What a caller may do, by the event that it would cause.
_ACTIONS: Final[Mapping[str, frozenset[State]]] = {
    "void": states_allowing(Event.VOID_SUBMITTED) | states_allowing(Event.SALE_GIVEN_UP),
    "refund": states_allowing(Event.REFUND_SUBMITTED),
}


@dataclass(frozen=True, slots=True)
class NextStep:
    what: str
    at: datetime | None = None


def next_step(payment: Payment) -> NextStep | None:
    """The step that is due and when, ours or the caller's; None when nothing is. Times are never scaled."""
    sale = payment.sale
    match payment.state:
        case State.RECEIVED:
            return NextStep("repeat the sale with the same Idempotency-Key, or void the payment")
        case State.SUBMITTED:
            given_up_s = SEND_WITHIN_S + READ_TIMEOUT_S + ABANDONED_MARGIN_S
            return NextStep("answer from Chase", sale.claimed_at + timedelta(seconds=given_up_s))
        case State.UNKNOWN if sale.unknown_since is not None:
            what = "inquiry at Chase"
            if sale.empties >= EMPTIES_NEEDED:
                what = "Chase knows no such payment: a person decides, and Chase is asked again"
            scheduled = inquiry_at(sale.unknown_since, sale.inquiries)
            return NextStep(what, max(scheduled, sale.inquire_at or scheduled))
        case State.AUTHORIZED:
            return NextStep("capture by Chase", payment.captures_at)
    return None


def allowed_actions(payment: Payment, now: datetime) -> list[str]:
    """`void`, `refund`: what the state, the money left and Chase's capture time permit at `now`."""
    return [action for action, states in _ACTIONS.items() if payment.state in states and _open(payment, action, now)]


def _open(payment: Payment, action: str, now: datetime) -> bool:
    if action == "refund":
        return payment.refundable_minor > 0
    return payment.captures_at is None or now < payment.captures_at - timedelta(seconds=VOID_CUT_OFF_S)
