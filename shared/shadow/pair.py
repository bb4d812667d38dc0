"""The two sides of a comparison: what the existing processor answered, and what became of our shadow of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import OutcomeRecord
from shared.payments.payment import Operation, Payment
from shared.payments.state_machine import State


class ControlStatus(StrEnum):
    APPROVED = "approved"
    DECLINED = "declined"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Control:
    """What the existing processor answered (`control` of the contract). `latency_ms` is its caller's measure."""

    status: ControlStatus
    code: str | None = None
    amount_minor: int | None = None
    latency_ms: int | None = None
    processor_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    What became of our operation against Chase's test endpoint.

    `status` is the outcome's (`approved | declined | pending | unknown | not_sent`); `asked` is what was asked for and
    `amount` what was approved (None where nothing was). `transaction_id` is None where Chase refused the request
    itself. `after_approval` is False for a void or refund whose sale Chase's test endpoint had not approved.
    """

    biller_id: str
    method: str
    operation: OperationKind
    asked: Money
    status: str
    code: str
    state: State
    amount: Money | None = None
    transaction_id: str | None = None
    latency_ms: int | None = None
    avs: str | None = None
    cvv: str | None = None
    after_approval: bool = True


# An operation in one of these has an outcome to compare; any other is still on its way.
_ANSWERED = frozenset(
    {OperationState.SUCCEEDED, OperationState.DECLINED, OperationState.FAILED, OperationState.UNKNOWN}
)


def candidate_of(payment: Payment, operation_id: str) -> Candidate | None:
    """The candidate that a shadow payment's operation is; None while it is on its way. Raises KeyError for no such."""
    operation = payment.operation(operation_id)
    if operation.state not in _ANSWERED or operation.outcome is None:
        return None
    outcome, chase = operation.outcome, _chase(operation.outcome)
    approved = outcome["status"] == "approved"
    return Candidate(
        biller_id=payment.biller_id,
        method=payment.method.type,
        operation=operation.kind,
        asked=operation.amount,
        status=str(outcome["status"]),
        code=str(outcome["code"]),
        state=payment.state,
        amount=operation.amount if approved else None,
        transaction_id=operation.transaction_id or chase.get("transactionId"),
        latency_ms=_latency_ms(payment, operation),
        avs=chase.get("avs"),
        cvv=chase.get("cvv"),
        after_approval=payment.sale.state is OperationState.SUCCEEDED,
    )


def _chase(outcome: OutcomeRecord) -> dict[str, str]:
    told = outcome.get("chase")
    known = told if isinstance(told, dict) else {}
    return {name: str(value) for name, value in known.items() if value is not None}


def _latency_ms(payment: Payment, operation: Operation) -> int | None:
    """From the latest claim to the first fact about the operation after it."""
    answered = (entry.at for entry in payment.history if entry.operation_id == operation.id)
    return next((_ms(operation.claimed_at, at) for at in answered if at > operation.claimed_at), None)


def _ms(start: datetime, end: datetime) -> int:
    return round((end - start).total_seconds() * 1000)
