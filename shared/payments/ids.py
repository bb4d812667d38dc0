"""Identifiers: ordered by time, so that clustered keys grow at their end (docs/decisions/0003)."""

import uuid
from typing import Final

PAYMENT_PREFIX: Final = "pay_"
OPERATION_PREFIX: Final = "op_"

# The namespace of every request-id we ever send to Chase. Changing it would make old operations unfindable.
_CHASE_REQUESTS: Final = uuid.UUID("6f1c1f0e-8a55-5d0e-9c55-6b1f0a7f3c11")


def ordered_hex(milliseconds: int, randomness: bytes) -> str:
    """32 hex digits in UUIDv7's layout without its version bits: 48 bits of time, then `randomness` (10 bytes)."""
    return milliseconds.to_bytes(6, "big").hex() + randomness.hex()


def chase_request_id(operation_id: str) -> str:
    """Chase's `request-id` of an operation: the same on every resend, for ever (36 characters; Chase takes 40)."""
    return str(uuid.uuid5(_CHASE_REQUESTS, operation_id))


def merchant_order_number(payment_id: str) -> str:
    """Chase's `merchantOrderNumber` (1-40 of `[A-Za-z0-9 .-]`): our id without its prefix and underscore."""
    return payment_id.removeprefix(PAYMENT_PREFIX)
