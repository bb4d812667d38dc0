"""One key, one attempt: what a caller's Idempotency-Key stands for, and how we know the same body again."""

from dataclasses import dataclass
from datetime import datetime

from shared.payments.payment import Payment


@dataclass(frozen=True, slots=True)
class Nonce:
    """A caller's nonce, accepted once: stored in the commit of the write that it came with."""

    key_id: str
    value: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """HMAC of the canonical body under the key of that name: a bare hash of a PAN can be guessed."""

    key_name: str
    digest: str


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """
    What is stored under (caller, idempotency key): a payment, or the refusal because of payment `refused_for`.

    `operation_id` is what was asked for under the key.
    """

    fingerprint: Fingerprint
    payment: Payment | None
    refused_for: str | None
    operation_id: str | None = None
