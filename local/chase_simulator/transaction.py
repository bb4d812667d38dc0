"""Payments and refunds as the simulator keeps them: never with a number or CVV, for what came was masked before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, Literal, Self

Environment = Literal["live", "test"]

# When a day's captures go to the network: on the next day, early. Chase's own hour is not published.
_CLEARING_UTC: Final = time(6, tzinfo=UTC)


def cleared_at(captured_at: datetime) -> datetime:
    """When what was captured then has been sent to the network: 06:00 UTC of the following UTC day."""
    return datetime.combine(captured_at.astimezone(UTC).date() + timedelta(days=1), _CLEARING_UTC)


@dataclass(frozen=True, slots=True)
class Refund:
    """
    Money given back for a payment, or a declined try (`approved` False). `amount` is minor units.

    `said` is the part of Chase's answer that never changes.
    """

    transaction_id: str
    request_id: str
    merchant_id: str
    payment_id: str
    approved: bool
    amount: int
    currency: str
    recorded_at: datetime
    said: Mapping[str, Any]

    def state(self, now: datetime) -> str:
        """Chase's word for it at `now`."""
        if not self.approved:
            return "DECLINED"
        return "COMPLETED" if cleared_at(self.recorded_at) <= now else "AUTHORIZED"

    def entry(self) -> dict[str, Any]:
        """Its line in the books that a developer reads."""
        return {"transactionId": self.transaction_id, "requestId": self.request_id, "amount": self.amount}


@dataclass(frozen=True, slots=True)
class Transaction:
    """
    One payment. Amounts are minor units: `amount` is what was approved.

    `captures_at` is when it was captured or captures itself, None if neither. `said` is the part of Chase's answer that
    never changes.
    """

    transaction_id: str
    request_id: str
    merchant_id: str
    environment: Environment
    approved: bool
    state: str
    amount: int
    currency: str
    merchant_order_number: str | None
    recorded_at: datetime
    captures_at: datetime | None
    said: Mapping[str, Any]
    captured: int = 0
    refunded: int = 0
    voided: bool = False

    @property
    def refundable(self) -> int:
        """What may still be given back."""
        return self.captured - self.refunded

    def as_of(self, now: datetime) -> Self:
        """
        What it has become by `now`.

        An authorisation whose time to be captured has come is CLOSED, captured in full; with the next day's clearing
        what is CLOSED becomes COMPLETED.
        """
        if self.captures_at is None or self.captures_at > now or self.state not in ("AUTHORIZED", "CLOSED"):
            return self
        captured = self.amount if self.state == "AUTHORIZED" else self.captured
        state = "COMPLETED" if cleared_at(self.captures_at) <= now else "CLOSED"
        return replace(self, state=state, captured=captured)

    def entry(self, refunds: Sequence[Refund] = ()) -> dict[str, Any]:
        """Its line in the books that a developer reads; `refunds` are its own."""
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
            "refunds": [refund.entry() for refund in refunds if refund.approved],
        }
