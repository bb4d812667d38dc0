"""What a step of a payment puts on the bus, in its own commit: what waits to be sent, what the ledger is told."""

from collections.abc import Sequence

from shared.payments.messages import Message, Queue
from shared.payments.operations import SENDABLE
from shared.payments.payment import Operation, Payment
from shared.payments.posting import Posting


def messages_of(before: Payment | None, after: Payment, postings: Sequence[Posting]) -> tuple[Message, ...]:
    """
    One message for each operation that began to wait for us, and one for each posting.

    An operation that waits once more has one more attempt behind it, and so a message of its own.
    """
    known = () if before is None else before.operations
    waiting = [each for each in after.operations if _waits(each) and each not in known]
    return (*(_sending(after, each) for each in waiting), *(_posting(each) for each in postings))


def _waits(operation: Operation) -> bool:
    return operation.state in SENDABLE and operation.send_at is not None


def _sending(payment: Payment, operation: Operation) -> Message:
    assert operation.send_at is not None, "waiting means that"
    ids = {"paymentId": payment.id, "operationId": operation.id}
    # Money never waits behind shadow.
    queue = Queue.SHADOW_MIRROR if payment.mode == "shadow" else Queue.CHASE_RETRY
    return Message(queue, ids, operation.send_at, operation.attempts)


def _posting(posting: Posting) -> Message:
    ids = {"paymentId": posting.payment_id, "postingId": posting.id}
    return Message(Queue.LEDGER_POSTING, ids, posting.at)
