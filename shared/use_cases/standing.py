"""What a caller's key stands for already, if it is the same body: asked after the database refused it a second time."""

from shared.payments.errors import IdempotencyInProgress, IdempotencyKeyReused, PaymentUnresolved
from shared.payments.idempotency import KeyRecord, Nonce
from shared.payments.payment import Payment
from shared.use_cases.ports import BodyMark, Payments

# Long enough for a usual answer of Chase, short enough that a caller who repeats at once is told to wait.
IN_PROGRESS_RETRY_AFTER_S = 2


async def standing(
    payments: Payments, caller: str, idempotency_key: str, body: BodyMark, nonce: Nonce | None
) -> tuple[Payment, str]:
    """
    The payment that the key stands for, and the id of the operation that was asked for under it.

    Raises IdempotencyKeyReused, PaymentUnresolved (a refusal that was stored), or IdempotencyInProgress while it cannot
    be read yet.
    """
    known = await payments.by_key(caller, idempotency_key, nonce)
    if known is None:
        raise IdempotencyInProgress(retry_after_s=IN_PROGRESS_RETRY_AFTER_S)
    return of_the_same_body(known, body), str(known.operation_id)


def of_the_same_body(known: KeyRecord, body: BodyMark) -> Payment:
    """What is known under the key. Raises IdempotencyKeyReused, or PaymentUnresolved: a refusal that was stored."""
    if not body.matches(known.fingerprint):
        raise IdempotencyKeyReused
    if known.payment is None:
        raise PaymentUnresolved(str(known.refused_for))
    return known.payment
