"""The payment, its operations and its history: values. What happens to them is in lifecycle.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.payments.audit import Seal
from shared.payments.money import Money
from shared.payments.operations import UNRESOLVED, OperationKind, OperationState, Purpose
from shared.payments.outcome import OutcomeRecord
from shared.payments.state_machine import Event, State


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One thing asked of Chase, under one request-id for ever.

    `claimed_at` is the latest claim to send it, `attempts` how many claims there were. `send_at` is when we send a
    queued one again (None: its caller does). `unknown_since`, `inquiries`, `empties` and `inquire_at` are about asking
    Chase: since when the answer is lost, how often it was asked, how many empty answers counted, and when it is asked
    next. `actor` asked for it, for `reason`.
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
    send_at: datetime | None = None
    purpose: Purpose = Purpose.REQUESTED
    actor: str = ""
    reason: str | None = None


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
    """
    One attempt to collect one bill. Amounts beside `amount` are minor units of the same currency.

    `refundable_from` is when a bank debit may be refunded at the earliest: one that bounces after a refund pays twice.
    `instrument_kept` says that a ciphertext of its instrument waits to be sent.
    """

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
    refundable_from: datetime | None = None
    instrument_kept: bool = False
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
        return next(operation for operation in self.operations if operation.kind is OperationKind.SALE)

    @property
    def unresolved(self) -> Operation | None:
        """The one operation that has not ended, if there is one."""
        return next((operation for operation in self.operations if operation.state in UNRESOLVED), None)

    @property
    def exposure_minor(self) -> int:
        """How much more went back to the payer than was taken; 0 as it should be."""
        back = self.returned_minor + self.charged_back_minor + self.refunded_minor
        return max(0, back - self.captured_minor)

    def operation(self, operation_id: str) -> Operation:
        """The operation of that id. Raises KeyError if it is not this payment's."""
        for operation in self.operations:
            if operation.id == operation_id:
                return operation
        raise KeyError(operation_id)
