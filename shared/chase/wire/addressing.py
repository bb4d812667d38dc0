"""Where each operation is found at Chase, and the headers of a call."""

from typing import Final
from urllib.parse import quote

from shared.payments.secret import Secret

PAYMENTS: Final = "/payments"
REFUNDS: Final = "/refunds"
VERIFICATIONS: Final = "/verifications"
HEALTH: Final = "/healthcheck/payments"


def payment(transaction_id: str) -> str:
    """Where a payment is read and voided, by Chase's own id."""
    return _one(PAYMENTS, transaction_id)


def captures(transaction_id: str) -> str:
    """Where a payment is captured."""
    return payment(transaction_id) + "/captures"


def refund(transaction_id: str) -> str:
    """Where a refund is read, by Chase's own id of it."""
    return _one(REFUNDS, transaction_id)


def headers(token: Secret, merchant_id: str, request_id: str | None = None) -> dict[str, str]:
    """A call's headers. Every call names the merchant; all but the look-ups by transaction id carry a request-id."""
    named = {
        "Authorization": f"Bearer {token.reveal()}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "merchant-id": merchant_id,
    }
    return named if request_id is None else {**named, "request-id": request_id}


def _one(collection: str, transaction_id: str) -> str:
    return f"{collection}/{quote(transaction_id, safe='')}"
