"""The repository of payments. Statements are portable; what an engine words differently it says through `First`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.database.claims import claimed
from shared.database.journal import posting_rows
from shared.database.outbox import kept, received
from shared.database.oversight import unknowns
from shared.database.refusals import refused_by_guard, refused_by_rule
from shared.database.rollout import made_and_sold_under, sold_under
from shared.database.rows import payments_of, time_text
from shared.database.sale_attempts import attempted, past_declines, remembered, why_blocked
from shared.database.search import conditions
from shared.database.statements import First, key_kept, nonce_kept, payment_begun, step, whole
from shared.database.unit_of_work import (
    Engine,
    GuardFailed,
    Query,
    Row,
    Statement,
    UniqueViolation,
    Value,
)
from shared.payments.audit import Chain
from shared.payments.beside import NOTHING_BESIDE, Beside
from shared.payments.claims import Claim
from shared.payments.errors import (
    ChangedMeanwhile,
)
from shared.payments.idempotency import Fingerprint, KeyRecord, Nonce
from shared.payments.inquiry import Unknowns
from shared.payments.messages import Message
from shared.payments.outgoing import messages_of
from shared.payments.payment import Operation, Payment
from shared.payments.posting import postings_of
from shared.payments.sale_attempts import Attempt, PastDecline
from shared.payments.sealed import SealedInstrument
from shared.payments.search import Search
from shared.shadow.stored_decision import Asked, Terms

# For how long a message belongs to the process that wrote it.
PUBLISH_LEASE_S: Final = 30.0

_INSERT_REFUSAL: Final = """
INSERT INTO idempotency_keys (
    caller, idempotency_key, fingerprint_key, fingerprint, refused_for, operation_id, created_at
)
SELECT ?, ?, ?, ?, MAX(id), ?, ? FROM payments WHERE biller_id = ? AND reference = ? AND mode = 'live'
"""
_SCHEDULE: Final = """
UPDATE operations SET inquiries = ?, empties = ?, inquire_at = ?
WHERE id = ? AND state = ? AND inquiries = ? AND empties = ? AND inquire_at IS NOT NULL
"""
_REFUSED_FOR: Final = "SELECT refused_for FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?"
_WRITTEN_BY: Final = "SELECT operation_id, refused_for FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?"
_KEY_RECORD: Final = """
SELECT fingerprint_key, fingerprint, payment_id, refused_for, operation_id FROM idempotency_keys
WHERE caller = ? AND idempotency_key = ?
"""
_OF_KEY: Final = "SELECT payment_id FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?"
# Money never waits behind shadow: `live` comes before it by the alphabet, too.
_OF_PAYMENTS: Final = "payment_id AS id FROM operations JOIN payments ON payments.id = payment_id WHERE"
_ABANDONED: Final = f"{_OF_PAYMENTS} operations.state = 'submitted' AND claimed_at < ? ORDER BY mode, claimed_at"
_DUE: Final = f"{_OF_PAYMENTS} inquire_at <= ? ORDER BY mode, inquire_at"
# What waits to be sent in shadow is looked at by comparison_due.
_OVERDUE: Final = f"{_OF_PAYMENTS} send_at <= ? AND mode = 'live' ORDER BY send_at"
_KEEP_INSTRUMENT: Final = "INSERT INTO instruments (payment_id, key_name, sealed, kept_at) VALUES (?, ?, ?, ?)"
_ERASE_INSTRUMENT: Final = "DELETE FROM instruments WHERE payment_id = ?"
_SEALED: Final = "SELECT key_name, sealed FROM instruments WHERE payment_id = ?"


class SqlPayments:
    """
    Payments in SQL. Fits `use_cases.ports.Payments`; each call is one round trip, each write one commit.

    `lease` is how long a message belongs to the process that wrote it, before a sweep may send it.
    """

    def __init__(
        self, engine: Engine, *, first: First, chain: Chain, lease: timedelta = timedelta(seconds=PUBLISH_LEASE_S)
    ) -> None:
        self._engine, self._first, self._chain, self._lease = engine, first, chain, lease

    async def begin_sale(
        self,
        payment: Payment,
        fingerprint: Fingerprint,
        nonce: Nonce | None,
        attempt: Attempt | None = None,
        terms: Terms | None = None,
    ) -> None:
        """
        Commit 1. The key comes before the payment, so that a repeat is told apart from a second key for the bill.

        A violation by this call's own rows, stored before the answer was lost, is no violation.
        """
        key = key_kept(payment.id, payment.sale, payment.caller, payment.idempotency_key, fingerprint)
        begun = (*_under(terms, payment.created_at), *payment_begun(payment, self._chain), *_tried(attempt))
        try:
            await self._engine.run([*nonce_kept(nonce), key, *begun])
        except GuardFailed as failed:
            raise refused_by_guard(failed) from failed
        except UniqueViolation as violated:
            if await self._own_row(violated, payment.caller, payment.idempotency_key, payment.sale.id) is None:
                raise refused_by_rule(violated) from violated

    async def claim(self, claim: Claim) -> Payment:
        """Commit 1 of a void or refund, and the payment as it is with the claim in it."""
        try:
            found = await self._engine.run(claimed(claim), *whole("?", (claim.payment_id,)))
        except GuardFailed as failed:
            raise ChangedMeanwhile(failed.guard) from failed
        except UniqueViolation as violated:
            if await self._own_row(violated, claim.caller, claim.idempotency_key, claim.operation_id) is None:
                raise refused_by_rule(violated) from violated
            found = await self._engine.read(whole("?", (claim.payment_id,)))
        return payments_of(*found)[0]

    async def by_key(self, caller: str, idempotency_key: str, nonce: Nonce | None) -> KeyRecord | None:
        """What the key stands for; a nonce costs a commit of its own, the look none."""
        if nonce is not None:
            await self.spend(nonce)
        key = (caller, idempotency_key)
        (found, *rest) = await self._engine.read([Query(_KEY_RECORD, key), *whole(_OF_KEY, key)])
        if not found:
            return None
        key_name, digest, _, refused_for, operation_id = found[0]
        payments = payments_of(*rest)
        return KeyRecord(Fingerprint(key_name, digest), payments[0] if payments else None, refused_for, operation_id)

    async def spend(self, nonce: Nonce) -> None:
        await self._write(nonce_kept(nonce))

    async def refuse(self, payment: Payment, fingerprint: Fingerprint, nonce: Nonce | None) -> str:
        """The refusal names the bill's newest live payment, found and stored in one statement."""
        key = (payment.caller, payment.idempotency_key)
        refusal = (*key, fingerprint.key_name, fingerprint.digest, payment.sale.id, time_text(payment.created_at))
        bill = (payment.biller_id, payment.reference)
        statements = [*nonce_kept(nonce), Statement(_INSERT_REFUSAL, (*refusal, *bill))]
        try:
            [[stored]] = await self._engine.run(statements, Query(_REFUSED_FOR, key))
        except UniqueViolation as violated:
            own = await self._own_row(violated, *key, payment.sale.id)
            if own is None:
                raise refused_by_rule(violated) from violated
            stored = own[1:]
        return str(stored[0])

    async def save(self, before: Payment, after: Payment, beside: Beside = NOTHING_BESIDE) -> Sequence[Message]:
        """Guarded on the payment's version and on the state of each operation that changed. Tells the ledger, too."""
        postings = postings_of(before, after)
        messages = messages_of(before, after, postings)
        await self._write(
            [
                *_statements(beside, after),
                *step(before, after, self._chain),
                *self._instrument(before, after, beside.sealed),
                *posting_rows(postings),
                *kept(messages, now=after.updated_at, lease=self._lease),
                *(remembered(after, beside.declined) if beside.declined else ()),
                *_tried(beside.attempt),
            ]
        )
        return messages

    async def past_declines(self, attempt: Attempt) -> Sequence[PastDecline]:
        [rows] = await self._engine.read([why_blocked(attempt)])
        return past_declines(rows)

    async def get(self, payment_id: str) -> Payment | None:
        found = await self._payments("?", (payment_id,))
        return found[0] if found else None

    async def find(self, search: Search) -> Sequence[Payment]:
        where, values = conditions(search)
        ids = self._first(search.limit, f"id FROM payments WHERE {where} ORDER BY id DESC")
        return await self._payments(ids, values, newest_first=True)

    async def abandoned(self, claimed_before: datetime, limit: int) -> Sequence[Payment]:
        return await self._payments(self._first(limit, _ABANDONED), (time_text(claimed_before),))

    async def inquiries_due(self, now: datetime, limit: int) -> Sequence[Payment]:
        return await self._payments(self._first(limit, _DUE), (time_text(now),))

    async def overdue(self, due_before: datetime, limit: int) -> Sequence[Payment]:
        return await self._payments(self._first(limit, _OVERDUE), (time_text(due_before),))

    async def unknowns(self) -> Unknowns:
        return await unknowns(self._engine)

    async def schedule(self, before: Operation, after: Operation) -> bool:
        inquire_at = None if after.inquire_at is None else time_text(after.inquire_at)
        changed = (after.inquiries, after.empties, inquire_at)
        guard = (before.id, before.state, before.inquiries, before.empties)
        try:
            await self._engine.run([Statement(_SCHEDULE, (*changed, *guard))])
        except GuardFailed:
            return False
        return True

    async def latest_approved(self, merchant_id: str) -> Payment | None:
        return await self._newest(merchant_id, ("authorized", "captured", "settled"))

    async def latest_refunded(self, merchant_id: str) -> Payment | None:
        return await self._newest(merchant_id, ("partially_refunded", "refunded"))

    async def sealed_instrument(self, payment_id: str) -> SealedInstrument | None:
        [rows] = await self._engine.read([Query(_SEALED, (payment_id,))])
        return SealedInstrument(*rows[0]) if rows else None

    async def ping(self) -> None:
        await self._engine.ping()

    async def _newest(self, merchant_id: str, states: Sequence[str]) -> Payment | None:
        newest = [
            self._first(1, f"id FROM payments WHERE merchant_id = ? AND state = '{state}' ORDER BY id DESC")
            for state in states
        ]
        union = " UNION ALL ".join(f"SELECT id FROM ({one}) AS newest_{at}" for at, one in enumerate(newest))  # noqa: S608
        ids = f"SELECT MAX(id) FROM ({union}) AS newest"  # noqa: S608 - states of our own
        found = await self._payments(ids, (merchant_id,) * len(newest))
        return found[0] if found else None

    async def _payments(self, ids: str, values: tuple[Value, ...], *, newest_first: bool = False) -> Sequence[Payment]:
        payments, operations, history = await self._engine.read(whole(ids, values))
        found = payments_of(payments, operations, history)
        return sorted(found, key=lambda payment: payment.id, reverse=newest_first)

    def _instrument(self, before: Payment, after: Payment, sealed: SealedInstrument | None) -> list[Statement]:
        if sealed is not None:
            kept_at = time_text(after.updated_at)
            return [Statement(_KEEP_INSTRUMENT, (after.id, sealed.key_name, sealed.text, kept_at))]
        if before.instrument_kept and not after.instrument_kept:
            # One that is gone already must not keep an outcome from being stored.
            return [Statement(_ERASE_INSTRUMENT, (after.id,), rows=None)]
        return []

    async def _own_row(self, violated: UniqueViolation, caller: str, key: str, operation_id: str) -> Row | None:
        """The row under the key, if it was this very call that wrote it: no two calls have one operation id."""
        if not violated.maybe_own:
            return None
        [rows] = await self._engine.read([Query(_WRITTEN_BY, (caller, key))])
        return rows[0] if rows and rows[0][0] == operation_id else None

    async def _write(self, statements: Sequence[Statement]) -> None:
        try:
            await self._engine.run(statements)
        except GuardFailed as failed:
            raise refused_by_guard(failed) from failed
        except UniqueViolation as violated:
            raise refused_by_rule(violated) from violated


def _statements(beside: Beside, after: Payment) -> list[Statement]:
    """The key that the step is asked for under, with its nonce; and the message that it is done for."""
    statements = nonce_kept(beside.nonce)
    if beside.key is not None:
        key = beside.key
        statements.append(key_kept(after.id, key.operation, key.caller, key.text, key.fingerprint))
    if beside.message is not None:
        statements.append(received(beside.message.consumer, beside.message.message_id, after.updated_at))
    return statements


def _tried(attempt: Attempt | None) -> list[Statement]:
    return [] if attempt is None else [attempted(attempt)]


def _under(terms: Terms | None, now: datetime) -> list[Statement]:
    if terms is None:
        return []
    return [sold_under(terms, now) if isinstance(terms, Asked) else made_and_sold_under(terms)]
