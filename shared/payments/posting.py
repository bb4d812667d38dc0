"""What the ledger is told: an amount of a payment that was taken, given up, given back or taken back."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.payments.money import Money
from shared.payments.payment import Payment
from shared.payments.state_machine import State

# The namespace of every posting's id. Changing it would have old postings booked once more.
_POSTINGS: Final = uuid.UUID("3d0b8a52-7f0e-5c43-8d4f-0a6e2f9b1c64")


class LedgerRefused(Exception):
    """The ledger will never take this posting as it is: a person must look."""


class LedgerUnavailable(Exception):
    """The ledger did not answer, or not in words that we know: the same posting is sent again."""


class PostingKind(StrEnum):
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"
    RETURNED = "returned"
    CHARGED_BACK = "charged_back"
    CHARGEBACK_REVERSED = "chargeback_reversed"


@dataclass(frozen=True, slots=True)
class Posting:
    """
    One fact for the ledger, written in the commit that made it so. Posted twice under its `id`, it counts once.

    Raises ValueError for an amount of 0.
    """

    id: str
    payment_id: str
    biller_id: str
    kind: PostingKind
    amount: Money
    at: datetime

    def __post_init__(self) -> None:
        if self.amount.amount_minor == 0:
            raise ValueError("amount: a posting is of 1 minor unit at least")


@dataclass(frozen=True, slots=True)
class KeptPosting:
    """A posting as it is kept with us; `posted`: the ledger is known to have it."""

    posting: Posting
    posted: bool


def postings_of(before: Payment | None, after: Payment) -> tuple[Posting, ...]:
    """
    What the ledger must hear of the step from `before` (None: it is new) to `after`, in the order it happened.

    Only what is live is booked: shadow has no ledger (design: locks against real money). An authorization alone moves
    no money and is not told, so that the sale's commit 2 carries nothing for the ledger; when it is given up, that is.
    Captured, refunded and returned amounts only ever grow, whatever the state: a part of a bill, or a charge found
    late, is taken and given back on a payment that never succeeds.
    """
    if after.mode != "live":
        return ()
    return tuple(
        Posting(
            id=str(uuid.uuid5(_POSTINGS, f"{after.id}:{after.version}:{kind}")),
            payment_id=after.id,
            biller_id=after.biller_id,
            kind=kind,
            amount=Money(amount_minor, after.amount.currency),
            at=after.updated_at,
        )
        for kind, amount_minor in _moved(before, after)
        if amount_minor > 0
    )


def _moved(before: Payment | None, after: Payment) -> Iterator[tuple[PostingKind, int]]:
    """Each kind with its amount in minor units; what is not above 0 did not happen."""
    captured, refunded, returned, charged_back = _amounts_minor(before)
    yield PostingKind.CAPTURED, after.captured_minor - captured
    yield PostingKind.VOIDED, _given_up_minor(before, after)
    yield PostingKind.REFUNDED, after.refunded_minor - refunded
    yield PostingKind.RETURNED, after.returned_minor - returned
    yield PostingKind.CHARGED_BACK, after.charged_back_minor - charged_back
    yield PostingKind.CHARGEBACK_REVERSED, charged_back - after.charged_back_minor


def _given_up_minor(before: Payment | None, after: Payment) -> int:
    """What was authorized and will never be captured; 0 where nothing was authorized, or it was given up before."""
    state = None if before is None else before.state
    if after.state is not State.VOIDED or state is State.VOIDED:
        return 0
    was_authorized = state is State.AUTHORIZED or after.sale.transaction_id is not None
    return after.amount.amount_minor if was_authorized else 0


def _amounts_minor(payment: Payment | None) -> tuple[int, int, int, int]:
    if payment is None:
        return 0, 0, 0, 0
    return payment.captured_minor, payment.refunded_minor, payment.returned_minor, payment.charged_back_minor
