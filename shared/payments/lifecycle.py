"""What happens to a payment, as pure steps: a payment and a fact go in, the payment that follows comes out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shared.payments.ids import chase_request_id
from shared.payments.operations import UNFINISHED, OperationEvent, OperationKind, OperationState, next_operation_state
from shared.payments.outcome import (
    IN_PROGRESS,
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
from shared.payments.payment import HistoryEntry, Method, Operation, Payment
from shared.payments.requests import Merchant, SaleRequest
from shared.payments.state_machine import Event, State, next_state

# The code of an approval of another amount than was asked for.
AMOUNT_MISMATCH = "AMOUNT_MISMATCH"

# Whose word a history entry rests on, where it is not a caller's.
CHASE = "chase"


def submitted_sale(
    request: SaleRequest,
    method: Method,
    merchant: Merchant,
    *,
    payment_id: str,
    operation_id: str,
    caller: str,
    idempotency_key: str,
    now: datetime,
) -> Payment:
    """The payment as commit 1 stores it. `submitted` means: may have been sent."""
    operation = Operation(
        id=operation_id,
        kind=OperationKind.SALE,
        state=OperationState.SUBMITTED,
        amount=request.amount,
        request_id=chase_request_id(operation_id),
        created_at=now,
        claimed_at=now,
        outcome=IN_PROGRESS,
    )
    received = Payment(
        id=payment_id,
        version=0,
        state=State.RECEIVED,
        mode="live",
        processor="chase",
        caller=caller,
        idempotency_key=idempotency_key,
        biller_id=request.biller_id,
        merchant_id=merchant.merchant_id,
        reference=request.reference,
        amount=request.amount,
        method=method,
        created_at=now,
        updated_at=now,
        metadata=request.metadata,
    )
    return advanced(received, Event.SALE_SUBMITTED, operation, actor=caller, now=now)


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
    state = next_state(payment.state, event)
    sequence = payment.history[-1].sequence + 1 if payment.history else 1
    entry = HistoryEntry(sequence, event, payment.state, state, actor, now, operation.id, detail)
    others = tuple(known if known.id != operation.id else operation for known in payment.operations)
    return replace(
        payment,
        state=state,
        version=payment.version + 1,
        updated_at=now,
        operations=others if operation in others else (*others, operation),
        history=(*payment.history, entry),
    )


def reclaimed_sale(payment: Payment, *, actor: str, now: datetime) -> Payment:
    """
    A sale that is sent again by its own key, under its own request-id.

    From `received` (nothing had left us), or from `unknown` after two counted empties (ON_NOT_FOUND). `unknown_since`
    stays as it was: it remembers that an earlier attempt may have arrived.
    """
    sale = payment.sale
    event = Event.SALE_RESUBMITTED if sale.state is OperationState.UNKNOWN else Event.SALE_SUBMITTED
    claimed = replace(
        sale,
        state=next_operation_state(sale.state, OperationEvent.CLAIMED),
        claimed_at=now,
        attempts=sale.attempts + 1,
        outcome=IN_PROGRESS,
        inquire_at=None,
    )
    return advanced(payment, event, claimed, actor=actor, now=now)


def with_sale_outcome(
    payment: Payment, outcome: Outcome, *, inquire_at: datetime, actor: str, now: datetime
) -> Payment | None:
    """
    The payment once the sale's outcome is known, or known to be lost. None where the outcome adds nothing.

    `inquire_at` is when Chase is asked first if the outcome is lost. A finished sale that now hears something else
    keeps its state; the contradiction goes to its history.
    """
    outcome = joined(outcome, payment)
    sale = payment.sale
    if sale.state not in UNFINISHED:
        return _contradicted(payment, outcome, actor=actor, now=now)
    known = record(outcome, sale.request_id)
    event, operation_event = _sale_events(outcome, payment)
    operation_state = next_operation_state(sale.state, operation_event)
    is_news = not _is_silence(outcome) and known != sale.outcome
    if sale.state is operation_state is OperationState.UNKNOWN and not is_news:
        return None
    finished = replace(
        sale,
        state=operation_state,
        outcome=known,
        transaction_id=transaction_id_of(outcome) or sale.transaction_id,
    )
    after = advanced(payment, event, _inquired_about(finished, sale, inquire_at, now), actor=actor, now=now)
    return _with_money(after, outcome)


def joined(outcome: Outcome, payment: Payment) -> Outcome:
    """
    The outcome of the operation, given that of its latest attempt.

    Unknown outranks what says nothing of an earlier attempt, which may have arrived: NotSent, and a refusal before
    processing. An approval of more than was asked for, or in another currency, is Unknown too: somebody must look.
    """
    if payment.sale.unknown_since is not None and _is_of_this_attempt_alone(outcome):
        return Unknown(outcome.code, "this attempt was not taken, but an earlier one may have arrived")
    if isinstance(outcome, Approved):
        approved, asked = outcome.transaction.amount, payment.amount
        if approved.currency != asked.currency or approved.amount_minor > asked.amount_minor:
            what = "Chase speaks of another amount than was asked for"
            return Unknown(AMOUNT_MISMATCH, what, outcome.transaction.transaction_id)
    return outcome


def _is_of_this_attempt_alone(outcome: Outcome) -> bool:
    return isinstance(outcome, NotSent) or (isinstance(outcome, Declined) and outcome.transaction_id is None)


def _is_silence(outcome: Outcome) -> bool:
    return isinstance(outcome, Unknown) and outcome.transaction_id is None


def is_partial(outcome: Outcome, payment: Payment) -> bool:
    """A smaller amount than the bill's was approved: no success for a bill (design: outcomes)."""
    return isinstance(outcome, Approved) and outcome.transaction.amount.amount_minor < payment.amount.amount_minor


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


def _sale_events(outcome: Outcome, payment: Payment) -> tuple[Event, OperationEvent]:
    if not isinstance(outcome, Approved):
        return _SALE_EVENTS[type(outcome)]
    # What is voided holds nothing, however little of it was approved.
    if is_partial(outcome, payment) and outcome.transaction.state is not TransactionState.VOIDED:
        return Event.SALE_PARTIALLY_APPROVED, OperationEvent.PENDING
    return _APPROVED_EVENTS[outcome.transaction.state], OperationEvent.APPROVED


def _contradicted(payment: Payment, outcome: Outcome, *, actor: str, now: datetime) -> Payment | None:
    """The same status of the same transaction is no contradiction; what was heard else is kept, each time once."""
    if isinstance(outcome, NotSent | Pending) or _is_silence(outcome):
        return None
    heard = record(outcome, payment.sale.request_id)
    # Other entries keep other things in their detail: a caller's evidence, a line of a bank file.
    answers = (entry.detail for entry in payment.history if entry.event is Event.ANSWER_CONTRADICTED)
    stored = [payment.sale.outcome, *answers]
    if any(known is not None and _tells_the_same(known, heard) for known in stored):
        return None
    return advanced(payment, Event.ANSWER_CONTRADICTED, payment.sale, actor=actor, now=now, detail=heard)


def _tells_the_same(known: OutcomeRecord, heard: OutcomeRecord) -> bool:
    return (known["status"], _heard_of(known)) == (heard["status"], _heard_of(heard))


def _heard_of(told: OutcomeRecord) -> object:
    chase = told.get("chase")
    return chase.get("transactionId") if isinstance(chase, Mapping) else None


def _inquired_about(operation: Operation, before: Operation, inquire_at: datetime, now: datetime) -> Operation:
    """With the inquiry fields that its new state asks for: none, those it had, or a schedule begun afresh."""
    if operation.state is not OperationState.UNKNOWN:
        return replace(operation, unknown_since=None, inquire_at=None)
    if before.state is OperationState.UNKNOWN:
        return operation
    return replace(operation, unknown_since=now, inquire_at=inquire_at, inquiries=0, empties=0)


def transaction_id_of(outcome: Outcome) -> str | None:
    """Chase's id of the transaction that the outcome speaks of, where it speaks of one."""
    match outcome:
        case Approved(transaction=transaction):
            return transaction.transaction_id
        case NotSent():
            return None
        case _:
            return outcome.transaction_id


def _with_money(payment: Payment, outcome: Outcome) -> Payment:
    if not isinstance(outcome, Approved) or payment.state not in (State.AUTHORIZED, State.CAPTURED):
        return payment
    if payment.state is State.AUTHORIZED:
        return replace(payment, captures_at=outcome.transaction.captures_at)
    return replace(payment, captured_minor=payment.amount.amount_minor, capture_confirmed=True)


def capture_confirmed(payment: Payment, *, actor: str, now: datetime) -> Payment:
    """Chase says the authorization was captured: now the money counts as taken."""
    after = advanced(payment, Event.CAPTURE_CONFIRMED, payment.sale, actor=actor, now=now)
    return replace(after, captured_minor=payment.amount.amount_minor, capture_confirmed=True)
