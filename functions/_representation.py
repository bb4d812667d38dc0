"""The payment as callers see it (docs/openapi.yaml: Payment)."""

from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from shared.payments.next_step import allowed_actions, next_step
from shared.payments.payment import HistoryEntry, Operation, Payment
from shared.payments.state_machine import State

# A lost answer is first asked about after 2 s; a payment in flight is answered within Chase's usual second.
RETRY_AFTER_S = 2

# What a sale's payment answers to its caller, first or repeated: the code it would have now.
SALE_STATUS: dict[State, HTTPStatus] = {
    # Reached only by a sale that waits with us: one that waits with its caller is told as a problem.
    State.RECEIVED: HTTPStatus.ACCEPTED,
    State.SUBMITTED: HTTPStatus.ACCEPTED,
    State.UNKNOWN: HTTPStatus.ACCEPTED,
    State.DECLINED: HTTPStatus.PAYMENT_REQUIRED,
    State.AUTHORIZED: HTTPStatus.CREATED,
    State.CAPTURED: HTTPStatus.CREATED,
    State.SETTLED: HTTPStatus.CREATED,
    State.PARTIALLY_REFUNDED: HTTPStatus.CREATED,
    State.REFUNDED: HTTPStatus.CREATED,
    State.VOIDED: HTTPStatus.CREATED,
    State.RETURNED: HTTPStatus.CREATED,
    State.CHARGED_BACK: HTTPStatus.CREATED,
}


def shown(payment: Payment, now: datetime) -> dict[str, Any]:
    """The whole payment as JSON values. `now` decides which actions are still allowed."""
    step = next_step(payment)
    return {
        "id": payment.id,
        "version": payment.version,
        "state": payment.state,
        "mode": payment.mode,
        "processor": payment.processor,
        "billerId": payment.biller_id,
        "reference": payment.reference,
        "amountMinor": payment.amount.amount_minor,
        "currency": payment.amount.currency,
        "capturedMinor": payment.captured_minor,
        "captureConfirmed": payment.capture_confirmed,
        "refundedMinor": payment.refunded_minor,
        "refundReservedMinor": payment.refund_reserved_minor,
        "refundableMinor": payment.refundable_minor,
        "returnedMinor": payment.returned_minor,
        "chargedBackMinor": payment.charged_back_minor,
        "capturesAt": _time(payment.captures_at),
        "method": _method(payment),
        "outcome": payment.sale.outcome,
        "next": None if step is None else {"what": step.what, "at": _time(step.at)},
        "allowedActions": allowed_actions(payment, now),
        "operations": [_operation(operation) for operation in payment.operations],
        "history": [_entry(entry) for entry in payment.history],
        "createdAt": _time(payment.created_at),
        "updatedAt": _time(payment.updated_at),
    }


def etag(payment: Payment) -> str:
    return f'"{payment.version}"'


# Most of a payment's moments are one of two.
@lru_cache(maxsize=1024)
def _time(at: datetime | None) -> str | None:
    """RFC 3339, UTC, milliseconds."""
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _method(payment: Payment) -> dict[str, str | None]:
    return {"type": payment.method.type, "brand": payment.method.brand, "last4": payment.method.last4}


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "kind": operation.kind,
        "state": operation.state,
        "amountMinor": operation.amount.amount_minor,
        "requestId": operation.request_id,
        "createdAt": _time(operation.created_at),
        "outcome": operation.outcome,
    }


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "event": entry.event,
        "from": entry.from_state,
        "to": entry.to_state,
        "actor": entry.actor,
        "at": _time(entry.at),
    }
