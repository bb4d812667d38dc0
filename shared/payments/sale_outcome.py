"""What becomes of a payment once something is known, or known to be lost, of its sale."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.payments.answers import (
    contradicted,
    inquired_about,
    is_of_this_attempt_alone,
    is_silence,
    mismatch,
    transaction_id_of,
    was_heard,
)
from shared.payments.facts import Occasion, advanced, operations_with, with_operation
from shared.payments.operations import UNFINISHED, OperationEvent, OperationState, next_operation_state
from shared.payments.outcome import (
    Approved,
    Declined,
    NotSent,
    Outcome,
    OutcomeRecord,
    Pending,
    TransactionState,
    Unknown,
    record,
)
from shared.payments.payment import Operation, Payment
from shared.payments.state_machine import Event, State
from shared.payments.undo import with_undo

# Chase's default delay before it captures, where its answer does not say.
CAPTURE_DELAY: Final = timedelta(minutes=120)

PARTIAL_APPROVAL: Final = "PARTIAL_APPROVAL"


def with_sale_outcome(
    payment: Payment, outcome: Outcome, *, occasion: Occasion, actor: str, queue: bool = False
) -> Payment | None:
    """
    The payment once the sale's outcome is known, or known to be lost. None where the outcome adds nothing.

    With `queue`, a sale that never left is sent again by us (its instrument is kept); without, by its caller's key. A
    finished sale that now hears something else keeps its state; the contradiction goes to its history. A charge found
    on a payment that had failed, and one of less than the bill, is undone.
    """
    outcome = joined(outcome, payment)
    sale = payment.sale
    if sale.state not in UNFINISHED:
        return _heard_late(payment, outcome, occasion, actor)
    if is_partial(outcome, payment) and isinstance(outcome, Approved):
        return _approved_in_part(payment, outcome, occasion, actor)
    event, operation_event = _sale_events(outcome)
    operation_state = next_operation_state(sale.state, operation_event)
    known = record(outcome, sale.request_id)
    is_news = not is_silence(outcome) and known != sale.outcome
    if sale.state is operation_state is OperationState.UNKNOWN and not is_news:
        return None
    moved = replace(
        sale,
        state=operation_state,
        outcome=known,
        transaction_id=transaction_id_of(outcome) or sale.transaction_id,
        send_at=occasion.send_at if queue and operation_state is OperationState.QUEUED else None,
    )
    asked = inquired_about(moved, sale, occasion.inquire_at, occasion.now)
    after = advanced(payment, event, asked, actor=actor, now=occasion.now)
    if after.instrument_kept is not (keeps := _keeps_instrument(after, queue)):
        after = replace(after, instrument_kept=keeps)
    return _with_money(after, outcome, occasion)


def joined(outcome: Outcome, payment: Payment) -> Outcome:
    """
    The outcome of the sale, given that of its latest attempt.

    Unknown outranks what says nothing of an earlier attempt, which may have arrived. An approval of more than was
    asked for, or in another currency, is Unknown too: somebody must look.
    """
    if payment.sale.unknown_since is not None and is_of_this_attempt_alone(outcome):
        return Unknown(outcome.code, "this attempt was not taken, but an earlier one may have arrived")
    if isinstance(outcome, Approved):
        approved, asked = outcome.transaction.amount, payment.amount
        if approved.currency != asked.currency or approved.amount_minor > asked.amount_minor:
            return mismatch(outcome)
    return outcome


def is_partial(outcome: Outcome, payment: Payment) -> bool:
    """Whether Chase holds less than the bill, which is no success (design: outcomes). What is voided holds nothing."""
    if not isinstance(outcome, Approved) or outcome.transaction.state is TransactionState.VOIDED:
        return False
    return outcome.transaction.amount.amount_minor < payment.amount.amount_minor


# What an outcome is to the payment and to its operation; an approval is told apart by what Chase holds.
_SALE_EVENTS: Mapping[type, tuple[Event, OperationEvent]] = {
    Declined: (Event.SALE_DECLINED, OperationEvent.DECLINED),
    Pending: (Event.SALE_PENDING, OperationEvent.PENDING),
    NotSent: (Event.SALE_NOT_SENT, OperationEvent.NOT_SENT),
    Unknown: (Event.SALE_LOST, OperationEvent.LOST),
}
_APPROVED_EVENTS: Mapping[TransactionState, Event] = {
    TransactionState.AUTHORIZED: Event.SALE_AUTHORIZED,
    TransactionState.CLOSED: Event.SALE_CAPTURED,
    TransactionState.COMPLETED: Event.SALE_CAPTURED,
    TransactionState.VOIDED: Event.SALE_FOUND_VOIDED,
}


def _sale_events(outcome: Outcome) -> tuple[Event, OperationEvent]:
    if isinstance(outcome, Approved):
        return _APPROVED_EVENTS[outcome.transaction.state], OperationEvent.APPROVED
    return _SALE_EVENTS[type(outcome)]


def _approved_in_part(payment: Payment, outcome: Approved, occasion: Occasion, actor: str) -> Payment:
    """The sale is over, and did not succeed; until the part is given back nobody may say that nobody was charged."""
    sale = payment.sale
    ended = replace(
        sale,
        state=next_operation_state(sale.state, OperationEvent.DECLINED),
        outcome=_undoing(outcome, sale),
        transaction_id=outcome.transaction.transaction_id,
        unknown_since=None,
        inquire_at=None,
        send_at=None,
    )
    after = advanced(payment, Event.SALE_PARTIALLY_APPROVED, ended, actor=actor, now=occasion.now)
    return with_undo(replace(after, instrument_kept=False), outcome.transaction, occasion)


def _undoing(outcome: Approved, sale: Operation) -> OutcomeRecord:
    said = "Chase approved a part of the amount, which is no success for a bill: it is being given back"
    unknown = Unknown(PARTIAL_APPROVAL, said, outcome.transaction.transaction_id)
    return record(unknown, sale.request_id)


def _heard_late(payment: Payment, outcome: Outcome, occasion: Occasion, actor: str) -> Payment | None:
    sale = payment.sale
    if payment.state is State.FAILED and isinstance(outcome, Declined):
        return None
    if payment.state is State.FAILED and isinstance(outcome, Approved):
        return _charged_late(payment, outcome, occasion, actor)
    if is_partial(outcome, payment) and transaction_id_of(outcome) == sale.transaction_id:
        return None
    return contradicted(payment, sale, outcome, actor=actor, now=occasion.now)


def _charged_late(payment: Payment, outcome: Approved, occasion: Occasion, actor: str) -> Payment | None:
    """Whoever was told that nobody was charged must stay right: what Chase took is given back."""
    heard = record(outcome, payment.sale.request_id)
    if outcome.transaction.state is TransactionState.VOIDED or was_heard(payment, payment.sale, heard):
        return None
    if payment.unresolved is not None:
        # One charge of it is being given back already, and there is another: a person must look.
        return contradicted(payment, payment.sale, outcome, actor=actor, now=occasion.now)
    found = replace(payment.sale, transaction_id=outcome.transaction.transaction_id, inquire_at=None)
    after = advanced(payment, Event.LATE_CHARGE_FOUND, found, actor=actor, now=occasion.now, detail=heard)
    return with_undo(after, outcome.transaction, occasion)


def _keeps_instrument(after: Payment, queue: bool) -> bool:
    if after.sale.state is OperationState.QUEUED:
        return queue
    return after.instrument_kept and after.state is State.UNKNOWN


def _with_money(payment: Payment, outcome: Outcome, occasion: Occasion) -> Payment:
    if not isinstance(outcome, Approved) or payment.state not in (State.AUTHORIZED, State.CAPTURED):
        return payment
    if payment.state is State.CAPTURED:
        return replace(payment, captured_minor=payment.amount.amount_minor, capture_confirmed=True)
    captures_at = outcome.transaction.captures_at or occasion.now + CAPTURE_DELAY
    asked = _asked_about(payment.sale, captures_at + occasion.confirm_after)
    return replace(payment, captures_at=captures_at, operations=operations_with(payment, asked))


def to_be_confirmed(payment: Payment, at: datetime) -> Payment:
    """An authorization whose capture Chase is asked about at `at`: no money counts as taken before it says so."""
    return with_operation(payment, _asked_about(payment.sale, at))


def _asked_about(sale: Operation, at: datetime) -> Operation:
    return replace(sale, inquire_at=at, inquiries=0, empties=0)
