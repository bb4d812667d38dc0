"""What the ledger is told: an amount of a payment that was authorized, taken, given back or taken back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.payments.money import Money


class LedgerRefused(Exception):
    """The ledger will never take this posting as it is: a person must look."""


class LedgerUnavailable(Exception):
    """The ledger did not answer, or not in words that we know: the same posting is sent again."""


class PostingKind(StrEnum):
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"
    RETURNED = "returned"
    CHARGED_BACK = "charged_back"
    CHARGEBACK_REVERSED = "chargeback_reversed"


@dataclass(frozen=True, slots=True)
class Posting:
    """One fact for the ledger, written in the commit that made it so. Posted twice under its `id`, it counts once."""

    id: str
    payment_id: str
    biller_id: str
    kind: PostingKind
    amount: Money
    at: datetime
