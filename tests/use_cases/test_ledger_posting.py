"""A posting reaches the ledger once: by its message, however often that comes, or by the timer where it does not."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.database.journal import EmbeddedJournal, SqlPostings
from shared.database.sqlite import SqliteEngine
from shared.database.statements import first_by_limit
from shared.database.unit_of_work import DatabaseUnavailable, Query, Row
from shared.payments.beside import Received
from shared.payments.messages import Message, Queue
from shared.payments.outcome import TransactionState
from shared.payments.payment import Payment
from shared.payments.posting import LedgerRefused, LedgerUnavailable, Posting, PostingKind
from shared.payments.sale_outcome import with_sale_outcome
from shared.use_cases.ledger_posting import LedgerPosting
from shared.use_cases.reconciliation import Counts, Reconciliation
from shared.use_cases.setting_aside import CannotSucceed
from shared.use_cases.unposted import Overdue, Unposted
from tests.builders import NOW, a_submitted_payment, an_occasion, approved
from tests.use_cases.workshop import FINGERPRINTS, UNIQUE_RULES, Workshop

MINUTE_S = 60.0
OVERDUE_S = 5 * MINUTE_S + 0.001


@dataclass
class FickleLedger:
    """The embedded journal, which may be away or refuse; `slow_s` is how long it takes for each."""

    journal: EmbeddedJournal
    workshop: Workshop
    is_away: bool = False
    refused: set[str] = field(default_factory=set)
    slow_s: float = 0.0
    asked: list[str] = field(default_factory=list)

    async def post(self, posting: Posting) -> None:
        self.asked.append(posting.id)
        if self.slow_s:
            await self.workshop.clock.advance(self.slow_s)
        if self.is_away:
            raise LedgerUnavailable("the ledger answered 503")
        if posting.id in self.refused:
            raise LedgerRefused("the ledger refused it (422)")
        await self.journal.post(posting)


class IllPostings(SqlPostings):
    """Whose next `marks_failing` marks are not stored."""

    marks_failing = 0

    async def posted(self, posting: Posting, at: datetime, message: Received | None = None) -> None:
        if self.marks_failing:
            self.marks_failing -= 1
            raise DatabaseUnavailable("the connection is gone")
        await super().posted(posting, at, message)


@dataclass
class Office:
    workshop: Workshop
    engine: SqliteEngine
    ledger: FickleLedger
    postings: IllPostings
    consumer: LedgerPosting
    unposted: Unposted

    async def captured(self, number: int = 1) -> tuple[Payment, Message]:
        """A payment that Chase captured at once, and the message that its commit left."""
        begun = a_submitted_payment(number=number, reference=f"INV-{number}")
        await self.workshop.payments.begin_sale(begun, FINGERPRINTS.of(b"body").fingerprint, None)
        occasion = an_occasion(self.workshop.clock.now())
        taken = with_sale_outcome(begun, approved(state=TransactionState.CLOSED), occasion=occasion, actor="chase")
        assert taken is not None
        [message] = await self.workshop.payments.save(begun, taken)
        return taken, message

    async def rows(self, sql: str) -> list[Row]:
        [rows] = await self.engine.read([Query(sql)])
        return [tuple(row) for row in rows]

    async def entries(self) -> list[Row]:
        return await self.rows(
            "SELECT account, debit_minor, credit_minor FROM journal_entries ORDER BY posting_id, line"
        )

    async def next_tries(self, after_s: float) -> list[Message]:
        """What was put off and falls due within that time, as the sweep would take it."""
        at = self.workshop.clock.now() + timedelta(seconds=after_s)
        until = at + timedelta(seconds=30)
        due = await self.workshop.outside.messages.take_due(at, 50, claim=f"c-{after_s}", until=until)
        return [message for message in due if message.attempt > 1]

    async def is_posted(self, message: Message) -> bool:
        kept = await self.postings.get(message.ids["postingId"])
        assert kept is not None
        return kept.posted

    def told(self, name: str) -> list[dict[str, object]]:
        return [dict(fields) for event, fields in self.workshop.telemetry.events if event == name]


CAPTURE = [("chase_clearing", 12599, 0), ("biller_payable", 0, 12599)]


@pytest.fixture
async def office(workshop: Workshop, tmp_path: Path) -> AsyncIterator[Office]:
    engine = SqliteEngine(tmp_path / "payments.sqlite3", constraints=UNIQUE_RULES)
    ledger = FickleLedger(EmbeddedJournal(engine), workshop)
    postings = IllPostings(engine, first=first_by_limit)
    outside = replace(workshop.outside, ledger=ledger, postings=postings)
    consumer = LedgerPosting(outside)
    yield Office(workshop, engine, ledger, postings, consumer, Unposted(outside, consumer))
    await engine.close()


class TestAMessage:
    async def test_brings_its_posting_to_the_ledger(self, office: Office) -> None:
        _, message = await office.captured()

        await office.consumer.consume(message)

        assert await office.entries() == CAPTURE
        assert await office.is_posted(message)
        assert await office.rows("SELECT consumer, message_id FROM inbox") == [("ledger_posting", message.id)]

    async def test_that_comes_again_does_nothing(self, office: Office) -> None:
        _, message = await office.captured()

        await office.consumer.consume(message)
        await office.consumer.consume(message)

        assert (len(office.ledger.asked), await office.entries()) == (1, CAPTURE)

    async def test_that_two_consumers_have_at_once_books_once(self, office: Office) -> None:
        _, message = await office.captured()

        await asyncio.gather(*(office.consumer.consume(message) for _ in range(2)))

        assert (len(office.ledger.asked), await office.entries()) == (2, CAPTURE)
        assert await office.is_posted(message)

    async def test_whose_consumer_dies_between_ledger_and_mark_books_once(self, office: Office) -> None:
        _, message = await office.captured()
        office.postings.marks_failing = 1

        with pytest.raises(DatabaseUnavailable):
            await office.consumer.consume(message)
        assert not await office.is_posted(message)
        await office.consumer.consume(message)

        assert (len(office.ledger.asked), await office.entries()) == (2, CAPTURE)
        assert await office.is_posted(message)

    @pytest.mark.parametrize("wrong", [{"postingId": "of-nobody"}, {"paymentId": "pay_of_another"}])
    async def test_that_names_no_posting_of_its_payment_cannot_succeed(
        self, office: Office, wrong: dict[str, str]
    ) -> None:
        _, message = await office.captured()

        with pytest.raises(CannotSucceed, match="no such posting"):
            await office.consumer.consume(replace(message, ids={**message.ids, **wrong}))

        assert office.ledger.asked == []

    async def test_that_the_ledger_refuses_cannot_succeed_and_says_why(self, office: Office) -> None:
        _, message = await office.captured()
        office.ledger.refused.add(message.ids["postingId"])

        with pytest.raises(CannotSucceed, match="the ledger refused it"):
            await office.consumer.consume(message)

        assert not await office.is_posted(message)


class TestWhileTheLedgerIsAway:
    async def test_a_message_ends_with_another_that_is_due_later(self, office: Office) -> None:
        payment, message = await office.captured()
        office.ledger.is_away = True

        await office.consumer.consume(message)

        assert await office.next_tries(9.999) == []
        assert await office.next_tries(10) == [replace(message, due_at=NOW + timedelta(seconds=10), attempt=2)]
        told = {"paymentId": payment.id, "attempt": 1, "error": "the ledger answered 503"}
        assert office.told("ledger.put_off") == [told]

    async def test_a_message_that_comes_twice_leaves_one_behind(self, office: Office) -> None:
        _, message = await office.captured()
        office.ledger.is_away = True

        await asyncio.gather(*(office.consumer.consume(message) for _ in range(3)))

        assert len(await office.next_tries(10)) == 1
        assert len(office.told("ledger.put_off")) == 1

    async def test_patience_grows_to_a_quarter_of_an_hour_and_never_ends(self, office: Office) -> None:
        _, message = await office.captured()
        office.ledger.is_away = True

        await office.consumer.consume(replace(message, attempt=1000))

        assert await office.next_tries(15 * MINUTE_S - 1) == []
        assert [again.attempt for again in await office.next_tries(15 * MINUTE_S)] == [1001]

    async def test_what_waited_is_booked_once_when_it_is_back(self, office: Office) -> None:
        _, message = await office.captured()
        office.ledger.is_away = True
        await office.consumer.consume(message)
        [again] = await office.next_tries(10)
        office.ledger.is_away = False

        await office.consumer.consume(message)
        booked = await office.entries()
        await office.consumer.consume(again)
        await office.consumer.consume(again)

        assert booked == await office.entries() == CAPTURE
        assert await office.is_posted(message)


class TestTheTimer:
    async def test_leaves_to_its_message_what_is_not_overdue_and_tells_its_age(self, office: Office) -> None:
        await office.captured()
        await office.workshop.clock.advance(5 * MINUTE_S)

        assert await office.unposted.post(10) == Overdue()

        assert (office.ledger.asked, office.told("ledger.lag")) == ([], [{"ageS": 300.0, "pending": 1}])

    async def test_posts_what_no_message_brought(self, office: Office) -> None:
        _, message = await office.captured()
        await office.workshop.clock.advance(OVERDUE_S)

        first, second = await office.unposted.post(10), await office.unposted.post(10)

        assert (first, second) == (Overdue(found=1, posted=1), Overdue())
        assert await office.entries() == CAPTURE
        assert await office.is_posted(message)
        assert office.told("ledger.lag") == [{"ageS": 300.001, "pending": 1}, {"ageS": 0.0, "pending": 0}]

    async def test_and_a_message_at_the_same_time_book_once(self, office: Office) -> None:
        _, message = await office.captured()
        await office.workshop.clock.advance(OVERDUE_S)

        await asyncio.gather(office.unposted.post(10), office.consumer.consume(message))

        assert await office.entries() == CAPTURE

    async def test_takes_a_bounded_batch_the_oldest_first(self, office: Office) -> None:
        _, old = await office.captured(1)
        await office.workshop.clock.advance(1)
        _, younger = await office.captured(2)
        await office.workshop.clock.advance(OVERDUE_S)

        assert await office.unposted.post(1) == Overdue(found=1, posted=1)

        assert (await office.is_posted(old), await office.is_posted(younger)) == (True, False)

    async def test_asks_a_ledger_that_is_away_no_further(self, office: Office) -> None:
        for number in range(1, 13):
            await office.captured(number)
        await office.workshop.clock.advance(OVERDUE_S)
        office.ledger.is_away = True

        assert await office.unposted.post(50) == Overdue(found=12)

        assert len(office.ledger.asked) == len(office.told("ledger.away")) == 10
        assert office.workshop.alarms() == []

    async def test_begins_nothing_more_once_a_slow_ledger_has_taken_its_time(self, office: Office) -> None:
        for number in range(1, 13):
            await office.captured(number)
        await office.workshop.clock.advance(OVERDUE_S)
        office.ledger.slow_s = 2.0

        assert await office.unposted.post(50) == Overdue(found=12, posted=10)

    async def test_goes_on_past_what_is_refused_and_tells_a_person_once_a_run(self, office: Office) -> None:
        messages = [(await office.captured(number))[1] for number in range(1, 4)]
        office.ledger.refused = {message.ids["postingId"] for message in messages[:2]}
        await office.workshop.clock.advance(OVERDUE_S)

        assert await office.unposted.post(10) == Overdue(found=3, posted=1)

        assert office.workshop.telemetry.alarms == [("ledger.refused", {"postings": 2})]
        assert {told["reason"] for told in office.told("ledger.refuses")} == {"the ledger refused it (422)"}

    async def test_goes_on_past_what_fails(self, office: Office) -> None:
        await office.captured(1)
        await office.captured(2)
        await office.workshop.clock.advance(OVERDUE_S)
        office.postings.marks_failing = 1

        first, second = await office.unposted.post(10), await office.unposted.post(10)

        assert (first, second) == (Overdue(found=2, posted=1), Overdue(found=1, posted=1))
        assert office.workshop.alarms() == ["ledger.failed"]

    async def test_is_reconciliation_which_counts_it(self, office: Office) -> None:
        workshop = office.workshop
        reconciliation = Reconciliation(
            workshop.outside, workshop.recording, workshop.inquiries, workshop.sending_again, office.unposted
        )
        await office.captured(1)
        _, message = await office.captured(2)
        office.ledger.refused.add(message.ids["postingId"])
        await workshop.clock.advance(OVERDUE_S)

        assert await reconciliation.run_once() == Counts(posted=1, left=1)

        [told] = office.told("reconciliation.run")
        assert (told["posted"], told["left"]) == (1, 1)


class TestASave:
    async def test_of_an_authorization_leaves_nothing_for_the_ledger(self, office: Office) -> None:
        begun = a_submitted_payment()
        await office.workshop.payments.begin_sale(begun, FINGERPRINTS.of(b"body").fingerprint, None)
        held = with_sale_outcome(begun, approved(captures_at=NOW), occasion=an_occasion(), actor="chase")
        assert held is not None

        assert await office.workshop.payments.save(begun, held) == ()

        assert await office.rows("SELECT id FROM ledger_postings") == await office.rows("SELECT id FROM outbox") == []

    async def test_that_somebody_else_was_before_leaves_nothing_either(self, office: Office) -> None:
        payment, message = await office.captured()
        await office.consumer.consume(message)
        back = replace(payment, refunded_minor=1, version=payment.version + 1)

        results = await asyncio.gather(
            *(office.workshop.payments.save(payment, back) for _ in range(2)), return_exceptions=True
        )

        assert [type(result).__name__ for result in results if isinstance(result, Exception)] == ["ChangedMeanwhile"]
        kinds = await office.rows("SELECT kind FROM ledger_postings ORDER BY kind")
        assert kinds == [(PostingKind.CAPTURED,), (PostingKind.REFUNDED,)]
        queues = await office.rows("SELECT queue, COUNT(*) FROM outbox GROUP BY queue")
        assert queues == [(Queue.LEDGER_POSTING, 2)]
