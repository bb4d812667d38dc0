"""The repository of payments. Statements are portable; what an engine words differently it says through `Dialect`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from shared.database.rows import (
    HISTORY,
    OPERATION_CHANGING,
    OPERATION_FIXED,
    PAYMENT_CHANGING,
    PAYMENT_FIXED,
    operation_changing,
    operation_fixed,
    payment_changing,
    payment_fixed,
    payments_of,
    time_text,
)
from shared.database.sealing import HEAD, SEAL, sealed
from shared.database.unit_of_work import (
    DatabaseUnavailable,
    Engine,
    GuardFailed,
    Query,
    Row,
    Statement,
    UniqueViolation,
    Value,
)
from shared.payments.audit import Chain
from shared.payments.errors import BillOpen, ChangedMeanwhile, KeyTaken, Unauthenticated
from shared.payments.idempotency import Fingerprint, KeyRecord, Nonce
from shared.payments.payment import Operation, Payment
from shared.payments.search import Search

# Our names for the unique rules, by the columns that SQLite reports and the names that SQL Server does.
UNIQUE_RULES: Final[Mapping[str, str]] = {
    "idempotency_keys.caller, idempotency_keys.idempotency_key": "idempotency_key",
    "payments.biller_id, payments.reference": "open_bill",
    "operations.payment_id": "operation_in_flight",
    "nonces.key_id, nonces.nonce": "nonce",
    "history.payment_id, history.sequence": "history_sequence",
    "idempotency_keys_pk": "idempotency_key",
    "payments_open_bill": "open_bill",
    "operations_in_flight": "operation_in_flight",
    "nonces_pk": "nonce",
    "history_pk": "history_sequence",
}

First = Callable[[int, str], str]
"""`first(n, "columns FROM ... ORDER BY ...")`: the SELECT of the first n rows, in the engine's own words."""


def first_by_limit(rows: int, select: str) -> str:
    """SQLite's way."""
    return f"SELECT {select} LIMIT {int(rows)}"


def first_by_top(rows: int, select: str) -> str:
    """SQL Server's way."""
    return f"SELECT TOP ({int(rows)}) {select}"


def _insert(table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names, no values


def _set(columns: tuple[str, ...]) -> str:
    return ", ".join(f"{column} = ?" for column in columns)


_PAYMENT = ", ".join((*PAYMENT_FIXED, *PAYMENT_CHANGING))
_OPERATION = ", ".join((*OPERATION_FIXED, *OPERATION_CHANGING))
_HISTORY = ", ".join((*HISTORY, *SEAL))
_KEY = ("caller", "idempotency_key", "fingerprint_key", "fingerprint", "payment_id", "operation_id", "created_at")

_INSERT_NONCE = _insert("nonces", ("key_id", "nonce", "seen_at"))
_INSERT_KEY = _insert("idempotency_keys", _KEY)
_INSERT_PAYMENT = _insert("payments", (*PAYMENT_FIXED, *PAYMENT_CHANGING, *HEAD))
_INSERT_OPERATION = _insert("operations", (*OPERATION_FIXED, *OPERATION_CHANGING))
_INSERT_HISTORY = _insert("history", (*HISTORY, *SEAL))
_INSERT_REFUSAL = """
INSERT INTO idempotency_keys (
    caller, idempotency_key, fingerprint_key, fingerprint, refused_for, operation_id, created_at
)
SELECT ?, ?, ?, ?, MAX(id), ?, ? FROM payments WHERE biller_id = ? AND reference = ? AND mode = 'live'
"""
_UPDATE_PAYMENT = f"UPDATE payments SET {_set((*PAYMENT_CHANGING, *HEAD))} WHERE id = ? AND version = ?"  # noqa: S608
_UPDATE_OPERATION = f"UPDATE operations SET {_set(OPERATION_CHANGING)} WHERE id = ? AND state = ?"  # noqa: S608
_SCHEDULE = """
UPDATE operations SET inquiries = ?, empties = ?, inquire_at = ?
WHERE id = ? AND state = 'unknown' AND inquiries = ? AND empties = ?
"""
_REFUSED_FOR = "SELECT refused_for FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?"
_WRITTEN_BY = "SELECT operation_id, refused_for FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?"
_KEY_RECORD = """
SELECT fingerprint_key, fingerprint, payment_id, refused_for FROM idempotency_keys
WHERE caller = ? AND idempotency_key = ?
"""
_ABANDONED = "payment_id AS id FROM operations WHERE state = 'submitted' AND claimed_at < ? ORDER BY claimed_at"
_DUE = "payment_id AS id FROM operations WHERE state = 'unknown' AND inquire_at <= ? ORDER BY inquire_at"


class SqlPayments:
    """Payments in SQL. Fits `use_cases.ports.Payments`; each call is one round trip, each write one commit."""

    def __init__(self, engine: Engine, *, first: First, chain: Chain) -> None:
        self._engine, self._first, self._chain = engine, first, chain

    async def begin_sale(self, payment: Payment, fingerprint: Fingerprint, nonce: Nonce | None) -> None:
        """
        Commit 1. The key comes before the payment, so that a repeat is told apart from a second key for the bill.

        A violation by this call's own rows, stored before the answer was lost, is no violation.
        """
        key = (payment.caller, payment.idempotency_key, fingerprint.key_name, fingerprint.digest)
        head, history = sealed(self._chain, payment)
        statements = [
            *_nonce(nonce),
            Statement(_INSERT_KEY, (*key, payment.id, payment.sale.id, time_text(payment.created_at))),
            Statement(_INSERT_PAYMENT, (*payment_fixed(payment), *payment_changing(payment), *head)),
            _inserted(payment.sale, payment.id),
            *(Statement(_INSERT_HISTORY, row) for row in history),
        ]
        try:
            await self._engine.run(statements)
        except UniqueViolation as violated:
            if await self._own_row(violated, payment) is None:
                raise _named(violated) from violated

    async def by_key(self, caller: str, idempotency_key: str, nonce: Nonce | None) -> KeyRecord | None:
        """What the key stands for; a nonce costs a commit of its own, the look none."""
        if nonce is not None:
            await self._write(_nonce(nonce))
        key = (caller, idempotency_key)
        whole = _whole("SELECT payment_id FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?", key)
        (found, *rest) = await self._engine.read([Query(_KEY_RECORD, key), *whole])
        if not found:
            return None
        key_name, digest, _, refused_for = found[0]
        payments = payments_of(*rest)
        return KeyRecord(Fingerprint(key_name, digest), payments[0] if payments else None, refused_for)

    async def refuse(self, payment: Payment, fingerprint: Fingerprint, nonce: Nonce | None) -> str:
        """The refusal names the bill's newest live payment, found and stored in one statement."""
        key = (payment.caller, payment.idempotency_key)
        refusal = (*key, fingerprint.key_name, fingerprint.digest, payment.sale.id, time_text(payment.created_at))
        bill = (payment.biller_id, payment.reference)
        statements = [*_nonce(nonce), Statement(_INSERT_REFUSAL, (*refusal, *bill))]
        try:
            [stored] = await self._engine.run(statements, Query(_REFUSED_FOR, key))
        except UniqueViolation as violated:
            own = await self._own_row(violated, payment)
            if own is None:
                raise _named(violated) from violated
            stored = own[1:]
        return str(stored[0])

    async def save(self, before: Payment, after: Payment) -> None:
        """Guarded on the payment's version and on the state of each operation that changed."""
        known = {operation.id: operation for operation in before.operations}
        statements: list[Statement] = []
        for operation in after.operations:
            if operation.id not in known:
                statements.append(_inserted(operation, after.id))
            elif operation != known[operation.id]:
                guard = (operation.id, known[operation.id].state)
                statements.append(Statement(_UPDATE_OPERATION, (*operation_changing(operation), *guard)))
        head, history = sealed(self._chain, after, stored=len(before.history))
        statements.append(Statement(_UPDATE_PAYMENT, (*payment_changing(after), *head, after.id, before.version)))
        statements += [Statement(_INSERT_HISTORY, row) for row in history]
        await self._write(statements)

    async def get(self, payment_id: str) -> Payment | None:
        found = await self._payments("?", (payment_id,))
        return found[0] if found else None

    async def find(self, search: Search) -> Sequence[Payment]:
        where, values = _conditions(search)
        ids = self._first(search.limit, f"id FROM payments WHERE {where} ORDER BY id DESC")
        return await self._payments(ids, values, newest_first=True)

    async def abandoned(self, claimed_before: datetime, limit: int) -> Sequence[Payment]:
        return await self._payments(self._first(limit, _ABANDONED), (time_text(claimed_before),))

    async def inquiries_due(self, now: datetime, limit: int) -> Sequence[Payment]:
        return await self._payments(self._first(limit, _DUE), (time_text(now),))

    async def schedule(self, before: Operation, after: Operation) -> bool:
        inquire_at = None if after.inquire_at is None else time_text(after.inquire_at)
        changed = (after.inquiries, after.empties, inquire_at)
        guard = (before.id, before.inquiries, before.empties)
        try:
            await self._engine.run([Statement(_SCHEDULE, (*changed, *guard))])
        except GuardFailed:
            return False
        return True

    async def latest_approved(self, merchant_id: str) -> Payment | None:
        newest = [
            self._first(1, f"id FROM payments WHERE merchant_id = ? AND state = '{state}' ORDER BY id DESC")
            for state in ("authorized", "captured", "settled")
        ]
        union = " UNION ALL ".join(f"SELECT id FROM ({one}) AS newest_{at}" for at, one in enumerate(newest))  # noqa: S608
        ids = f"SELECT MAX(id) FROM ({union}) AS newest"  # noqa: S608 - states of our own
        found = await self._payments(ids, (merchant_id,) * len(newest))
        return found[0] if found else None

    async def ping(self) -> None:
        await self._engine.ping()

    async def _payments(self, ids: str, values: tuple[Value, ...], *, newest_first: bool = False) -> Sequence[Payment]:
        payments, operations, history = await self._engine.read(_whole(ids, values))
        found = payments_of(payments, operations, history)
        return sorted(found, key=lambda payment: payment.id, reverse=newest_first)

    async def _own_row(self, violated: UniqueViolation, payment: Payment) -> Row | None:
        """The row under the key, if it was this very call that wrote it: no two calls have one operation id."""
        if not violated.maybe_own:
            return None
        [rows] = await self._engine.read([Query(_WRITTEN_BY, (payment.caller, payment.idempotency_key))])
        return rows[0] if rows and rows[0][0] == payment.sale.id else None

    async def _write(self, statements: Sequence[Statement], answer: Query | None = None) -> list[Row]:
        try:
            return await self._engine.run(statements, answer)
        except GuardFailed as failed:
            raise ChangedMeanwhile(failed.guard) from failed
        except UniqueViolation as violated:
            raise _named(violated) from violated


def _nonce(nonce: Nonce | None) -> list[Statement]:
    if nonce is None:
        return []
    return [Statement(_INSERT_NONCE, (nonce.key_id, nonce.value, time_text(nonce.seen_at)))]


def _inserted(operation: Operation, payment_id: str) -> Statement:
    return Statement(_INSERT_OPERATION, (*operation_fixed(operation, payment_id), *operation_changing(operation)))


def _named(violated: UniqueViolation) -> Exception:
    match violated.constraint:
        case "nonce" if violated.maybe_own:
            return DatabaseUnavailable("the answer was lost: the nonce may be this call's own")
        case "nonce":
            return Unauthenticated("nonce seen before")
        case "idempotency_key":
            return KeyTaken()
        case "open_bill":
            return BillOpen()
        case "operation_in_flight" | "history_sequence":
            return ChangedMeanwhile(violated.constraint)
    return violated


def _whole(ids: str, values: tuple[Value, ...]) -> list[Query]:
    """The three queries that make whole payments of those whose id is among `ids` (`?` or a SELECT)."""
    return [
        Query(f"SELECT {_PAYMENT} FROM payments WHERE id IN ({ids})", values),  # noqa: S608
        Query(f"SELECT {_OPERATION} FROM operations WHERE payment_id IN ({ids}) ORDER BY id", values),  # noqa: S608
        Query(
            f"SELECT {_HISTORY} FROM history WHERE payment_id IN ({ids}) ORDER BY payment_id, sequence",  # noqa: S608
            values,
        ),
    ]


def _conditions(search: Search) -> tuple[str, tuple[Value, ...]]:
    """The WHERE of a search, in portable SQL, with its values in order."""
    by_key = "id IN (SELECT payment_id FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?)"
    wanted: list[tuple[str, tuple[Value, ...]]] = []
    if search.billers is not None:
        billers = tuple(sorted(search.billers))
        wanted.append((f"biller_id IN ({', '.join('?' * len(billers))})" if billers else "1 = 0", billers))
    if search.reference is not None:
        wanted.append(("reference = ?", (search.reference,)))
    if search.idempotency_key is not None:
        wanted.append((by_key, (search.caller, search.idempotency_key)))
    if search.state is not None:
        wanted.append(("state = ?", (search.state,)))
    if search.before is not None:
        wanted.append(("id < ?", (search.before,)))
    clauses = [clause for clause, _ in wanted] or ["1 = 1"]
    return " AND ".join(clauses), tuple(value for _, values in wanted for value in values)
