"""Postings written with the payment, and the embedded journal: booked once, balanced, never changed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.database.journal import EmbeddedJournal, SqlPostings, posting_rows
from shared.database.outbox import SqlMessages
from shared.database.payments import SqlPayments
from shared.database.statements import First
from shared.database.unit_of_work import Engine, Query, Row, Statement, StatementFailed, UniqueViolation
from shared.payments.beside import Received
from shared.payments.errors import AlreadyReceived
from shared.payments.idempotency import Fingerprint
from shared.payments.messages import Message, Queue
from shared.payments.money import Money
from shared.payments.posting import KeptPosting, LedgerRefused, LedgerUnavailable, Posting, PostingKind
from tests.builders import NOW, a_submitted_payment

PAYMENT = a_submitted_payment()
MINUTE = timedelta(minutes=1)
ALL_ENTRIES = Query(
    "SELECT posting_id, line, account, debit_minor, credit_minor, currency FROM journal_entries"
    " ORDER BY posting_id, line"
)


def a_posting(posting_id: str = "p-1", kind: PostingKind = PostingKind.CAPTURED, **changed: Any) -> Posting:
    usual: dict[str, Any] = {"amount": Money(125_99, "USD"), "at": NOW, **changed}
    return Posting(id=posting_id, payment_id=PAYMENT.id, biller_id="city-water", kind=kind, **usual)


@pytest.fixture
async def engine(real_schema: tuple[Engine, First], payments: SqlPayments) -> Engine:
    """With the payment that the postings are of."""
    await payments.begin_sale(PAYMENT, Fingerprint("k1", "f" * 64), None)
    return real_schema[0]


@pytest.fixture
def postings(engine: Engine, real_schema: tuple[Engine, First]) -> SqlPostings:
    return SqlPostings(engine, first=real_schema[1])


@pytest.fixture
def journal(engine: Engine) -> EmbeddedJournal:
    return EmbeddedJournal(engine)


async def written(engine: Engine, *postings: Posting) -> None:
    await engine.run(posting_rows(postings))


async def booked(engine: Engine) -> list[Row]:
    [rows] = await engine.read([ALL_ENTRIES])
    return [tuple(row) for row in rows]


class TestPostings:
    @pytest.mark.parametrize("kind", PostingKind)
    async def test_of_every_kind_are_read_as_they_were_written(
        self, engine: Engine, postings: SqlPostings, kind: PostingKind
    ) -> None:
        posting = a_posting(kind=kind)
        await written(engine, posting)

        assert await postings.get("p-1") == KeptPosting(posting, posted=False)

    async def test_that_nobody_wrote_are_not_there(self, postings: SqlPostings) -> None:
        assert await postings.get("p-1") is None

    async def test_are_written_once(self, engine: Engine) -> None:
        await written(engine, a_posting())

        with pytest.raises(UniqueViolation, match="posting"):
            await written(engine, a_posting())

    async def test_belong_to_a_payment(self, engine: Engine) -> None:
        with pytest.raises(StatementFailed):
            await written(engine, replace(a_posting(), payment_id="pay_of_nobody"))

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE ledger_postings SET amount_minor = 0",
            "UPDATE ledger_postings SET kind = 'authorized'",
            "UPDATE ledger_postings SET currency = 'US'",
        ],
    )
    async def test_are_held_to_their_rules_by_the_database(self, engine: Engine, change: str) -> None:
        await written(engine, a_posting())

        with pytest.raises(StatementFailed):
            await engine.run([Statement(change, ())])


class TestPostingsThatWait:
    async def test_are_those_that_became_so_before_then_the_oldest_first(
        self, engine: Engine, postings: SqlPostings
    ) -> None:
        old, older, recent = a_posting("p-1"), a_posting("p-2", at=NOW - MINUTE), a_posting("p-3", at=NOW + MINUTE)
        await written(engine, old, older, recent)

        assert await postings.unposted_older_than(NOW + MINUTE, 10) == [older, old]
        assert await postings.unposted_older_than(NOW + MINUTE, 1) == [older]

    async def test_end_when_they_are_posted_for_the_first_time(self, engine: Engine, postings: SqlPostings) -> None:
        posting = a_posting()
        await written(engine, posting, a_posting("p-2"))

        await postings.posted(posting, NOW + MINUTE)
        await postings.posted(posting, NOW + 2 * MINUTE)

        assert [left.id for left in await postings.unposted_older_than(NOW + MINUTE, 10)] == ["p-2"]
        assert await postings.get("p-1") == KeptPosting(posting, posted=True)
        [rows] = await engine.read([Query("SELECT posted_at FROM ledger_postings WHERE id = 'p-1'")])
        assert [tuple(row) for row in rows] == [("2026-11-23T18:01:00.000",)]

    async def test_tell_how_many_do_and_since_when_the_oldest_does(self, engine: Engine, postings: SqlPostings) -> None:
        assert await postings.waiting() == (0, None)
        await written(engine, a_posting("p-1"), a_posting("p-2", at=NOW - MINUTE))
        assert await postings.waiting() == (2, NOW - MINUTE)

        await postings.posted(a_posting("p-2"), NOW)

        assert await postings.waiting() == (1, NOW)


class TestAMessage:
    """Once its posting is posted, or put off, it is done with: a second delivery stores nothing."""

    RECEIVED = Received("ledger_posting", "m-1")
    AGAIN = Message(Queue.LEDGER_POSTING, {"paymentId": PAYMENT.id, "postingId": "p-1"}, NOW + MINUTE, attempt=2)

    async def test_is_done_with_in_the_commit_that_marks_its_posting(
        self, engine: Engine, postings: SqlPostings
    ) -> None:
        await written(engine, a_posting("p-1"), a_posting("p-2"))

        await postings.posted(a_posting("p-1"), NOW, self.RECEIVED)
        with pytest.raises(AlreadyReceived):
            await postings.posted(a_posting("p-2"), NOW, self.RECEIVED)

        assert [left.id for left in await postings.unposted_older_than(NOW + MINUTE, 10)] == ["p-2"]

    async def test_that_is_put_off_leaves_another_due_later(
        self, engine: Engine, postings: SqlPostings, real_schema: tuple[Engine, First]
    ) -> None:
        messages = SqlMessages(engine, first=real_schema[1])
        await written(engine, a_posting())

        await postings.put_off(self.RECEIVED, self.AGAIN, NOW)
        with pytest.raises(AlreadyReceived):
            await postings.put_off(self.RECEIVED, replace(self.AGAIN, attempt=3), NOW)

        assert await messages.take_due(NOW, 10, claim="c-1", until=NOW + MINUTE) == []
        [due] = await messages.take_due(NOW + MINUTE, 10, claim="c-2", until=NOW + 2 * MINUTE)
        assert due == self.AGAIN


class TestTheJournal:
    async def test_books_a_posting_as_balanced_entries(self, engine: Engine, journal: EmbeddedJournal) -> None:
        await written(engine, a_posting())

        await journal.post(a_posting())

        assert await booked(engine) == [
            ("p-1", 1, "chase_clearing", 12599, 0, "USD"),
            ("p-1", 2, "biller_payable", 0, 12599, "USD"),
        ]

    async def test_books_a_posting_once_however_often_it_comes(self, engine: Engine, journal: EmbeddedJournal) -> None:
        await written(engine, a_posting())

        await asyncio.gather(*(journal.post(a_posting()) for _ in range(8)))
        await journal.post(a_posting())

        assert len(await booked(engine)) == 2

    @pytest.mark.parametrize(
        "other",
        [
            a_posting(amount=Money(1, "USD")),
            a_posting(amount=Money(125_99, "CAD")),
            a_posting(kind=PostingKind.REFUNDED),
        ],
        ids=["amount", "currency", "kind"],
    )
    async def test_refuses_another_posting_under_an_id_that_is_booked(
        self, engine: Engine, journal: EmbeddedJournal, other: Posting
    ) -> None:
        await written(engine, a_posting())
        await journal.post(a_posting())
        before = await booked(engine)

        with pytest.raises(LedgerRefused, match="p-1"):
            await journal.post(other)

        assert await booked(engine) == before

    async def test_refuses_a_posting_that_no_payment_made(self, engine: Engine, journal: EmbeddedJournal) -> None:
        with pytest.raises(LedgerRefused, match="p-1"):
            await journal.post(a_posting())

        assert await booked(engine) == []

    async def test_that_cannot_be_reached_is_asked_again(self, engine: Engine, journal: EmbeddedJournal) -> None:
        await written(engine, a_posting())
        await engine.close()

        with pytest.raises(LedgerUnavailable):
            await journal.post(a_posting())

    @pytest.mark.parametrize("change", ["UPDATE journal_entries SET debit_minor = 1", "DELETE FROM journal_entries"])
    async def test_is_only_added_to(self, engine: Engine, journal: EmbeddedJournal, change: str) -> None:
        await written(engine, a_posting())
        await journal.post(a_posting())

        with pytest.raises(StatementFailed, match="append-only"):
            await engine.run([Statement(change, (), rows=None)])

        assert len(await booked(engine)) == 2

    @pytest.mark.parametrize("sides", [(0, 0), (1, 1), (-1, 0), (0, -1)])
    async def test_takes_no_entry_without_exactly_one_side(self, engine: Engine, sides: Sequence[int]) -> None:
        await written(engine, a_posting())
        insert = "INSERT INTO journal_entries (posting_id, line, account, debit_minor, credit_minor, currency)"

        with pytest.raises(StatementFailed):
            await engine.run([Statement(f"{insert} VALUES ('p-1', 1, 'chase_clearing', ?, ?, 'USD')", tuple(sides))])
