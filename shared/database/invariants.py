"""
`python -m shared.database.invariants`: the invariants of money as questions to the database, for production too.

Only reads; same settings as shared/database/check.py, but applies no migration. For each question it prints how many
payments (or messages) offend, and the ids of the first twenty. Exit 1 where any does, 2 where it could not be asked.
What is only to be known (`note`) counts for nothing. A step that is being written is seen whole or not at all, as each
question is one statement: what a run finds twice, a minute apart, is no moment between two commits.

    refunds-over-capture              more refunded or reserved than was captured
    refunds-do-not-add-up             refunded is not the sum of the refunds that succeeded
    reservation-without-a-refund      reserved is not what refunds that are not resolved ask for, either way round
    two-unresolved-operations         the next could be sent while another may still arrive
    open-without-an-operation         received, submitted or unknown, and no operation of it is: nobody goes on
    unknown-without-an-inquiry        nobody will ask Chase
    submitted-for-too-long            abandoned, and the timer `reconciliation` did not find it
    inquiry-overdue                   was to be made over an hour ago: the timer `reconciliation` does not run
    queued-without-a-time-to-be-sent  neither we nor its caller (payment `received`) will send it
    sending-overdue                   was to be sent over an hour ago
    authorized-and-not-asked-about    nobody will learn whether Chase captured it
    ended-with-an-instrument-kept     the payment ended, and its sealed instrument is still there
    instrument-mark-differs           instrument_kept and the instrument's row say different things
    money-of-what-took-none           voided, declined (without an undo), authorized or received, with money counted
    history-has-gaps                  sequence is not 1, 2, 3 and so on
    history-ends-elsewhere            the last entry leads to another state than the payment's
    history-longer-than-version       more facts than steps (a claim, entered with the next fact, is the one that may be)
    message-overdue                   due over an hour ago, and not sent: the timer `outbox_sweep` does not run
    message-set-aside                 waits for a person
  note negative-exposure              more went back to the payer than was taken: known, alarmed, to be collected
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.database.rows import time_text
from shared.database.sqlite import SqliteEngine
from shared.database.sqlserver import SqlServerEngine
from shared.database.sqlserver_login import Credential, odbc_login
from shared.database.unit_of_work import DatabaseError, Engine, Query, Value
from shared.payments.secret import Secret

SHOWN_MAX: Final = 20

_USAGE: Final = "nothing to ask: set SQL_CONNECTION_STRING (SQL Server), or SQLITE_PATH (the embedded database)\n"
# Ten times what a claim may take before it is abandoned; and long enough for any timer to have come.
_TOO_LONG: Final = timedelta(minutes=15)
_OVERDUE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Invariant:
    """
    A question whose every row, one id, offends. `older_than` fills its `?` with that time before now.

    A `note` is told and counts for nothing.
    """

    name: str
    sql: str
    older_than: timedelta | None = None
    note: bool = False

    def query(self, now: datetime) -> Query:
        values: tuple[Value, ...] = () if self.older_than is None else (time_text(now - self.older_than),)
        return Query(self.sql, values)


@dataclass(frozen=True, slots=True)
class Answer:
    """The ids that offend, in order."""

    invariant: Invariant
    ids: Sequence[str]


_UNRESOLVED: Final = "operations.state IN ('queued', 'submitted', 'unknown')"
_OF_PAYMENT: Final = "operations.payment_id = payments.id"
_NONE: Final = "NOT EXISTS (SELECT 1 FROM operations WHERE operations.payment_id = payments.id AND"


def _refunds(condition: str) -> str:
    return (
        "(SELECT COALESCE(SUM(operations.amount_minor), 0) FROM operations"  # noqa: S608 - conditions of our own
        f" WHERE {_OF_PAYMENT} AND operations.kind = 'refund' AND {condition})"
    )


def _payments(condition: str) -> str:
    return f"SELECT payments.id FROM payments WHERE {condition} ORDER BY payments.id"  # noqa: S608


def _operations(condition: str) -> str:
    return (
        "SELECT operations.payment_id FROM operations JOIN payments ON payments.id = operations.payment_id"  # noqa: S608
        f" WHERE {condition} ORDER BY operations.payment_id"
    )


INVARIANTS: Final = (
    Invariant("refunds-over-capture", _payments("refunded_minor + refund_reserved_minor > captured_minor")),
    Invariant(
        "refunds-do-not-add-up", _payments("refunded_minor <> " + _refunds("operations.state = 'succeeded'"))
    ),
    Invariant("reservation-without-a-refund", _payments("refund_reserved_minor <> " + _refunds(_UNRESOLVED))),
    Invariant(
        "two-unresolved-operations",
        f"SELECT payment_id FROM operations WHERE {_UNRESOLVED}"  # noqa: S608
        " GROUP BY payment_id HAVING COUNT(*) > 1 ORDER BY payment_id",
    ),
    Invariant(
        "open-without-an-operation",
        _payments(f"payments.state IN ('received', 'submitted', 'unknown') AND {_NONE} {_UNRESOLVED})"),
    ),
    Invariant(
        "unknown-without-an-inquiry", _operations("operations.state = 'unknown' AND operations.inquire_at IS NULL")
    ),
    Invariant(
        "submitted-for-too-long",
        _operations("operations.state = 'submitted' AND operations.claimed_at < ?"),
        _TOO_LONG,
    ),
    Invariant("inquiry-overdue", _operations("operations.inquire_at < ?"), _OVERDUE),
    Invariant(
        "queued-without-a-time-to-be-sent",
        _operations(
            "operations.state = 'queued' AND operations.send_at IS NULL"
            " AND NOT (operations.kind = 'sale' AND payments.state = 'received')"
        ),
    ),
    Invariant("sending-overdue", _operations("operations.send_at < ?"), _OVERDUE),
    Invariant(
        "authorized-and-not-asked-about",
        _operations("operations.kind = 'sale' AND payments.state = 'authorized' AND operations.inquire_at IS NULL"),
    ),
    Invariant(
        "ended-with-an-instrument-kept",
        "SELECT payments.id FROM payments JOIN instruments ON instruments.payment_id = payments.id"
        " WHERE payments.state NOT IN ('received', 'submitted', 'unknown') ORDER BY payments.id",
    ),
    Invariant(
        "instrument-mark-differs",
        _payments(
            "instrument_kept <> (SELECT COUNT(*) FROM instruments WHERE instruments.payment_id = payments.id)"
        ),
    ),
    Invariant(
        "money-of-what-took-none",
        _payments(
            "captured_minor + refunded_minor + refund_reserved_minor > 0 AND (payments.state IN"
            " ('received', 'submitted', 'authorized', 'voided') OR (payments.state IN ('declined', 'failed', 'unknown')"
            f" AND {_NONE} operations.purpose <> 'requested')))"
        ),
    ),
    Invariant(
        "history-has-gaps",
        "SELECT payment_id FROM history GROUP BY payment_id"
        " HAVING MIN(sequence) <> 1 OR MAX(sequence) <> COUNT(*) ORDER BY payment_id",
    ),
    Invariant(
        "history-ends-elsewhere",
        _payments(
            "NOT EXISTS (SELECT 1 FROM history WHERE history.payment_id = payments.id"
            " AND history.to_state = payments.state AND history.sequence ="
            " (SELECT MAX(last.sequence) FROM history AS last WHERE last.payment_id = payments.id))"
        ),
    ),
    Invariant(
        "history-longer-than-version",
        _payments("version < (SELECT COUNT(*) FROM history WHERE history.payment_id = payments.id)"),
    ),
    Invariant(
        "message-overdue", "SELECT id FROM outbox WHERE sent_at IS NULL AND due_at < ? ORDER BY due_at", _OVERDUE
    ),
    Invariant("message-set-aside", "SELECT message_id FROM set_aside ORDER BY message_id"),
    Invariant(
        "negative-exposure",
        _payments("refunded_minor + returned_minor + charged_back_minor > captured_minor"),
        note=True,
    ),
)


async def ask(engine: Engine, now: datetime) -> list[Answer]:
    """Every invariant of the database that `engine` opens; nothing is written. Raises DatabaseError."""
    found = await engine.read([invariant.query(now) for invariant in INVARIANTS])
    return [Answer(invariant, [str(row[0]) for row in rows]) for invariant, rows in zip(INVARIANTS, found, strict=True)]


async def asked(environ: Mapping[str, str]) -> list[Answer] | None:
    """
    The same of the database that `environ` names; None where it names none.

    Raises DatabaseError, FileNotFoundError, or ValueError for a connection string that cannot work.
    """
    engine = _named(environ)
    if engine is None:
        return None
    try:
        return await ask(engine, datetime.now(UTC))
    finally:
        await engine.close()


def _named(environ: Mapping[str, str]) -> Engine | None:
    if text := environ.get("SQL_CONNECTION_STRING"):
        credential: Credential = "entra" if environ.get("SQL_CREDENTIAL") == "entra" else "string"
        return SqlServerEngine(odbc_login(Secret(text), credential=credential), constraints={})
    if path := environ.get("SQLITE_PATH"):
        if not os.path.exists(path):
            raise FileNotFoundError(f"there is no database at {path}")
        return SqliteEngine(path, constraints={})
    return None


def main(environ: Mapping[str, str], write: Callable[[str], object]) -> int:
    """Print the report; what the process exits with."""
    try:
        answers = asyncio.run(asked(environ))
    except (DatabaseError, FileNotFoundError, ValueError) as error:
        write(f"not asked: {error}\n")
        return 2
    if answers is None:
        write(_USAGE)
        return 2
    for answer in answers:
        write(_line(answer))
    violated = sum(bool(answer.ids) for answer in answers if not answer.invariant.note)
    write(f"{len(answers)} asked, {violated} violated\n")
    return 1 if violated else 0


def _line(answer: Answer) -> str:
    invariant, ids = answer.invariant, answer.ids
    if not ids:
        return f"{'ok':8} {invariant.name}\n"
    shown = " ".join(ids[:SHOWN_MAX]) + (" ..." if len(ids) > SHOWN_MAX else "")
    return f"{'note' if invariant.note else 'VIOLATED':8} {invariant.name} {len(ids)}: {shown}\n"


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.stdout.write))
