"""
What Chase's answer means. Silence is an answer: Unknown is a value that is recorded, not an exception that climbs.

An operation's outcome is the join of all its attempts: Unknown outranks NotSent until it is resolved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.payments.money import Money


class TransactionState(StrEnum):
    """Chase's `transactionState`. CLOSED is ready for clearing, COMPLETED was sent to the network."""

    AUTHORIZED = "AUTHORIZED"
    VOIDED = "VOIDED"
    PENDING = "PENDING"
    DECLINED = "DECLINED"
    COMPLETED = "COMPLETED"
    CLOSED = "CLOSED"
    ERROR = "ERROR"


CAPTURED_STATES = frozenset({TransactionState.CLOSED, TransactionState.COMPLETED})


class Retry(StrEnum):
    """What the caller may do next."""

    NEVER = "never"
    LATER = "later"
    SAME_KEY = "same_key"
    NEW_KEY = "new_key"


@dataclass(frozen=True, slots=True)
class Transaction:
    """What Chase tells of a transaction. `amount` is the approved one (`amount`, `currency`)."""

    transaction_id: str
    state: TransactionState
    amount: Money
    captures_at: datetime | None = None
    approval_code: str | None = None
    avs: str | None = None
    cvv: str | None = None
    network_transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    transaction: Transaction
    code: str = "APPROVED"
    message: str = "approved"


@dataclass(frozen=True, slots=True)
class Declined:
    """
    A definite no: by the issuer (HTTP 200, DENIED), or by Chase's validation (400, 412).

    `network_code` and `advice` are the network's own words, where Chase passed them on (never_again.py).
    """

    code: str
    message: str
    retry: Retry = Retry.NEVER
    transaction_id: str | None = None
    network_code: str | None = None
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Taken by Chase, not decided: to be looked up, never sent again."""

    code: str
    message: str
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte of the request left us, or it was turned away at the door: safe to send again."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """
    Anything after the first byte that is not an answer we understand. Never sent again blindly, never 'failed'.

    `transaction_id` is known where Chase did answer, but not about what was asked.
    """

    code: str
    message: str
    transaction_id: str | None = None


Outcome = Approved | Declined | Pending | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class NothingFound:
    """Chase's own empty shape: it knows no such request-id. Proves nothing by itself (see inquiry.py)."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The inquiry itself failed: it says nothing about the payment."""

    code: str
    message: str


Inquiry = Approved | Declined | Pending | NothingFound | NoAnswer

OutcomeRecord = Mapping[str, object]
"""An outcome as it is stored and shown (docs/openapi.yaml: Outcome)."""

IN_PROGRESS: OutcomeRecord = {
    "status": "pending",
    "code": "IN_PROGRESS",
    "message": "being sent to Chase",
    "retry": Retry.SAME_KEY.value,
    "processorCalled": True,
}


def record(outcome: Outcome, request_id: str) -> OutcomeRecord:
    """The outcome as stored and shown; `request_id` is the one Chase was, or would have been, called with."""
    status, retry, called = _SHOWN[type(outcome)]
    transaction = outcome.transaction if isinstance(outcome, Approved) else None
    known = {"transactionId": getattr(outcome, "transaction_id", None)}
    if transaction is not None:
        known = {
            "transactionId": transaction.transaction_id,
            "approvalCode": transaction.approval_code,
            "avs": transaction.avs,
            "cvv": transaction.cvv,
        }
    return {
        "status": status,
        "code": outcome.code,
        "message": outcome.message,
        "retry": (outcome.retry if isinstance(outcome, Declined) else retry).value,
        "processorCalled": called,
        "chase": {"requestId": request_id} | {name: value for name, value in known.items() if value is not None},
    }


_SHOWN: Mapping[type, tuple[str, Retry, bool]] = {
    Approved: ("approved", Retry.NEVER, True),
    Declined: ("declined", Retry.NEVER, True),
    Pending: ("pending", Retry.SAME_KEY, True),
    NotSent: ("not_sent", Retry.SAME_KEY, False),
    Unknown: ("unknown", Retry.SAME_KEY, True),
}
