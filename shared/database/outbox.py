"""Messages at rest: the outbox that a step's own commit fills, the inbox that counts once, and what is set aside."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.database.rows import time_text
from shared.database.statements import First, insert
from shared.database.unit_of_work import Engine, Query, Statement, UniqueViolation
from shared.payments.messages import Message, Queue, read_message
from shared.telemetry.context import CORRELATION, TRACEPARENT, beside_a_message

_INSERT: Final = insert(
    "outbox",
    (
        "id",
        "queue",
        "body",
        "payment_id",
        "created_at",
        "due_at",
        "attempts",
        "claimed_until",
        "correlation_id",
        "traceparent",
    ),
)
_INSERT_INBOX: Final = insert("inbox", ("consumer", "message_id", "done_at"))
_INSERT_ASIDE: Final = insert("set_aside", ("message_id", "queue", "body", "reason", "set_aside_at"))
_FREE: Final = "sent_at IS NULL AND due_at <= ? AND (claimed_until IS NULL OR claimed_until < ?)"
# The condition stands outside too: of two sweeps that chose the same rows, the second finds them taken.
_CLAIM: Final = """
UPDATE outbox SET claim = ?, claimed_until = ?, attempts = attempts + 1 WHERE id IN ({ids}) AND {free}
"""
_CLAIMED: Final = Query(
    "SELECT queue, body, due_at, correlation_id, traceparent FROM outbox"
    " WHERE claim = ? AND sent_at IS NULL ORDER BY due_at"
)
_OLDEST: Final = "SELECT MIN(due_at) FROM outbox WHERE sent_at IS NULL"


def kept(messages: Iterable[Message], *, now: datetime, lease: timedelta) -> list[Statement]:
    """
    The rows of `messages`, for the commit that makes them true.

    What is due at once belongs for `lease` to the process that wrote it, which publishes it; then to any sweep.
    """
    return [_row(message, now, lease) for message in messages]


def received(consumer: str, message_id: str, at: datetime) -> Statement:
    """For the consumer's own commit: the message was acted on. A second time violates the rule `inbox`."""
    return Statement(_INSERT_INBOX, (consumer, message_id, time_text(at)))


def _row(message: Message, now: datetime, lease: timedelta) -> Statement:
    until = time_text(now + lease) if message.due_at <= now else None
    times = (time_text(now), time_text(message.due_at))
    # It leaves later, perhaps from another process: the trace that it belongs to is kept beside it.
    beside = beside_a_message()
    told = (beside.get(CORRELATION), beside.get(TRACEPARENT))
    return Statement(_INSERT, (message.id, message.queue, message.body(), message.payment_id, *times, 0, until, *told))


class SqlMessages:
    """Fits `use_cases.ports.Messages`."""

    def __init__(self, engine: Engine, *, first: First) -> None:
        self._engine, self._first = engine, first

    async def take_due(self, now: datetime, limit: int, *, claim: str, until: datetime) -> Sequence[Message]:
        """Up to `limit` that are due and nobody's, claimed under the name `claim` until `until`; oldest first."""
        at = time_text(now)
        chosen = self._first(limit, f"id FROM outbox WHERE {_FREE} ORDER BY due_at")
        sql = _CLAIM.format(ids=f"SELECT id FROM ({chosen}) AS chosen", free=_FREE)  # noqa: S608
        taking = Statement(sql, (claim, time_text(until), at, at, at, at), rows=None, lengthy=True)
        [rows] = await self._engine.run([taking], Query(_CLAIMED.sql, (claim,)))
        return [_message(*row) for row in rows]

    async def mark_sent(self, messages: Sequence[Message], at: datetime) -> None:
        ids = tuple(message.id for message in messages)
        marks = ", ".join("?" * len(ids))
        sql = f"UPDATE outbox SET sent_at = ?, claim = NULL WHERE id IN ({marks}) AND sent_at IS NULL"  # noqa: S608
        await self._engine.run([Statement(sql, (time_text(at), *ids), rows=None, lengthy=len(ids) > 1)])

    async def oldest_due(self) -> datetime | None:
        """Since when the oldest message that is not sent has been due."""
        [[[due_at]]] = await self._engine.read([Query(_OLDEST)])
        return None if due_at is None else datetime.fromisoformat(due_at + "+00:00")

    async def set_aside(self, queue: Queue, message_id: str, body: str, reason: str, at: datetime) -> None:
        """Keep what cannot succeed, with its reason. The same message again changes nothing."""
        try:
            await self._engine.run([Statement(_INSERT_ASIDE, (message_id, queue, body, reason, time_text(at)))])
        except UniqueViolation:
            return

    async def keep(self, messages: Sequence[Message], *, done: Statement | None, now: datetime) -> None:
        """Messages without a payment's step: a consumer's own next try, in the commit that ends this one."""
        rows = kept(messages, now=now, lease=timedelta(0))
        await self._engine.run([*([done] if done else []), *rows])


def _message(queue: str, body: str, due_at: str, correlation: str | None, traceparent: str | None) -> Message:
    read = read_message(Queue(queue), body.encode(), due_at=datetime.fromisoformat(due_at + "+00:00"))
    told = {CORRELATION: correlation, TRACEPARENT: traceparent}
    return replace(read, beside={name: value for name, value in told.items() if value is not None})
