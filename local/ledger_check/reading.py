"""Both sides, as they are on this machine: our SQLite file, and the simulator's books."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from local.chase_simulator.books import Books
from local.clock import LocalClock
from local.ledger_check.comparison import Booked, KeptPayment, KeptPosting
from shared.database.journal import ENTRY, POSTING, entry_of, posting_of
from shared.database.sqlite import SqliteEngine
from shared.database.unit_of_work import Query
from shared.payments.journal import Entry
from shared.payments.state_machine import State

_PAYMENTS: Final = Query(
    "SELECT id, mode, state, captures_at, (SELECT COUNT(*) FROM operations WHERE payment_id = payments.id"
    " AND operations.state IN ('queued', 'submitted', 'unknown')) FROM payments ORDER BY id"
)
_POSTINGS: Final = Query(f"SELECT {POSTING}, posted_at FROM ledger_postings ORDER BY at, id")  # noqa: S608 - our names
_ENTRIES: Final = Query(f"SELECT posting_id, {ENTRY} FROM journal_entries ORDER BY posting_id, line")  # noqa: S608

_BOOKS: Final = "chase-books.sqlite3"
_ANSWER_WITHIN_S: Final = 5.0


class CannotCheck(Exception):
    """One side could not be read. The text says which, and what to do."""


async def kept_payments(path: Path) -> list[KeptPayment]:
    """Every payment with its postings, all of one moment. Raises CannotCheck, or the database's own errors."""
    _require(path, f"there is no database at {path}: start the service once (make run), or set SQLITE_PATH")
    engine = SqliteEngine(path, constraints={})
    try:
        payments, postings, entries = await engine.read([_PAYMENTS, _POSTINGS, _ENTRIES])
    finally:
        await engine.close()
    lines: dict[str, list[Entry]] = defaultdict(list)
    for posting_id, *entry in entries:
        lines[posting_id].append(entry_of(tuple(entry)))
    of_payment: dict[str, list[KeptPosting]] = defaultdict(list)
    for *columns, posted_at in postings:
        posting = posting_of(tuple(columns))
        of_payment[posting.payment_id].append(
            KeptPosting(posting, posted_at is not None, tuple(lines.pop(posting.id, ())))
        )
    return [
        KeptPayment(
            id=payment_id,
            live=mode == "live",
            state=State(state),
            captures_at=None if captures_at is None else datetime.fromisoformat(captures_at).replace(tzinfo=UTC),
            under_way=under_way > 0,
            postings=tuple(of_payment[payment_id]),
        )
        for payment_id, mode, state, captures_at, under_way in payments
    ]


async def chase_books(directory: Path, control_port: int) -> tuple[list[Booked], str]:
    """What Chase has, and where that was read: by the simulator that runs, or from its file. Raises CannotCheck."""
    running = f"http://127.0.0.1:{control_port}/simulator/books"
    told = await _told(running)
    if told is not None:
        return booked(told), running
    path = directory / _BOOKS
    _require(path, f"no Chase simulator answers at {running}, and there are no books at {path}")
    return booked(_filed(path)), str(path)


def local_now(directory: Path) -> datetime:
    """The time on this machine, moved as far as the simulator's clock was."""
    clock, path = LocalClock(), directory / _BOOKS
    if path.exists():
        with closing(_opened(path)) as books:
            clock.remember_in(books)
    return clock.now()


def _require(path: Path, otherwise: str) -> None:
    if not path.exists():
        raise CannotCheck(otherwise)


async def _told(url: str) -> list[dict[str, Any]] | None:
    """The books of the simulator that answers there; None if none does."""
    within = aiohttp.ClientTimeout(total=_ANSWER_WITHIN_S)
    try:
        async with aiohttp.ClientSession(timeout=within) as session, session.get(url) as answer:
            told = await answer.json() if answer.status == 200 else {}
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
    found = told.get("payments") if isinstance(told, dict) else None
    return found if isinstance(found, list) else None


def _filed(path: Path) -> list[dict[str, Any]]:
    """As the simulator would tell them now."""
    clock = LocalClock()
    with closing(_opened(path)) as books:
        clock.remember_in(books)
        return [payment.as_of(clock.now()).entry() for payment in books.approved()]


def _opened(path: Path) -> Books:
    try:
        return Books(path)
    except sqlite3.Error as error:
        raise CannotCheck(f"the books at {path} cannot be read: {error}") from None


def booked(entries: Iterable[Mapping[str, Any]]) -> list[Booked]:
    """The lines of the simulator's books as the comparison knows them."""
    return [
        Booked(
            order_number=entry["merchantOrderNumber"],
            currency=entry["currency"],
            amount=entry["amount"],
            captured=entry["captured"],
            refunded=entry["refunded"],
            voided=entry["voided"],
        )
        for entry in entries
    ]
