"""A transaction as the simulator keeps it. It never holds a number or CVV: what came was masked before."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self

Environment = Literal["live", "test"]


@dataclass(frozen=True, slots=True)
class Transaction:
    """
    One payment. Amounts are minor units; `captures_at` is when an authorisation captures itself, None if never.

    `fingerprint` tells a repeat of the request from another one under its request-id. `first_answer` is the body that
    Chase answered then.
    """

    transaction_id: str
    request_id: str
    merchant_id: str
    environment: Environment
    fingerprint: str
    approved: bool
    state: str
    amount: int
    currency: str
    merchant_order_number: str | None
    recorded_at: datetime
    captures_at: datetime | None
    first_answer: Mapping[str, Any]
    captured: int = 0
    refunded: int = 0
    voided: bool = False

    def as_of(self, now: datetime) -> Self:
        """What it has become by `now`: an authorisation whose time to be captured has come is captured in full."""
        if self.state == "AUTHORIZED" and self.captures_at is not None and self.captures_at <= now:
            return replace(self, state="CLOSED", captured=self.amount)
        return self

    def entry(self) -> dict[str, Any]:
        """Its line in the books that a developer reads."""
        return {
            "transactionId": self.transaction_id,
            "requestId": self.request_id,
            "environment": self.environment,
            "merchantId": self.merchant_id,
            "merchantOrderNumber": self.merchant_order_number,
            "amount": self.amount,
            "currency": self.currency,
            "state": self.state,
            "voided": self.voided,
            "captured": self.captured,
            "refunded": self.refunded,
            "refunds": [],
        }
