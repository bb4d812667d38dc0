"""What is mirrored in shadow: one operation in its payment's order, what was answered to it, and how it compares."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.payments.facts import advanced, with_operation
from shared.payments.ids import chase_request_id
from shared.payments.lifecycle import Named, received, submission_of
from shared.payments.money import Money
from shared.payments.operations import OperationEvent, OperationKind, OperationState, next_operation_state
from shared.payments.outcome import Declined, NotSent, record
from shared.payments.payment import Method, Operation, Payment
from shared.payments.requests import Merchant, SaleRequest
from shared.payments.state_machine import TRANSITIONS, Event
from shared.shadow.pair import Control, ControlStatus

_WAITS = NotSent("QUEUED", "waits to be mirrored to Chase's test endpoint")


@dataclass(frozen=True, slots=True)
class ShadowOperation:
    """
    One operation to be mirrored. `sequence` is its place: the sale is the first.

    `request` is a sale's, with test instruments in the payer's place; `amount_minor` a refund's, None for all that is
    left. `waiting` until it was mirrored.
    """

    id: str
    payment_id: str
    sequence: int
    kind: OperationKind
    biller_id: str
    method: str
    reference: str
    actor: str
    created_at: datetime
    amount_minor: int | None = None
    reason: str | None = None
    request: SaleRequest | None = None
    control: Control | None = None
    waiting: bool = True


def shadow_sale(
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
    """The payment of a sale in shadow, before it is mirrored. `request` and `merchant` are the test ones."""
    operation = waiting_operation(
        OperationKind.SALE, operation_id, request.amount.amount_minor, request.amount.currency, actor=caller, now=now
    )
    named = Named(payment_id, caller, idempotency_key)
    taken = received(request, method, merchant, named, mode="shadow", processor="existing", now=now)
    return advanced(taken, Event.SHADOW_TAKEN, operation, actor=caller, now=now)


def waiting_operation(
    kind: OperationKind,
    operation_id: str,
    amount_minor: int,
    currency: str,
    *,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> Operation:
    """An operation that waits to be mirrored, due at once."""
    request_id = chase_request_id(operation_id)
    return Operation(
        id=operation_id,
        kind=kind,
        state=OperationState.QUEUED,
        amount=Money(amount_minor, currency),
        request_id=request_id,
        created_at=now,
        claimed_at=now,
        outcome=record(_WAITS, request_id),
        send_at=now,
        actor=actor,
        reason=reason,
    )


def mirrored(
    payment: Payment, operation: Operation, *, sequence: int, request: SaleRequest, control: Control | None
) -> ShadowOperation:
    """The sale `operation` of `payment` as what is to be mirrored with `request`."""
    return ShadowOperation(
        id=operation.id,
        payment_id=payment.id,
        sequence=sequence,
        kind=operation.kind,
        biller_id=payment.biller_id,
        method=payment.method.type,
        reference=payment.reference,
        actor=operation.actor,
        created_at=operation.created_at,
        request=request,
        control=control,
    )


def turn_taken(payment: Payment, waiting: ShadowOperation, *, now: datetime) -> tuple[Payment, Operation]:
    """The payment with the void or refund in it whose turn has come, not sent yet: nothing of it is stored."""
    is_refund = waiting.kind is OperationKind.REFUND
    asked_minor = waiting.amount_minor or (payment.refundable_minor if is_refund else payment.amount.amount_minor)
    # All that is left of nothing is nothing: it is cancelled, and an operation has an amount.
    operation = waiting_operation(
        waiting.kind,
        waiting.id,
        asked_minor or payment.amount.amount_minor,
        payment.amount.currency,
        actor=waiting.actor,
        now=now,
        reason=waiting.reason,
    )
    reserved_minor = payment.refund_reserved_minor + (operation.amount.amount_minor if is_refund else 0)
    return replace(with_operation(payment, operation), refund_reserved_minor=reserved_minor), operation


def is_possible(payment: Payment, operation: Operation) -> bool:
    """Whether `operation` may be sent, by the state and the balance of the payment before it was taken in."""
    if operation.kind is OperationKind.REFUND and operation.amount.amount_minor > payment.refundable_minor:
        return False
    return (payment.state, submission_of(operation)) in TRANSITIONS


def not_possible(payment: Payment, operation: Operation, *, actor: str, now: datetime) -> Payment:
    """
    The payment, in which `operation` is not possible, once its turn has come: it ends without a call, as Chase's no.

    The existing processor did it; our side had not come so far, or has gone another way.
    """
    told = record(Declined("NOT_POSSIBLE", f"our payment is {payment.state}; nothing was sent"), operation.request_id)
    refused = replace(
        operation,
        state=next_operation_state(operation.state, OperationEvent.BLOCKED),
        outcome={**told, "processorCalled": False},
        send_at=None,
    )
    return advanced(payment, Event.SHADOW_NOT_POSSIBLE, refused, actor=actor, now=now)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Operations of a time: how many were received, are compared, wait to be mirrored, and were lost."""

    received: int
    compared: int
    pending: int
    lost: int


def control_text(control: Control) -> dict[str, Any]:
    """As it is kept, and as callers write it (docs/openapi.yaml: ControlBody)."""
    told = {
        "status": control.status.value,
        "code": control.code,
        "amountMinor": control.amount_minor,
        "latencyMs": control.latency_ms,
        "processorReference": control.processor_reference,
    }
    return {name: value for name, value in told.items() if value is not None}


def read_control(told: Mapping[str, Any]) -> Control:
    """The control that `control_text` wrote."""
    return Control(
        ControlStatus(told["status"]),
        told.get("code"),
        told.get("amountMinor"),
        told.get("latencyMs"),
        told.get("processorReference"),
    )
