"""How a fact enters a payment: by an edge of the table, with an entry in its history, one version on."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.payments.operations import OperationKind, Purpose
from shared.payments.outcome import OutcomeRecord
from shared.payments.payment import HistoryEntry, Operation, Payment
from shared.payments.state_machine import Event, next_state

# The claim of a void or refund is written without reading the payment first, so its entry follows with the next fact.
_CLAIMED: Final = {OperationKind.VOID: Event.VOID_SUBMITTED, OperationKind.REFUND: Event.REFUND_SUBMITTED}


@dataclass(frozen=True, slots=True)
class Occasion:
    """
    The moment of a step: the time, the waits that may follow from it, and an id for an operation that it may begin.

    `inquire_at` is the first inquiry after a lost answer, `send_at` when what never left is sent again, `ask_again_at`
    when Chase is asked once more about what was given up, `confirm_after` how long after its time a capture is
    confirmed. A laptop may have made the waits shorter.
    """

    now: datetime
    inquire_at: datetime
    send_at: datetime
    ask_again_at: datetime
    confirm_after: timedelta
    operation_id: str


def advanced(
    payment: Payment,
    event: Event,
    operation: Operation,
    *,
    actor: str,
    now: datetime,
    detail: OutcomeRecord | None = None,
) -> Payment:
    """
    The payment after `event`, one version on, with `operation` as it now is and the fact in its history.

    Raises TransitionNotAllowed where the table has no such edge.
    """
    payment = _with_claims_entered(payment)
    state = next_state(payment.state, event)
    entry = HistoryEntry(_next_sequence(payment), event, payment.state, state, actor, now, operation.id, detail)
    return replace(
        payment,
        operations=operations_with(payment, operation),
        state=state,
        version=payment.version + 1,
        updated_at=now,
        history=(*payment.history, entry),
    )


def scheduled(payment: Payment, operation: Operation, *, now: datetime) -> Payment:
    """The payment one version on, with `operation` as it now is: what is due has changed, and nothing has happened."""
    return replace(payment, operations=operations_with(payment, operation), version=payment.version + 1, updated_at=now)


def with_operation(payment: Payment, operation: Operation) -> Payment:
    """The payment with `operation` as it now is, or beside the others if it is new."""
    return replace(payment, operations=operations_with(payment, operation))


def operations_with(payment: Payment, operation: Operation) -> tuple[Operation, ...]:
    """The payment's operations with `operation` as it now is, or behind the others if it is new."""
    others = tuple(known if known.id != operation.id else operation for known in payment.operations)
    return others if operation in others else (*others, operation)


def _with_claims_entered(payment: Payment) -> Payment:
    told = {entry.operation_id for entry in payment.history}
    for operation in payment.operations:
        if operation.kind in _CLAIMED and operation.purpose is Purpose.REQUESTED and operation.id not in told:
            payment = replace(payment, history=(*payment.history, _claim(payment, operation)))
    return payment


def _claim(payment: Payment, operation: Operation) -> HistoryEntry:
    event, state = _CLAIMED[operation.kind], payment.state
    return HistoryEntry(
        _next_sequence(payment), event, state, state, operation.actor, operation.created_at, operation.id
    )


def _next_sequence(payment: Payment) -> int:
    return payment.history[-1].sequence + 1 if payment.history else 1
