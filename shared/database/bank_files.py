"""What the bank said, at rest: each file once by its content, each fact once by the bank's reference. Never deleted."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from shared.database.rows import time_text
from shared.database.statements import First
from shared.database.unit_of_work import Engine, GuardFailed, Query, Row, Statement, UniqueViolation, Value
from shared.payments.bank_facts import BankFact, FactKind, KeptFact, Unsettled
from shared.payments.bank_files import BankFile
from shared.payments.money import Money

# A row has 16 values, and SQL Server takes 2,100 a batch: 50 of them, with the question after them, stay below.
_FACTS_A_BATCH: Final = 50
# Two importers may store one fact at one time: whoever loses asks again, and then finds it.
_ROUNDS_MAX: Final = 3

_FACT: Final = (
    "id", "file_sha256", "digest", "kind", "reference", "transaction_id", "order_number", "merchant_id", "code",
    "reason", "amount_minor", "currency", "occurred_at", "status", "attempts", "due_at",
)  # fmt: skip
_READ: Final = (
    "kind", "reference", "amount_minor", "currency", "occurred_at", "transaction_id", "order_number", "merchant_id",
    "code", "reason", "attempts",
)  # fmt: skip


def _insert_new(table: str, columns: Sequence[str]) -> str:
    """An INSERT that affects no row where there is one of that key, the first of `columns`: the key is given twice."""
    marks = ", ".join("?" * len(columns))
    key = columns[0]
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {marks}"  # noqa: S608 - our own names, no values
        f" WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {key} = ?)"
    )


_INSERT_FACT = _insert_new("bank_facts", _FACT)
_INSERT_CONTRADICTION = _insert_new("bank_facts", (*_FACT, "set_aside_at", "set_aside_reason"))
_INSERT_FILE = _insert_new("bank_files", ("sha256", "name", "kind", "lines", "total_minor", "outcome", "seen_at"))
_INSERT_REFUSED = _insert_new("bank_files", ("sha256", "name", "outcome", "reason", "seen_at"))
_REOPEN = """
UPDATE bank_files SET name = ?, kind = ?, lines = ?, total_minor = ?, outcome = 'importing', reason = NULL
WHERE sha256 = ? AND outcome = 'refused'
"""
_FINISH = "UPDATE bank_files SET outcome = 'imported', imported_at = ? WHERE sha256 = ? AND outcome = 'importing'"
_OUTCOME = "SELECT outcome FROM bank_files WHERE sha256 = ?"
_DUE = f"{', '.join(_READ)} FROM bank_facts WHERE status = 'pending' AND due_at <= ? ORDER BY occurred_at, id"
_TAKE = "UPDATE bank_facts SET attempts = ?, due_at = ? WHERE id = ? AND status = 'pending' AND attempts = ?"
_APPLIED = (
    "UPDATE bank_facts SET status = 'applied', applied_at = ?, payment_id = ? WHERE id = ? AND status = 'pending'"
)
_PUT_ASIDE = """
UPDATE bank_facts SET status = 'set_aside', set_aside_at = ?, payment_id = ?, set_aside_reason = ?
WHERE id = ? AND status = 'pending'
"""
_PAYMENT_IDS = """
SELECT payment_id FROM operations
WHERE transaction_id = ? AND kind = 'sale' AND state IN ('succeeded', 'unknown') ORDER BY payment_id
"""
_UNSETTLED = """payments WHERE mode = 'live' AND state IN ('captured', 'partially_refunded', 'refunded')
AND settled_at IS NULL AND created_at < ?"""


class SqlBankLedger:
    """Fits `use_cases.bank_ports.BankLedger`; each call is one round trip, but `keep` one for each 50 facts."""

    def __init__(self, engine: Engine, *, first: First) -> None:
        self._engine, self._first = engine, first

    async def outcome_of(self, sha256: str) -> str | None:
        [rows] = await self._engine.read([Query(_OUTCOME, (sha256,))])
        return str(rows[0][0]) if rows else None

    async def refuse(self, sha256: str, name: str, reason: str, now: datetime) -> None:
        values = (sha256, name, "refused", reason, time_text(now), sha256)
        await self._store([Statement(_INSERT_REFUSED, values, rows=None)])

    async def begin(self, file: BankFile, now: datetime) -> None:
        described = (file.name, file.kind, len(file.facts), file.total_minor)
        values = (file.sha256, *described, "importing", time_text(now), file.sha256)
        # Refused before, under a bad name or by an older reader, and fit now: no refusal counts for ever.
        reopened = Statement(_REOPEN, (*described, file.sha256), rows=None)
        await self._store([reopened, Statement(_INSERT_FILE, values, rows=None)])

    async def keep(self, sha256: str, facts: Sequence[BankFact], now: datetime) -> Sequence[BankFact]:
        others: list[BankFact] = []
        for at in range(0, len(facts), _FACTS_A_BATCH):
            chunk = facts[at : at + _FACTS_A_BATCH]
            statements = [
                Statement(_INSERT_FACT, (*_row(fact.id, sha256, fact, "pending", now), fact.id), rows=None)
                for fact in chunk
            ]
            ids = ", ".join("?" * len(chunk))
            stored = Query(f"SELECT id, digest FROM bank_facts WHERE id IN ({ids})", tuple(fact.id for fact in chunk))  # noqa: S608
            [rows] = await self._store(statements, stored)
            known: dict[str, str] = {row[0]: row[1] for row in rows}
            others += [fact for fact in chunk if known[fact.id] != _digest(fact)]
        return others

    async def keep_contradiction(self, sha256: str, fact: BankFact, reason: str, now: datetime) -> None:
        fact_id = f"{fact.id}:{_digest(fact)[:16]}"
        values = (*_row(fact_id, sha256, fact, "set_aside", now), time_text(now), reason, fact_id)
        await self._store([Statement(_INSERT_CONTRADICTION, values, rows=None)])

    async def finish(self, sha256: str, now: datetime) -> None:
        await self._engine.run([Statement(_FINISH, (time_text(now), sha256), rows=None)])

    async def due(self, now: datetime, limit: int) -> Sequence[KeptFact]:
        [rows] = await self._engine.read([Query(self._first(limit, _DUE), (time_text(now),))])
        return [_kept(row) for row in rows]

    async def take(self, kept: KeptFact, due_at: datetime) -> bool:
        values = (kept.attempts + 1, time_text(due_at), kept.fact.id, kept.attempts)
        try:
            await self._engine.run([Statement(_TAKE, values)])
        except GuardFailed:
            return False
        return True

    async def applied(self, kept: KeptFact, payment_id: str, now: datetime) -> None:
        await self._engine.run([Statement(_APPLIED, (time_text(now), payment_id, kept.fact.id), rows=None)])

    async def put_aside(self, kept: KeptFact, payment_id: str | None, reason: str, now: datetime) -> None:
        values = (time_text(now), payment_id, reason, kept.fact.id)
        await self._engine.run([Statement(_PUT_ASIDE, values, rows=None)])

    async def payment_ids(self, transaction_id: str) -> Sequence[str]:
        [rows] = await self._engine.read([Query(_PAYMENT_IDS, (transaction_id,))])
        return [row[0] for row in rows]

    async def unsettled(self, created_before: datetime, limit: int) -> Unsettled:
        before = (time_text(created_before),)
        oldest = Query(self._first(limit, f"id FROM {_UNSETTLED} ORDER BY created_at, id"), before)
        [[count]], rows = await self._engine.read([Query(f"SELECT COUNT(*) FROM {_UNSETTLED}", before), oldest])  # noqa: S608
        return Unsettled(count, [row[0] for row in rows])

    async def _store(self, statements: Sequence[Statement], *answers: Query) -> list[list[Row]]:
        for _ in range(_ROUNDS_MAX - 1):
            try:
                return await self._engine.run(statements, *answers)
            except UniqueViolation:
                continue
        return await self._engine.run(statements, *answers)


def _row(fact_id: str, sha256: str, fact: BankFact, status: str, now: datetime) -> tuple[Value, ...]:
    """The values of `_FACT`."""
    return (fact_id, sha256, _digest(fact), *_content(fact), status, 0, time_text(now))


def _content(fact: BankFact) -> tuple[Value, ...]:
    names = (fact.transaction_id, fact.order_number, fact.merchant_id)
    amount = (fact.amount.amount_minor, fact.amount.currency)
    return (fact.kind, fact.reference, *names, fact.code, fact.reason, *amount, time_text(fact.occurred_at))


def _digest(fact: BankFact) -> str:
    """The same for the same fact, in whichever file: what tells a repeat from a contradiction."""
    return hashlib.sha256(json.dumps(_content(fact)).encode()).hexdigest()


def _kept(row: Row) -> KeptFact:
    kind, reference, amount_minor, currency, occurred_at, *named, code, reason, attempts = row
    transaction_id, order_number, merchant_id = named
    fact = BankFact(
        kind=FactKind(kind),
        reference=reference,
        amount=Money(amount_minor, currency),
        occurred_at=datetime.fromisoformat(occurred_at).replace(tzinfo=UTC),
        transaction_id=transaction_id,
        order_number=order_number,
        merchant_id=merchant_id,
        code=code,
        reason=reason,
    )
    return KeptFact(fact, attempts)
