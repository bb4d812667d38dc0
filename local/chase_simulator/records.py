"""What the books hold besides payments and refunds: writes that were answered, and bearer tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """
    A write that was processed, under its request-id, and what was `answered` to it.

    `fingerprint` tells a repeat of the request from another one; `transaction_id` is the one in the answer.
    """

    merchant_id: str
    request_id: str
    operation: str
    fingerprint: str
    transaction_id: str
    answered: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A bearer token, by its digest; `expires_at` is real time."""

    digest: str
    client_id: str
    environment: str
    expires_at: datetime
