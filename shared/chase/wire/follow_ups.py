"""The bodies of what may follow a sale: void, capture, refund."""

from typing import Any

from shared.chase.wire.encoding import encoded
from shared.chase.wire.parties import SOFTWARE
from shared.payments.money import Money


def void_body() -> bytes:
    """An authorization is undone whole; its id is in the path."""
    return encoded({"isVoid": True})


def capture_body(amount: Money | None) -> bytes:
    """Take what is authorized, or `amount` of it, and nothing more after that."""
    part = {} if amount is None else {"amount": amount.amount_minor, "isAmountFinal": True}
    return encoded({"captureMethod": "NOW", **part})


def refund_body(transaction_id: str, amount: Money | None) -> bytes:
    """Give back all that the sale `transaction_id` took, or `amount` of it. Chase reads "all" from its absence."""
    part: dict[str, Any] = {} if amount is None else {"amount": amount.amount_minor, "currency": amount.currency}
    return encoded(
        {
            **part,
            "merchant": {"merchantSoftware": SOFTWARE},
            "paymentMethodType": {"transactionReference": {"transactionReferenceId": transaction_id}},
        }
    )
