"""How a sale begins, is sent again, and ends without Chase: pure steps from a payment to the payment that follows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.payments.facts import advanced, with_operation
from shared.payments.ids import chase_request_id
from shared.payments.operations import OperationEvent, OperationKind, OperationState, Purpose, next_operation_state
from shared.payments.outcome import IN_PROGRESS, NotSent, OutcomeRecord, Retry, record
from shared.payments.payment import Method, Operation, Payment
from shared.payments.requests import Merchant, SaleRequest
from shared.payments.state_machine import Event, State

# Whose word a history entry rests on, where it is not a caller's.
CHASE = "chase"

_GIVEN_UP: Final[OutcomeRecord] = {
    "status": "approved",
    "code": "GIVEN_UP",
    "message": "the sale never left us; it is given up for good",
    "retry": Retry.NEVER.value,
    "processorCalled": False,
}


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
        actor=caller,
    )
    named = Named(payment_id, caller, idempotency_key)
    held_until = _refundable_from(method, merchant, now)
    taken = received(
        request, method, merchant, named, mode="live", processor="chase", now=now, refundable_from=held_until
    )
    return advanced(taken, Event.SALE_SUBMITTED, operation, actor=caller, now=now)


@dataclass(frozen=True, slots=True)
class Named:
    """What a new payment is called: by us, and by its caller."""

    payment_id: str
    caller: str
    idempotency_key: str


def received(
    request: SaleRequest,
    method: Method,
    merchant: Merchant,
    named: Named,
    *,
    mode: str,
    processor: str,
    now: datetime,
    refundable_from: datetime | None = None,
) -> Payment:
    """A payment that was asked for, before anything of it happened: no operation, no history."""
    return Payment(
        id=named.payment_id,
        version=0,
        state=State.RECEIVED,
        mode=mode,
        processor=processor,
        caller=named.caller,
        idempotency_key=named.idempotency_key,
        biller_id=request.biller_id,
        merchant_id=merchant.merchant_id,
        reference=request.reference,
        amount=request.amount,
        method=method,
        created_at=now,
        updated_at=now,
        refundable_from=refundable_from,
        metadata=request.metadata,
    )


def unsent(intent: Payment) -> Payment:
    """What `submitted_sale` made, before it was submitted: for an intent of which nothing was stored."""
    waiting = replace(intent.sale, state=OperationState.QUEUED, outcome=None)
    return replace(intent, version=0, state=State.RECEIVED, operations=(waiting,), history=())


def blocked_sale(payment: Payment, told: OutcomeRecord, *, actor: str, now: datetime) -> Payment:
    """
    A `received` sale that a rule of the payer's network does not let leave: declined for good, without Chase.

    Raises TransitionNotAllowed where the sale is not `received`.
    """
    sale = payment.sale
    ended = replace(sale, state=next_operation_state(sale.state, OperationEvent.BLOCKED), outcome=told, send_at=None)
    return replace(advanced(payment, Event.SALE_BLOCKED, ended, actor=actor, now=now), instrument_kept=False)


def live_disabled(payment: Payment, *, actor: str, now: datetime) -> Payment:
    """
    A `received` sale, ended: live sales are switched off. Nothing of it ever left, or will.

    Raises TransitionNotAllowed where the sale is not `received`.
    """
    told = NotSent("live-disabled", "live sales are switched off; nothing was sent")
    sale = payment.sale
    state = next_operation_state(sale.state, OperationEvent.FAILED)
    outcome = {**record(told, sale.request_id), "retry": Retry.NEW_KEY.value}
    ended = replace(sale, state=state, outcome=outcome, send_at=None)
    return replace(advanced(payment, Event.LIVE_DISABLED, ended, actor=actor, now=now), instrument_kept=False)


_SUBMITTED: Final[Mapping[OperationKind, Event]] = {
    OperationKind.SALE: Event.SALE_SUBMITTED,
    OperationKind.VOID: Event.VOID_SUBMITTED,
    OperationKind.REFUND: Event.REFUND_SUBMITTED,
}


def submission_of(operation: Operation) -> Event:
    """The event of sending `operation` (again): the table says in which states that may still happen."""
    if operation.purpose is not Purpose.REQUESTED:
        return Event.UNDO_SUBMITTED
    if operation.kind is OperationKind.SALE and operation.state is OperationState.UNKNOWN:
        return Event.SALE_RESUBMITTED
    return _SUBMITTED[operation.kind]


def reclaimed(payment: Payment, operation: Operation, *, actor: str, now: datetime) -> Payment:
    """
    The payment with `operation` claimed to be sent again, under its own request-id.

    From `queued` (nothing had left us), or from `unknown` after two counted empties (ON_NOT_FOUND). `unknown_since`
    stays as it was: it remembers that an earlier attempt may have arrived.
    """
    claimed = replace(
        operation,
        state=next_operation_state(operation.state, OperationEvent.CLAIMED),
        claimed_at=now,
        attempts=operation.attempts + 1,
        outcome=IN_PROGRESS,
        inquire_at=None,
        send_at=None,
    )
    return advanced(payment, submission_of(operation), claimed, actor=actor, now=now)


def given_up(payment: Payment, void: Operation, *, now: datetime) -> Payment:
    """
    A sale that never left is closed for good, by `void`: nobody was charged, and nobody will be.

    Raises TransitionNotAllowed where the sale is not `received`.
    """
    sale = payment.sale
    failed = replace(sale, state=next_operation_state(sale.state, OperationEvent.FAILED), send_at=None)
    done = replace(void, state=OperationState.SUCCEEDED, outcome=_GIVEN_UP)
    closed = advanced(with_operation(payment, failed), Event.SALE_GIVEN_UP, done, actor=void.actor, now=now)
    return replace(closed, instrument_kept=False)


def cancelled(payment: Payment, operation: Operation, *, actor: str, now: datetime) -> Payment:
    """
    A void or refund that waits to be sent, ended: the payment's state does not allow it any more.

    Nothing of it ever left us, so its reservation is free again.
    """
    outcome = NotSent("NOT_POSSIBLE_ANY_MORE", f"the payment is {payment.state} by now; nothing was sent")
    failed = replace(
        operation,
        state=next_operation_state(operation.state, OperationEvent.FAILED),
        outcome=record(outcome, operation.request_id),
        send_at=None,
    )
    event = Event.VOID_FAILED if operation.kind is OperationKind.VOID else Event.REFUND_FAILED
    return released(advanced(payment, event, failed, actor=actor, now=now), operation)


def released(payment: Payment, operation: Operation) -> Payment:
    """Without what `operation` had reserved. Only a definite failure releases; silence never does."""
    if operation.kind is not OperationKind.REFUND:
        return payment
    left_minor = payment.refund_reserved_minor - operation.amount.amount_minor
    return replace(payment, refund_reserved_minor=left_minor)


def _refundable_from(method: Method, merchant: Merchant, now: datetime) -> datetime | None:
    if method.type != "ach" or not merchant.ach_refund_hold_days:
        return None
    return now + timedelta(days=merchant.ach_refund_hold_days)
