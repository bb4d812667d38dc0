"""Whole payments as statements and questions: portable text, for every repository that writes a step of one."""

from collections.abc import Callable, Sequence
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
    time_text,
)
from shared.database.sealing import HEAD, SEAL, sealed
from shared.database.unit_of_work import Query, Statement, Value
from shared.payments.audit import Chain
from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.payment import Operation, Payment

First = Callable[[int, str], str]
"""`first(n, "columns FROM ... ORDER BY ...")`: the SELECT of the first n rows, in the engine's own words."""


def first_by_limit(rows: int, select: str) -> str:
    """SQLite's way."""
    return f"SELECT {select} LIMIT {int(rows)}"


def first_by_top(rows: int, select: str) -> str:
    """SQL Server's way."""
    return f"SELECT TOP ({int(rows)}) {select}"


def insert(table: str, columns: Sequence[str]) -> str:
    """INSERT of one row; names are our own, values are bound."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names, no values


def setting(columns: Sequence[str]) -> str:
    """The SET of an UPDATE, each column bound."""
    return ", ".join(f"{column} = ?" for column in columns)


_PAYMENT: Final = ", ".join((*PAYMENT_FIXED, *PAYMENT_CHANGING))
_OPERATION: Final = ", ".join((*OPERATION_FIXED, *OPERATION_CHANGING))
_KEY: Final = (
    "caller",
    "idempotency_key",
    "fingerprint_key",
    "fingerprint",
    "payment_id",
    "operation_id",
    "created_at",
)

_INSERT_NONCE: Final = insert("nonces", ("key_id", "nonce", "seen_at"))
_INSERT_KEY: Final = insert("idempotency_keys", _KEY)
_INSERT_PAYMENT: Final = insert("payments", (*PAYMENT_FIXED, *PAYMENT_CHANGING, *HEAD))
_INSERT_OPERATION: Final = insert("operations", (*OPERATION_FIXED, *OPERATION_CHANGING))
_HISTORY: Final = ", ".join((*HISTORY, *SEAL))
_INSERT_HISTORY: Final = insert("history", (*HISTORY, *SEAL))
_UPDATE_PAYMENT: Final = f"UPDATE payments SET {setting((*PAYMENT_CHANGING, *HEAD))} WHERE id = ? AND version = ?"  # noqa: S608
_UPDATE_OPERATION: Final = f"UPDATE operations SET {setting(OPERATION_CHANGING)} WHERE id = ? AND state = ?"  # noqa: S608


def nonce_kept(nonce: Nonce | None) -> list[Statement]:
    """A nonce is accepted once: its row, if there is one, refuses a second."""
    if nonce is None:
        return []
    return [Statement(_INSERT_NONCE, (nonce.key_id, nonce.value, time_text(nonce.seen_at)))]


def key_kept(payment_id: str, operation: Operation, caller: str, key: str, fingerprint: Fingerprint) -> Statement:
    """What the key stands for from now on: that operation of that payment."""
    return operation_key_kept(payment_id, operation.id, caller, key, fingerprint, operation.created_at)


def operation_key_kept(
    payment_id: str, operation_id: str, caller: str, key: str, fingerprint: Fingerprint, now: datetime
) -> Statement:
    """The same for an operation that is not among its payment's yet."""
    of_body = (fingerprint.key_name, fingerprint.digest)
    return Statement(_INSERT_KEY, (caller, key, *of_body, payment_id, operation_id, time_text(now)))


def payment_begun(payment: Payment, chain: Chain) -> list[Statement]:
    """A new payment with all that belongs to it."""
    head, history = sealed(chain, payment)
    return [
        Statement(_INSERT_PAYMENT, (*payment_fixed(payment), *payment_changing(payment), *head)),
        *(operation_begun(operation, payment.id) for operation in payment.operations),
        *(Statement(_INSERT_HISTORY, row) for row in history),
    ]


def step(before: Payment, after: Payment, chain: Chain) -> list[Statement]:
    """From `before` to `after`, guarded on the payment's version and on the state of each operation that changed."""
    known = {operation.id: operation for operation in before.operations}
    statements: list[Statement] = []
    # What ends makes room for what begins: one operation of a payment is unresolved at a time.
    for operation in after.operations:
        if operation.id in known and operation != known[operation.id]:
            guard = (operation.id, str(known[operation.id].state))
            statements.append(Statement(_UPDATE_OPERATION, (*operation_changing(operation), *guard)))
    begun = [operation for operation in after.operations if operation.id not in known]
    statements += [operation_begun(operation, after.id) for operation in begun]
    head, history = sealed(chain, after, stored=len(before.history))
    statements.append(Statement(_UPDATE_PAYMENT, (*payment_changing(after), *head, after.id, before.version)))
    return statements + [Statement(_INSERT_HISTORY, row) for row in history]


def operation_begun(operation: Operation, payment_id: str) -> Statement:
    return Statement(_INSERT_OPERATION, (*operation_fixed(operation, payment_id), *operation_changing(operation)))


def whole(ids: str, values: tuple[Value, ...]) -> list[Query]:
    """The three questions that make whole payments of those whose id is among `ids` (`?` or a SELECT)."""
    return [
        Query(f"SELECT {_PAYMENT} FROM payments WHERE id IN ({ids})", values),  # noqa: S608
        Query(f"SELECT {_OPERATION} FROM operations WHERE payment_id IN ({ids}) ORDER BY id", values),  # noqa: S608
        Query(
            f"SELECT {_HISTORY} FROM history WHERE payment_id IN ({ids}) ORDER BY payment_id, sequence",  # noqa: S608
            values,
        ),
    ]
