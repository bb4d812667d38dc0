"""What an answer is beside what is known already: news, the same again, a contradiction, or silence."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shared.payments.facts import advanced
from shared.payments.operations import OperationState
from shared.payments.outcome import Approved, Declined, NotSent, Outcome, OutcomeRecord, Pending, Unknown, record
from shared.payments.payment import Operation, Payment
from shared.payments.state_machine import Event

# The code of an approval of another amount than was asked for.
AMOUNT_MISMATCH = "AMOUNT_MISMATCH"


def transaction_id_of(outcome: Outcome) -> str | None:
    """Chase's id of the transaction that the outcome speaks of, where it speaks of one."""
    match outcome:
        case Approved(transaction=transaction):
            return transaction.transaction_id
        case NotSent():
            return None
        case _:
            return outcome.transaction_id


def is_silence(outcome: Outcome) -> bool:
    """Whether it says nothing at all of what became of the operation."""
    return isinstance(outcome, Unknown) and outcome.transaction_id is None


def is_of_this_attempt_alone(outcome: Outcome) -> bool:
    """Whether it says nothing of an earlier attempt, which may have arrived: NotSent, a refusal before processing."""
    return isinstance(outcome, NotSent) or (isinstance(outcome, Declined) and outcome.transaction_id is None)


def mismatch(outcome: Approved) -> Unknown:
    """An approval of another amount or currency: no answer to what was asked, and somebody must look."""
    what = "Chase speaks of another amount than was asked for"
    return Unknown(AMOUNT_MISMATCH, what, outcome.transaction.transaction_id)


def contradicted(
    payment: Payment, operation: Operation, outcome: Outcome, *, actor: str, now: datetime
) -> Payment | None:
    """
    A finished operation heard something else: it goes to the history, each time once, and moves nothing.

    None for silence, and for the same status of the same transaction.
    """
    if isinstance(outcome, NotSent | Pending) or is_silence(outcome):
        return None
    heard = record(outcome, operation.request_id)
    if was_heard(payment, operation, heard):
        return None
    return advanced(payment, Event.ANSWER_CONTRADICTED, operation, actor=actor, now=now, detail=heard)


def was_heard(payment: Payment, operation: Operation, heard: OutcomeRecord) -> bool:
    """Whether the operation, or the history, tells the same status of the same transaction already."""
    stored = [operation.outcome, *(entry.detail for entry in payment.history)]
    return any(known is not None and _tells_the_same(known, heard) for known in stored)


def inquired_about(operation: Operation, before: Operation, inquire_at: datetime, now: datetime) -> Operation:
    """With the inquiry fields that its new state asks for: none, those it had, or a schedule begun afresh."""
    if operation.state is not OperationState.UNKNOWN:
        if operation.unknown_since is None and operation.inquire_at is None:
            return operation
        return replace(operation, unknown_since=None, inquire_at=None)
    if before.state is OperationState.UNKNOWN:
        return operation
    return replace(operation, unknown_since=now, inquire_at=inquire_at, inquiries=0, empties=0)


def _tells_the_same(known: OutcomeRecord, heard: OutcomeRecord) -> bool:
    return (known.get("status"), _heard_of(known)) == (heard.get("status"), _heard_of(heard))


def _heard_of(told: OutcomeRecord) -> object:
    chase = told.get("chase")
    return chase.get("transactionId") if isinstance(chase, Mapping) else None
