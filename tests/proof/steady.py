"""What holds of a payment by itself, at every moment: amounts, history, and a next step for whoever is not finished."""

from collections.abc import Iterator

from shared.payments.next_step import next_step
from shared.payments.operations import UNRESOLVED, OperationKind, OperationState
from shared.payments.payment import Payment
from shared.payments.state_machine import OPEN_STATES, TRANSITIONS, State


def of_itself(payment: Payment) -> Iterator[str]:
    """The payment against its own operations and history."""
    refunds = [operation for operation in payment.operations if operation.kind is OperationKind.REFUND]
    reserved = sum(each.amount.amount_minor for each in refunds if each.state in UNRESOLVED)
    refunded = sum(each.amount.amount_minor for each in refunds if each.state is OperationState.SUCCEEDED)
    if reserved != payment.refund_reserved_minor:
        yield f"I2 {payment.refund_reserved_minor} is reserved, and {reserved} of refunds is not resolved"
    if refunded != payment.refunded_minor:
        yield f"I2 {payment.refunded_minor} counts as refunded, and refunds of {refunded} succeeded"
    if payment.refunded_minor + payment.refund_reserved_minor > payment.captured_minor:
        yield "I2 more is refunded or reserved than was captured"
    if payment.state is State.VOIDED and (payment.captured_minor or payment.refunded_minor):
        yield "I3 voided, and money counts as taken or given back"
    if sum(operation.state in UNRESOLVED for operation in payment.operations) > 1:
        yield "two operations are not resolved"
    yield from _folded(payment)


def _folded(payment: Payment) -> Iterator[str]:
    state = State.RECEIVED
    for place, entry in enumerate(payment.history, start=1):
        if entry.sequence != place:
            yield f"I8 history has a gap before {entry.sequence}"
        if entry.from_state is not state:
            yield f"I8 entry {place} begins in {entry.from_state}, and the one before ended in {state}"
        if TRANSITIONS.get((entry.from_state, entry.event)) is not entry.to_state:
            yield f"I5 {entry.event} led from {entry.from_state} to {entry.to_state}"
        state = entry.to_state
    if state is not payment.state:
        yield f"I8 its events lead to {state}"


def left_alone(payment: Payment) -> Iterator[str]:
    """Whoever is not finished has a next step: ours, and scheduled, or its caller's, and named."""
    operation, step = payment.unresolved, next_step(payment)
    if operation is None:
        if payment.state in OPEN_STATES:
            yield "open, and no operation of it is"
        if payment.state is State.AUTHORIZED and payment.sale.inquire_at is None:
            yield "authorized, and nobody asks whether it was captured"
        return
    if step is None or (step.at is None and not step.what.startswith("repeat the sale")):
        yield f"its {operation.kind} is {operation.state} and `next` names no step"
    if operation.state is OperationState.UNKNOWN and operation.inquire_at is None:
        yield f"I6 its {operation.kind} is unknown, and no inquiry is scheduled"
    if operation.state is OperationState.QUEUED and operation.send_at is None and payment.state is not State.RECEIVED:
        yield f"its {operation.kind} waits, and nobody sends it"
