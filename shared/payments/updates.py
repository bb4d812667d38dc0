"""What is reported to us of a payment: facts from the bank, and a person's word on an operation that is unknown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from shared.payments.errors import FieldError, InvalidRequest, TransitionNotAllowed
from shared.payments.facts import Occasion, advanced
from shared.payments.follow_ups import RESOLVED, with_follow_up_outcome
from shared.payments.not_found import not_found
from shared.payments.operations import OperationEvent, OperationKind, OperationState, next_operation_state
from shared.payments.outcome import Approved, Declined, OutcomeRecord, Transaction, TransactionState, record
from shared.payments.payment import Operation, Payment
from shared.payments.sale_outcome import to_be_confirmed
from shared.payments.state_machine import Event, State


class UpdateEvent(StrEnum):
    """What may be reported (docs/openapi.yaml: UpdatePaymentState)."""

    SETTLED = "settled"
    RETURNED = "returned"
    CHARGED_BACK = "charged_back"
    CHARGEBACK_REVERSED = "chargeback_reversed"
    RESOLVED_SUCCEEDED = "resolved_succeeded"
    RESOLVED_DECLINED = "resolved_declined"
    RESOLVED_NOT_FOUND = "resolved_not_found"
    CONTROL_REPORTED = "control_reported"


# A person's word on an unknown operation.
RESOLUTIONS: Final = frozenset(
    {UpdateEvent.RESOLVED_SUCCEEDED, UpdateEvent.RESOLVED_DECLINED, UpdateEvent.RESOLVED_NOT_FOUND}
)


@dataclass(frozen=True, slots=True)
class Update:
    """
    One report. `evidence` holds texts and numbers by name; `operation_id` is the operation that a resolution is about.

    The same event with the same evidence and `occurred_at` is the same report.
    """

    event: UpdateEvent
    reason: str
    evidence: Mapping[str, Any]
    occurred_at: datetime
    operation_id: str | None = None

    def kept(self) -> OutcomeRecord:
        """As it is kept in the history."""
        occurred_at = self.occurred_at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
        about = {} if self.operation_id is None else {"operationId": self.operation_id}
        told = {"reported": self.event.value, "reason": self.reason, "evidence": dict(self.evidence)}
        return {**told, "occurredAt": occurred_at, **about}


def is_known(payment: Payment, update: Update) -> bool:
    """Whether the same report is in the payment's history already."""
    told = _without_reason(update.kept())
    return any(entry.detail is not None and _without_reason(entry.detail) == told for entry in payment.history)


def updated(payment: Payment, update: Update, *, occasion: Occasion, actor: str) -> Payment:
    """
    The payment with the report in it.

    Raises TransitionNotAllowed where the table has no such edge, or the operation is not unknown; InvalidRequest where
    it is not this payment's.
    """
    if update.event in RESOLUTIONS:
        return _RESOLVED[update.event](payment, _operation(payment, update), update, occasion, actor)
    return _FACTS[update.event](payment, update, occasion, actor)


def _operation(payment: Payment, update: Update) -> Operation:
    try:
        operation = payment.operation(update.operation_id or "")
    except KeyError:
        raise InvalidRequest(FieldError("operationId", "write the id of one of this payment's operations")) from None
    if operation.state is not OperationState.UNKNOWN:
        raise TransitionNotAllowed(payment.state, f"{update.event} of an operation that is {operation.state}")
    return operation


def _fact(payment: Payment, event: Event, update: Update, occasion: Occasion, actor: str) -> Payment:
    return advanced(payment, event, payment.sale, actor=actor, now=occasion.now, detail=update.kept())


def _settled(payment: Payment, update: Update, occasion: Occasion, actor: str) -> Payment:
    after = _fact(payment, Event.SETTLED, update, occasion, actor)
    return replace(after, settled_at=payment.settled_at or update.occurred_at)


def _returned(payment: Payment, update: Update, occasion: Occasion, actor: str) -> Payment:
    after = _fact(payment, Event.RETURNED, update, occasion, actor)
    return replace(after, returned_minor=payment.returned_minor + _amount_minor(update, 0))


def _charged_back(payment: Payment, update: Update, occasion: Occasion, actor: str) -> Payment:
    after = _fact(payment, Event.CHARGED_BACK, update, occasion, actor)
    whole_minor = max(0, payment.captured_minor - payment.charged_back_minor - payment.returned_minor)
    return replace(after, charged_back_minor=payment.charged_back_minor + _amount_minor(update, whole_minor))


def _chargeback_reversed(payment: Payment, update: Update, occasion: Occasion, actor: str) -> Payment:
    after = _fact(payment, Event.CHARGEBACK_REVERSED, update, occasion, actor)
    back_minor = min(payment.charged_back_minor, _amount_minor(update, payment.charged_back_minor))
    return replace(after, charged_back_minor=payment.charged_back_minor - back_minor)


def _amount_minor(update: Update, otherwise_minor: int) -> int:
    """The evidence's amount; what the event means without one."""
    found = update.evidence.get("amountMinor", otherwise_minor)
    return int(found)


_FACTS: Final[Mapping[UpdateEvent, Callable[[Payment, Update, Occasion, str], Payment]]] = {
    UpdateEvent.SETTLED: _settled,
    UpdateEvent.RETURNED: _returned,
    UpdateEvent.CHARGED_BACK: _charged_back,
    UpdateEvent.CHARGEBACK_REVERSED: _chargeback_reversed,
}

_TAKEN: Final[Mapping[str, tuple[Event, TransactionState]]] = {
    "AUTHORIZED": (Event.RESOLVED_AUTHORIZED, TransactionState.AUTHORIZED),
    "CLOSED": (Event.RESOLVED_CAPTURED, TransactionState.CLOSED),
}


def _succeeded(payment: Payment, operation: Operation, update: Update, occasion: Occasion, actor: str) -> Payment:
    transaction_id = str(update.evidence.get("transactionId") or operation.transaction_id or "")
    if operation.kind is not OperationKind.SALE:
        amount = operation.amount
        approved = Approved(Transaction(transaction_id, TransactionState.VOIDED, amount), RESOLVED, update.reason)
        return _with_word(payment, operation, approved, update, occasion, actor)
    if update.evidence.get("transactionState") not in _TAKEN:
        raise InvalidRequest(FieldError("evidence.transactionState", f"write {' or '.join(_TAKEN)}"))
    event, state = _TAKEN[update.evidence["transactionState"]]
    sold = Approved(Transaction(transaction_id, state, payment.amount), RESOLVED, update.reason)
    ended = replace(
        operation,
        state=next_operation_state(operation.state, OperationEvent.APPROVED),
        outcome=record(sold, operation.request_id),
        transaction_id=transaction_id or None,
        unknown_since=None,
        inquire_at=None,
        send_at=None,
    )
    after = advanced(payment, event, ended, actor=actor, now=occasion.now, detail=update.kept())
    after = replace(after, instrument_kept=False)
    if after.state is State.CAPTURED:
        return replace(after, captured_minor=payment.amount.amount_minor, capture_confirmed=True)
    return to_be_confirmed(after, occasion.inquire_at)


def _declined(payment: Payment, operation: Operation, update: Update, occasion: Occasion, actor: str) -> Payment:
    declined = Declined(RESOLVED, update.reason, transaction_id=operation.transaction_id)
    if operation.kind is not OperationKind.SALE:
        return _with_word(payment, operation, declined, update, occasion, actor)
    ended = replace(
        operation,
        state=next_operation_state(operation.state, OperationEvent.DECLINED),
        outcome=record(declined, operation.request_id),
        unknown_since=None,
        inquire_at=None,
        send_at=None,
    )
    after = advanced(payment, Event.RESOLVED_DECLINED, ended, actor=actor, now=occasion.now, detail=update.kept())
    return replace(after, instrument_kept=False)


def _not_found(payment: Payment, operation: Operation, update: Update, occasion: Occasion, actor: str) -> Payment:
    return not_found(
        payment,
        operation,
        occasion=occasion,
        actor=actor,
        sale_event=Event.RESOLVED_NOT_FOUND,
        detail=update.kept(),
    )


_RESOLVED: Final[Mapping[UpdateEvent, Callable[[Payment, Operation, Update, Occasion, str], Payment]]] = {
    UpdateEvent.RESOLVED_SUCCEEDED: _succeeded,
    UpdateEvent.RESOLVED_DECLINED: _declined,
    UpdateEvent.RESOLVED_NOT_FOUND: _not_found,
}


def _with_word(
    payment: Payment, operation: Operation, said: Approved | Declined, update: Update, occasion: Occasion, actor: str
) -> Payment:
    """A person's word on a void or refund has the effect of Chase's; the history keeps whose word it was."""
    after = with_follow_up_outcome(payment, operation, said, occasion=occasion, actor=actor)
    assert after is not None, "a word that ends an unknown operation is news"
    *before, last = after.history
    return replace(after, history=(*before, replace(last, detail=update.kept())))


def _without_reason(told: OutcomeRecord) -> dict[str, object]:
    return {name: value for name, value in told.items() if name != "reason"}
