"""Postings at rest until the ledger has them, and the journal that is the ledger where there is no other."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.database.outbox import kept, received
from shared.database.rows import time_text
from shared.database.statements import First
from shared.database.unit_of_work import (
    DatabaseUnavailable,
    Engine,
    Query,
    Row,
    Statement,
    StatementFailed,
    UniqueViolation,
    Value,
)
from shared.payments.beside import Received
from shared.payments.errors import AlreadyReceived
from shared.payments.journal import Account, Entry, entries_of
from shared.payments.messages import Message
from shared.payments.money import Money
from shared.payments.posting import KeptPosting, LedgerRefused, LedgerUnavailable, Posting, PostingKind

# Our names for the unique rules, by the columns that SQLite reports and the names that SQL Server does.
UNIQUE_RULES: Final[Mapping[str, str]] = {
    "ledger_postings.id": "posting",
    "journal_entries.posting_id, journal_entries.line": "journal_entry",
    "ledger_postings_pk": "posting",
    "journal_entries_pk": "journal_entry",
}

# Columns in the order of `_posting`, then of `_entry`.
POSTING: Final = "id, payment_id, biller_id, kind, amount_minor, currency, at"
ENTRY: Final = "account, debit_minor, credit_minor, currency"

_INSERT_POSTING = f"INSERT INTO ledger_postings ({POSTING}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - our names
_INSERT_ENTRY = f"INSERT INTO journal_entries (posting_id, line, {ENTRY}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
_POSTED = "UPDATE ledger_postings SET posted_at = ? WHERE id = ? AND posted_at IS NULL"
_GET = f"SELECT {POSTING}, posted_at FROM ledger_postings WHERE id = ?"  # noqa: S608
_UNPOSTED = f"{POSTING} FROM ledger_postings WHERE posted_at IS NULL AND at < ? ORDER BY at"
_WAITING: Final = "SELECT COUNT(*), MIN(at) FROM ledger_postings WHERE posted_at IS NULL"
_ENTRIES = f"SELECT {ENTRY} FROM journal_entries WHERE posting_id = ? ORDER BY line"  # noqa: S608


def posting_rows(postings: Sequence[Posting]) -> list[Statement]:
    """The postings as rows for the payment's own commit, after the payment's own row (it is referred to)."""
    return [Statement(_INSERT_POSTING, _columns(posting)) for posting in postings]


class SqlPostings:
    """Postings in SQL. Fits `use_cases.ports.Postings`; each call is one round trip, each write one commit."""

    def __init__(self, engine: Engine, *, first: First) -> None:
        self._engine, self._first = engine, first

    async def get(self, posting_id: str) -> KeptPosting | None:
        [rows] = await self._engine.read([Query(_GET, (posting_id,))])
        if not rows:
            return None
        *posting, posted_at = rows[0]
        return KeptPosting(posting_of(tuple(posting)), posted_at is not None)

    async def posted(self, posting: Posting, at: datetime, message: Received | None = None) -> None:
        """The ledger has it, as `message` had asked. Said again, the first time stays. Raises AlreadyReceived."""
        marked = Statement(_POSTED, (time_text(at), posting.id), rows=None)
        await self._end(message, [marked], at)

    async def put_off(self, message: Received, again: Message, at: datetime) -> None:
        """`message` is done with, and `again` follows it when it is due. Raises AlreadyReceived."""
        await self._end(message, kept([again], now=at, lease=timedelta(0)), at)

    async def unposted_older_than(self, at: datetime, limit: int) -> Sequence[Posting]:
        """At most `limit` that became so before `at` and that the ledger is not known to have, oldest first."""
        [rows] = await self._engine.read([Query(self._first(limit, _UNPOSTED), (time_text(at),))])
        return [posting_of(row) for row in rows]

    async def waiting(self) -> tuple[int, datetime | None]:
        """How many the ledger is not known to have, and when the oldest became so; None where it has them all."""
        [[[pending, at]]] = await self._engine.read([Query(_WAITING)])
        return pending, None if at is None else _time(at)

    async def _end(self, message: Received | None, statements: Sequence[Statement], at: datetime) -> None:
        inbox = [] if message is None else [received(message.consumer, message.message_id, at)]
        try:
            await self._engine.run([*inbox, *statements])
        except UniqueViolation as error:
            # What follows a message has an id of its own: only the message itself can have been here before.
            raise AlreadyReceived from error


class EmbeddedJournal:
    """A ledger in the payments' own database. Fits `use_cases.ports.Ledger`; posting is one commit of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def post(self, posting: Posting) -> None:
        """
        Book the entries of `posting`, whose row must be there. Again, it changes nothing.

        Raises LedgerRefused (no such posting, or other entries stand under its id) or LedgerUnavailable.
        """
        try:
            await self._book(posting)
        except DatabaseUnavailable as error:
            raise LedgerUnavailable(str(error)) from error
        except StatementFailed as error:
            raise LedgerRefused(f"the journal does not take posting {posting.id}: {error}") from error

    async def _book(self, posting: Posting) -> None:
        lines = [_entry_columns(entry) for entry in entries_of(posting)]
        statements = [Statement(_INSERT_ENTRY, (posting.id, at, *line)) for at, line in enumerate(lines, start=1)]
        try:
            await self._engine.run(statements)
        except UniqueViolation as error:
            # Booked before, by whomever. Looked at all the same: one id must not stand for two things.
            [booked] = await self._engine.read([Query(_ENTRIES, (posting.id,))])
            if [tuple(row) for row in booked] != lines:
                raise LedgerRefused(f"the journal has other entries for posting {posting.id}") from error


def _columns(posting: Posting) -> tuple[Value, ...]:
    return (
        posting.id,
        posting.payment_id,
        posting.biller_id,
        posting.kind,
        posting.amount.amount_minor,
        posting.amount.currency,
        time_text(posting.at),
    )


def posting_of(row: Row) -> Posting:
    """A row of the columns POSTING."""
    posting_id, payment_id, biller_id, kind, amount_minor, currency, at = row
    amount = Money(amount_minor, currency)
    return Posting(posting_id, payment_id, biller_id, PostingKind(kind), amount, _time(at))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _entry_columns(entry: Entry) -> tuple[Value, ...]:
    return entry.account, entry.debit_minor, entry.credit_minor, entry.currency


def entry_of(row: Row) -> Entry:
    """A row of the columns ENTRY."""
    account, debit_minor, credit_minor, currency = row
    return Entry(Account(account), debit_minor, credit_minor, currency)
