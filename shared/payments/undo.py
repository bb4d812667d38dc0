"""
Giving back what Chase should not have taken: a part of a bill, or a charge found after the payment had failed.

An undo is an operation of its own, written in the commit that learned of the charge: by void while it is authorized,
by refund once it is captured. It is sent by chase_retry, like everything that must go out without a caller.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from shared.payments.facts import Occasion, advanced, with_operation
from shared.payments.ids import chase_request_id
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState, Purpose
from shared.payments.outcome import CAPTURED_STATES, Declined, NotSent, Transaction, record
from shared.payments.payment import Operation, Payment
from shared.payments.state_machine import Event, State

# Whose word an undo rests on.
UNDO: Final = "undo"

_WAITS: Final = NotSent("QUEUED", "waits to be sent")


def with_undo(payment: Payment, transaction: Transaction, occasion: Occasion) -> Payment:
    """The payment with an undo of `transaction` waiting to be sent at once."""
    kind = OperationKind.REFUND if transaction.state in CAPTURED_STATES else OperationKind.VOID
    return _begun(payment, kind, transaction.amount, send_at=occasion.now, occasion=occasion)


def undone(payment: Payment, operation: Operation, *, actor: str, now: datetime) -> Payment:
    """The charge is given back: only now is the sale declined, or the late charge settled."""
    if operation.purpose is Purpose.UNDO_LATE_CHARGE:
        return advanced(payment, Event.LATE_CHARGE_UNDONE, operation, actor=actor, now=now)
    sale = payment.sale
    given_back = Declined(
        "PARTIAL_APPROVAL", "Chase approved a part of the amount; it was given back", transaction_id=sale.transaction_id
    )
    ended = with_operation(payment, replace(sale, outcome=record(given_back, sale.request_id)))
    return advanced(ended, Event.PARTIAL_APPROVAL_UNDONE, operation, actor=actor, now=now)


def tried_again(payment: Payment, operation: Operation, occasion: Occasion) -> Payment:
    """Chase refused the undo `operation`: another one, later, under an id of its own, until it is given back."""
    return _begun(payment, operation.kind, operation.amount, send_at=occasion.ask_again_at, occasion=occasion)


def by_refund(payment: Payment, operation: Operation, occasion: Occasion) -> Payment:
    """The void `operation` came after the capture: the same amount is given back by refund."""
    return _begun(payment, OperationKind.REFUND, operation.amount, send_at=occasion.now, occasion=occasion)


def _begun(payment: Payment, kind: OperationKind, amount: Money, *, send_at: datetime, occasion: Occasion) -> Payment:
    late = payment.state is State.FAILED
    request_id = chase_request_id(occasion.operation_id)
    undo = Operation(
        id=occasion.operation_id,
        kind=kind,
        state=OperationState.QUEUED,
        amount=amount,
        request_id=request_id,
        created_at=occasion.now,
        claimed_at=occasion.now,
        outcome=record(_WAITS, request_id),
        send_at=send_at,
        purpose=Purpose.UNDO_LATE_CHARGE if late else Purpose.UNDO_PARTIAL_APPROVAL,
        actor=UNDO,
    )
    begun = with_operation(payment, undo)
    if kind is OperationKind.VOID:
        return begun
    # What is to be given back was taken: the database holds that no more is reserved than was captured.
    taken_minor = max(payment.captured_minor, amount.amount_minor)
    return replace(begun, captured_minor=taken_minor, capture_confirmed=True, refund_reserved_minor=amount.amount_minor)
