"""Our values as columns, and columns as our values: the same on every engine."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from shared.database.unit_of_work import Row, Value
from shared.payments.audit import Seal
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState, Purpose
from shared.payments.payment import HistoryEntry, Method, Operation, Payment
from shared.payments.state_machine import Event, State

# A member of an enumeration is bound as its text: a driver takes as long to find that out as to bind the rest.
# Columns that never change once written, then those that do; the row mappers below rely on this order.
PAYMENT_FIXED: Final = (
    "id", "mode", "processor", "caller", "idempotency_key", "biller_id", "merchant_id", "reference", "amount_minor",
    "currency", "method_type", "method_brand", "method_last4", "metadata", "created_at", "refundable_from",
)  # fmt: skip
PAYMENT_CHANGING: Final = (
    "version", "state", "captured_minor", "capture_confirmed", "refunded_minor", "refund_reserved_minor",
    "returned_minor", "charged_back_minor", "captures_at", "settled_at", "updated_at", "instrument_kept",
)  # fmt: skip
OPERATION_FIXED: Final = (
    "id", "payment_id", "kind", "amount_minor", "currency", "request_id", "created_at", "purpose", "actor", "reason",
)  # fmt: skip
OPERATION_CHANGING: Final = (
    "state", "claimed_at", "attempts", "outcome", "transaction_id", "unknown_since", "inquiries", "empties",
    "inquire_at", "send_at",
)  # fmt: skip
HISTORY: Final = ("payment_id", "sequence", "event", "from_state", "to_state", "actor", "at", "operation_id", "detail")


# One moment stands in many columns of a step.
@lru_cache(maxsize=1024)
def time_text(at: datetime) -> str:
    """UTC with milliseconds and no offset: it sorts the same as text and as DATETIME2(3)."""
    # One moment is one key, whatever its offset: so it has one text, too.
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def time_or_none(at: datetime | None) -> str | None:
    return None if at is None else time_text(at)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _optional_time(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


_json: Final[Callable[[Any], str]] = json.JSONEncoder(separators=(",", ":")).encode


def payment_fixed(payment: Payment) -> tuple[Value, ...]:
    return (
        payment.id,
        payment.mode,
        payment.processor,
        payment.caller,
        payment.idempotency_key,
        payment.biller_id,
        payment.merchant_id,
        payment.reference,
        payment.amount.amount_minor,
        payment.amount.currency,
        payment.method.type,
        payment.method.brand,
        payment.method.last4,
        _json(dict(payment.metadata)),
        time_text(payment.created_at),
        time_or_none(payment.refundable_from),
    )


def payment_changing(payment: Payment) -> tuple[Value, ...]:
    return (
        payment.version,
        str(payment.state),
        payment.captured_minor,
        int(payment.capture_confirmed),
        payment.refunded_minor,
        payment.refund_reserved_minor,
        payment.returned_minor,
        payment.charged_back_minor,
        time_or_none(payment.captures_at),
        time_or_none(payment.settled_at),
        time_text(payment.updated_at),
        int(payment.instrument_kept),
    )


def operation_fixed(operation: Operation, payment_id: str) -> tuple[Value, ...]:
    return (
        operation.id,
        payment_id,
        str(operation.kind),
        operation.amount.amount_minor,
        operation.amount.currency,
        operation.request_id,
        time_text(operation.created_at),
        str(operation.purpose),
        operation.actor,
        operation.reason,
    )


def operation_changing(operation: Operation) -> tuple[Value, ...]:
    return (
        str(operation.state),
        time_text(operation.claimed_at),
        operation.attempts,
        None if operation.outcome is None else _json(operation.outcome),
        operation.transaction_id,
        time_or_none(operation.unknown_since),
        operation.inquiries,
        operation.empties,
        time_or_none(operation.inquire_at),
        time_or_none(operation.send_at),
    )


def history_entry(entry: HistoryEntry, payment_id: str) -> tuple[Value, ...]:
    return (
        payment_id,
        entry.sequence,
        str(entry.event),
        str(entry.from_state),
        str(entry.to_state),
        entry.actor,
        time_text(entry.at),
        entry.operation_id,
        None if entry.detail is None else _json(entry.detail),
    )


def payments_of(payments: Iterable[Row], operations: Iterable[Row], history: Iterable[Row]) -> Sequence[Payment]:
    """Whole payments from their rows, in the order of `payments`; operations and entries by id and sequence."""
    of_payment: dict[str, list[Operation]] = defaultdict(list)
    for row in operations:
        of_payment[row[1]].append(_operation(row))
    entries: dict[str, list[HistoryEntry]] = defaultdict(list)
    for row in history:
        entries[row[0]].append(_entry(row))
    return [_payment(row, tuple(of_payment[row[0]]), tuple(entries[row[0]])) for row in payments]


def _payment(row: Row, operations: tuple[Operation, ...], history: tuple[HistoryEntry, ...]) -> Payment:
    fixed, changing = row[: len(PAYMENT_FIXED)], row[len(PAYMENT_FIXED) :]
    payment_id, mode, processor, caller, key, biller_id, merchant_id, reference, amount, currency = fixed[:10]
    return Payment(
        id=payment_id,
        mode=mode,
        processor=processor,
        caller=caller,
        idempotency_key=key,
        biller_id=biller_id,
        merchant_id=merchant_id,
        reference=reference,
        amount=Money(amount, currency),
        method=Method(*fixed[10:13]),
        metadata=json.loads(fixed[13]),
        created_at=_time(fixed[14]),
        refundable_from=_optional_time(fixed[15]),
        version=changing[0],
        state=State(changing[1]),
        captured_minor=changing[2],
        capture_confirmed=bool(changing[3]),
        refunded_minor=changing[4],
        refund_reserved_minor=changing[5],
        returned_minor=changing[6],
        charged_back_minor=changing[7],
        captures_at=_optional_time(changing[8]),
        settled_at=_optional_time(changing[9]),
        updated_at=_time(changing[10]),
        instrument_kept=bool(changing[11]),
        operations=operations,
        history=history,
    )


def _operation(row: Row) -> Operation:
    fixed, changing = row[: len(OPERATION_FIXED)], row[len(OPERATION_FIXED) :]
    operation_id, _, kind, amount, currency, request_id, created_at, purpose, actor, reason = fixed
    state, claimed_at, attempts, outcome, transaction_id, unknown_since, inquiries, empties = changing[:8]
    return Operation(
        id=operation_id,
        kind=OperationKind(kind),
        state=OperationState(state),
        amount=Money(amount, currency),
        request_id=request_id,
        created_at=_time(created_at),
        claimed_at=_time(claimed_at),
        attempts=attempts,
        outcome=None if outcome is None else json.loads(outcome),
        transaction_id=transaction_id,
        unknown_since=_optional_time(unknown_since),
        inquiries=inquiries,
        empties=empties,
        inquire_at=_optional_time(changing[8]),
        send_at=_optional_time(changing[9]),
        purpose=Purpose(purpose),
        actor=actor,
        reason=reason,
    )


def _entry(row: Row) -> HistoryEntry:
    _, sequence, event, from_state, to_state, actor, at, operation_id, detail, mac, mac_key = row
    states = State(from_state), State(to_state)
    known = None if detail is None else json.loads(detail)
    seal = None if mac is None else Seal(mac, mac_key)
    return HistoryEntry(sequence, Event(event), *states, actor, _time(at), operation_id, known, seal)
