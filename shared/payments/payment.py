"""The payment, its operations and its history: values. What happens to them is in lifecycle.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.payments.audit import Seal
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import OutcomeRecord
from shared.payments.state_machine import Event, State


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One thing asked of Chase, under one request-id for ever.

    `claimed_at` is the latest claim to send it, `attempts` how many claims there were. `unknown_since`, `inquiries`,
    `empties` and `inquire_at` belong to an operation whose answer was lost: since when, how often Chase was asked, how
    many empty answers counted, and when the next inquiry is due.
    """

    id: str
    kind: OperationKind
    state: OperationState
    amount: Money
    request_id: str
    created_at: datetime
    claimed_at: datetime
    attempts: int = 1
    outcome: OutcomeRecord | None = None
    transaction_id: str | None = None
    unknown_since: datetime | None = None
    inquiries: int = 0
    empties: int = 0
    inquire_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """
    One fact, never changed: `event` moved the payment from `from_state` to `to_state`, by `actor`'s word.

    `detail` keeps what was heard where it stands nowhere else: an answer that contradicts the stored one.
    `seal` is the stored row's, None where it was not read from there: no part of the fact.
    """

    sequence: int
    event: Event
    from_state: State
    to_state: State
    actor: str
    at: datetime
    operation_id: str | None = None
    detail: OutcomeRecord | None = None
    seal: Seal | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Method:
    """How the payer paid, as far as it may be kept: `brand` and `last4` (None where the method has none)."""

    type: str
    brand: str | None = None
    last4: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to collect one bill. Amounts beside `amount` are minor units of the same currency."""

    id: str
    version: int
    state: State
    mode: str
    processor: str
    caller: str
    idempotency_key: str
    biller_id: str
    merchant_id: str
    reference: str
    amount: Money
    method: Method
    created_at: datetime
    updated_at: datetime
    captured_minor: int = 0
    capture_confirmed: bool = False
    refunded_minor: int = 0
    refund_reserved_minor: int = 0
    returned_minor: int = 0
    charged_back_minor: int = 0
    captures_at: datetime | None = None
    settled_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()
    history: tuple[HistoryEntry, ...] = ()

    @property
    def refundable_minor(self) -> int:
        """What may still be refunded, reservations included (design: payment states)."""
        spent = self.returned_minor + self.charged_back_minor + self.refunded_minor + self.refund_reserved_minor
        return max(0, self.captured_minor - spent)

    @property
    def sale(self) -> Operation:
        """The operation that began it all."""
        return self.operations[0]

    def operation(self, operation_id: str) -> Operation:
        """The operation of that id. Raises KeyError if it is not this payment's."""
        for operation in self.operations:
            if operation.id == operation_id:
                return operation
        raise KeyError(operation_id)
