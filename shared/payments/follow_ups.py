"""What becomes of a payment once something is known, or known to be lost, of a void or refund."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from shared.payments.answers import (
    contradicted,
    inquired_about,
    is_of_this_attempt_alone,
    is_silence,
    mismatch,
    transaction_id_of,
)
from shared.payments.facts import Occasion, advanced, with_operation
from shared.payments.lifecycle import released
from shared.payments.operations import (
    UNFINISHED,
    OperationEvent,
    OperationKind,
    OperationState,
    Purpose,
    next_operation_state,
)
from shared.payments.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown, record
from shared.payments.payment import Operation, Payment
from shared.payments.state_machine import TRANSITIONS, Event
from shared.payments.undo import tried_again, undone

# The codes of a void that came too late, for Chase says that it captured; and of a person's word on what is unknown.
CAPTURED: Final = "CAPTURED"
RESOLVED: Final = "RESOLVED"
OVERTAKEN: Final = Declined(CAPTURED, "Chase had captured the payment: it can only be refunded")

_V, _R = OperationKind.VOID, OperationKind.REFUND

# What an outcome is to the operation; what it is to the payment depends on what was asked, and why.
_OPERATION_EVENTS: Final[Mapping[type, OperationEvent]] = {
    Approved: OperationEvent.APPROVED,
    Declined: OperationEvent.DECLINED,
    Pending: OperationEvent.PENDING,
    NotSent: OperationEvent.NOT_SENT,
    Unknown: OperationEvent.LOST,
}
_EVENTS: Final[Mapping[tuple[OperationKind, type], Event]] = {
    (_V, Approved): Event.VOID_SUCCEEDED,
    (_V, Declined): Event.VOID_FAILED,
    (_V, Pending): Event.VOID_LOST,
    (_V, NotSent): Event.VOID_NOT_SENT,
    (_V, Unknown): Event.VOID_LOST,
    (_R, Declined): Event.REFUND_FAILED,
    (_R, Pending): Event.REFUND_LOST,
    (_R, NotSent): Event.REFUND_NOT_SENT,
    (_R, Unknown): Event.REFUND_LOST,
}
_UNDO_EVENTS: Final[Mapping[type, Event]] = {
    Declined: Event.UNDO_FAILED,
    Pending: Event.UNDO_LOST,
    NotSent: Event.UNDO_NOT_SENT,
    Unknown: Event.UNDO_LOST,
}


def with_follow_up_outcome(
    payment: Payment, operation: Operation, outcome: Outcome, *, occasion: Occasion, actor: str
) -> Payment | None:
    """
    The payment once the outcome of its void or refund `operation` is known, or known to be lost.

    None where the outcome adds nothing. What never left waits as `queued`, with its reservation; only a definite
    failure frees a reservation.
    """
    outcome = joined(outcome, operation)
    if operation.state not in UNFINISHED:
        return _heard_late(payment, operation, outcome, occasion, actor)
    known = record(outcome, operation.request_id)
    state = next_operation_state(operation.state, _OPERATION_EVENTS[type(outcome)])
    is_news = not is_silence(outcome) and known != operation.outcome
    if operation.state is state is OperationState.UNKNOWN and not is_news:
        return None
    moved = replace(
        operation,
        state=state,
        outcome=known,
        transaction_id=transaction_id_of(outcome) or operation.transaction_id,
        send_at=occasion.send_at if state is OperationState.QUEUED else None,
    )
    asked = inquired_about(moved, operation, occasion.inquire_at, occasion.now)
    if operation.purpose is not Purpose.REQUESTED:
        return _with_undo_outcome(payment, asked, outcome, occasion, actor)
    return _with_requested_outcome(payment, asked, outcome, occasion, actor)


def joined(outcome: Outcome, operation: Operation) -> Outcome:
    """
    The outcome of the operation, given that of its latest attempt.

    A void that is refused after an earlier one may have arrived tells nothing: that one may be why. So does the refusal
    of an undo's void, which must not end before it is known what Chase holds.
    """
    if outcome.code in (CAPTURED, RESOLVED):
        return outcome
    is_void, is_undo = operation.kind is OperationKind.VOID, operation.purpose is not Purpose.REQUESTED
    earlier_may_have_arrived = operation.unknown_since is not None
    if earlier_may_have_arrived and is_of_this_attempt_alone(outcome):
        return Unknown(outcome.code, "this attempt was not taken, but an earlier one may have arrived")
    if is_void and isinstance(outcome, Declined) and (earlier_may_have_arrived or is_undo):
        return Unknown(outcome.code, "Chase refused the void; what it holds is asked for")
    if not is_void and isinstance(outcome, Approved) and outcome.transaction.amount != operation.amount:
        return mismatch(outcome)
    return outcome


def _with_requested_outcome(
    payment: Payment, operation: Operation, outcome: Outcome, occasion: Occasion, actor: str
) -> Payment:
    event = _event(payment, operation, outcome)
    if (payment.state, event) not in TRANSITIONS:
        # Two words of Chase that cannot both be true: the later one is kept beside the state.
        heard = record(outcome, operation.request_id)
        return advanced(payment, Event.ANSWER_CONTRADICTED, operation, actor=actor, now=occasion.now, detail=heard)
    after = advanced(payment, event, operation, actor=actor, now=occasion.now)
    return _with_money(after, operation, outcome)


def _with_undo_outcome(
    payment: Payment, operation: Operation, outcome: Outcome, occasion: Occasion, actor: str
) -> Payment:
    if isinstance(outcome, Approved):
        return _with_money(undone(payment, operation, actor=actor, now=occasion.now), operation, outcome)
    after = advanced(payment, _UNDO_EVENTS[type(outcome)], operation, actor=actor, now=occasion.now)
    if isinstance(outcome, Declined) and outcome.code != CAPTURED:
        return tried_again(released(after, operation), operation, occasion)
    return after


def _event(payment: Payment, operation: Operation, outcome: Outcome) -> Event:
    if operation.kind is OperationKind.REFUND and isinstance(outcome, Approved):
        back_minor = payment.refunded_minor + operation.amount.amount_minor
        return Event.REFUNDED_IN_FULL if back_minor >= payment.captured_minor else Event.REFUNDED_IN_PART
    return _EVENTS[operation.kind, type(outcome)]


def _with_money(payment: Payment, operation: Operation, outcome: Outcome) -> Payment:
    if operation.kind is OperationKind.VOID and isinstance(outcome, Approved):
        return with_operation(replace(payment, captures_at=None), replace(payment.sale, inquire_at=None))
    if isinstance(outcome, Approved):
        refunded = replace(payment, refunded_minor=payment.refunded_minor + operation.amount.amount_minor)
        return released(refunded, operation)
    return released(payment, operation) if isinstance(outcome, Declined) else payment


def _heard_late(
    payment: Payment, operation: Operation, outcome: Outcome, occasion: Occasion, actor: str
) -> Payment | None:
    """A refund that a person had called not found, and Chase knows: it is counted, as far as there is room for it."""
    if operation.state is OperationState.FAILED and isinstance(outcome, Declined):
        return None
    is_found = operation.state is OperationState.FAILED and operation.kind is OperationKind.REFUND
    if is_found and isinstance(outcome, Approved) and operation.amount.amount_minor <= _room_minor(payment):
        found = replace(
            operation,
            state=next_operation_state(operation.state, OperationEvent.APPROVED),
            outcome=record(outcome, operation.request_id),
            transaction_id=outcome.transaction.transaction_id,
            inquire_at=None,
        )
        event = _event(payment, found, outcome)
        after = advanced(payment, event, found, actor=actor, now=occasion.now)
        return replace(after, refunded_minor=after.refunded_minor + operation.amount.amount_minor)
    return contradicted(payment, operation, outcome, actor=actor, now=occasion.now)


def _room_minor(payment: Payment) -> int:
    return payment.captured_minor - payment.refunded_minor - payment.refund_reserved_minor
