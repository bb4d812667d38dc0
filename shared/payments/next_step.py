"""What is due next for a payment, and what a caller may do to it now: no payment is left without one or the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from shared.payments.inquiry import (
    ABANDONED_MARGIN_S,
    CONFIRM_CAPTURE_AFTER_S,
    EMPTIES_NEEDED,
    READ_TIMEOUT_S,
    SEND_WITHIN_S,
    inquiry_at,
)
from shared.payments.operations import OperationKind, OperationState, Purpose
from shared.payments.payment import Operation, Payment
from shared.payments.state_machine import Event, State, states_allowing

# Before Chase captures, a void could cross the capture on its way (design: payment states).
VOID_CUT_OFF_S: Final = 60
# A usual answer of Chase, or the first inquiry, takes about this.
_SOON_S: Final = 2

# What a caller may do, by the event that it would cause.
VOIDABLE: Final = states_allowing(Event.VOID_SUBMITTED)
REFUNDABLE: Final = states_allowing(Event.REFUND_SUBMITTED)
_ACTIONS: Final[Mapping[str, frozenset[State]]] = {
    "void": VOIDABLE | states_allowing(Event.SALE_GIVEN_UP),
    "refund": REFUNDABLE,
}


@dataclass(frozen=True, slots=True)
class NextStep:
    what: str
    at: datetime | None = None


def next_step(payment: Payment) -> NextStep | None:
    """The step that is due and when, ours or the caller's; None when nothing is. Times are never scaled."""
    operation = payment.unresolved
    if operation is not None:
        return _of_operation(operation)
    if payment.state is State.AUTHORIZED:
        return NextStep("capture by Chase", payment.captures_at)
    asked_again = min((each.inquire_at for each in payment.operations if each.inquire_at is not None), default=None)
    if asked_again is None:
        return None
    return NextStep("Chase is asked once more whether it knows of it after all", asked_again)


def _of_operation(operation: Operation) -> NextStep:
    what = _named(operation)
    if operation.state is OperationState.SUBMITTED:
        given_up_s = SEND_WITHIN_S + READ_TIMEOUT_S + ABANDONED_MARGIN_S
        return NextStep(f"answer from Chase{what}", operation.claimed_at + timedelta(seconds=given_up_s))
    if operation.send_at is not None:
        return NextStep(f"sent to Chase again{what}", operation.send_at)
    if operation.state is OperationState.UNKNOWN:
        return _of_unknown(operation, what)
    return NextStep("repeat the sale with the same Idempotency-Key, or void the payment")


def _of_unknown(operation: Operation, what: str) -> NextStep:
    step = f"inquiry at Chase{what}"
    if operation.empties >= EMPTIES_NEEDED:
        step = f"Chase knows nothing of it: a person decides{what}, and Chase is asked again"
    scheduled = inquiry_at(operation.unknown_since or operation.claimed_at, operation.inquiries)
    return NextStep(step, max(scheduled, operation.inquire_at or scheduled))


def _named(operation: Operation) -> str:
    if operation.purpose is not Purpose.REQUESTED:
        return f" about the {operation.kind} that gives back what it took"
    return "" if operation.kind is OperationKind.SALE else f" about the {operation.kind}"


def allowed_actions(payment: Payment, now: datetime) -> list[str]:
    """`void`, `refund`: what the state, the money left and Chase's capture time permit at `now`."""
    return [action for action, states in _ACTIONS.items() if payment.state in states and _open(payment, action, now)]


def retry_after_s(payment: Payment, now: datetime) -> int | None:
    """Seconds after which a refused void or refund may be possible; None where waiting does not help."""
    if payment.unresolved is not None:
        return _SOON_S
    if payment.state is State.AUTHORIZED and payment.captures_at is not None and _is_cut_off(payment, now):
        return _seconds(payment.captures_at + timedelta(seconds=CONFIRM_CAPTURE_AFTER_S) - now)
    if payment.refundable_minor > 0 and payment.refundable_from is not None and payment.refundable_from > now:
        return _seconds(payment.refundable_from - now)
    return None


def _seconds(wait: timedelta) -> int:
    return max(_SOON_S, ceil(wait.total_seconds()))


def _open(payment: Payment, action: str, now: datetime) -> bool:
    if payment.state is State.RECEIVED:
        return True
    if payment.unresolved is not None:
        return False
    if action == "refund":
        held = payment.refundable_from is not None and payment.refundable_from > now
        return payment.refundable_minor > 0 and not held
    return not _is_cut_off(payment, now)


def _is_cut_off(payment: Payment, now: datetime) -> bool:
    return payment.captures_at is not None and now >= payment.captures_at - timedelta(seconds=VOID_CUT_OFF_S)
