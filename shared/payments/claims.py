"""What a caller asks to happen to a payment: a void or a refund, claimed before Chase is asked, with no look first."""

from dataclasses import dataclass
from datetime import datetime

from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.operations import OperationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    One void or refund, as commit 1 stores it if the payment allows it at that moment.

    `billers` are the caller's (None: all); `amount_minor` is what a refund gives back, None for all that is left. A
    void is of the whole, and of what is captured after `captures_after`: nearer to its capture a void could cross it.
    The key stands for the operation from then on.
    """

    kind: OperationKind
    payment_id: str
    operation_id: str
    request_id: str
    billers: frozenset[str] | None
    caller: str
    idempotency_key: str
    fingerprint: Fingerprint
    nonce: Nonce | None
    reason: str
    now: datetime
    captures_after: datetime
    amount_minor: int | None = None
