"""Messages at rest: each is taken by one sweep at a time, counted once where it is read, and never lost."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from shared.database.outbox import SqlMessages, kept, received
from shared.database.statements import First
from shared.database.unit_of_work import Engine, Query, UniqueViolation
from shared.payments.messages import Message, Queue
from tests.builders import NOW

LEASE = timedelta(seconds=30)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def messages(real_schema: tuple[Engine, First]) -> SqlMessages:
    engine, first = real_schema
    return SqlMessages(engine, first=first)


def a_message(number: int = 1, due_at: datetime = NOW, attempt: int = 1) -> Message:
    ids = {"paymentId": f"pay_{number}", "operationId": f"op_{number}"}
    return Message(Queue.CHASE_RETRY, ids, due_at, attempt)


async def written(messages: SqlMessages, *wanted: Message, lease: timedelta = LEASE) -> None:
    await messages._engine.run(kept(wanted, now=NOW, lease=lease))


async def taken(messages: SqlMessages, at: datetime, claim: str = "sweep-1", limit: int = 10) -> Sequence[Message]:
    return await messages.take_due(at, limit, claim=claim, until=at + LEASE)


class TestWhatIsDue:
    async def test_belongs_to_who_wrote_it_while_its_lease_lasts_and_then_to_any_sweep(
        self, messages: SqlMessages
    ) -> None:
        await written(messages, a_message())

        assert await taken(messages, NOW + LEASE) == []
        assert await taken(messages, NOW + LEASE + MOMENT) == [a_message()]

    async def test_later_is_anybodys_from_then_on(self, messages: SqlMessages) -> None:
        later = a_message(due_at=NOW + timedelta(seconds=10))
        await written(messages, later)

        assert await taken(messages, NOW + timedelta(seconds=10) - MOMENT) == []
        assert await taken(messages, NOW + timedelta(seconds=10)) == [later]

    async def test_is_taken_by_one_until_its_claim_is_over(self, messages: SqlMessages) -> None:
        await written(messages, a_message(), lease=timedelta(0))
        at = NOW + MOMENT

        first = await taken(messages, at, "sweep-1")
        meanwhile = await taken(messages, at + LEASE, "sweep-2")
        afterwards = await taken(messages, at + LEASE + MOMENT, "sweep-3")

        assert (first, meanwhile, afterwards) == ([a_message()], [], [a_message()])

    async def test_comes_oldest_first_and_no_more_than_asked_for(self, messages: SqlMessages) -> None:
        due = [a_message(number, NOW - timedelta(seconds=number)) for number in (1, 3, 2)]
        await written(messages, *due, lease=timedelta(0))

        batch = await taken(messages, NOW + MOMENT, limit=2)

        assert [message.ids["operationId"] for message in batch] == ["op_3", "op_2"]

    async def test_is_taken_whole_by_many_at_once_and_each_by_one(self, messages: SqlMessages) -> None:
        await written(messages, *(a_message(number) for number in range(20)), lease=timedelta(0))

        batches = await asyncio.gather(
            *(taken(messages, NOW + MOMENT, f"sweep-{number}", limit=5) for number in range(8))
        )

        found = [message.id for batch in batches for message in batch]
        assert len(found) == len(set(found))
        rest = [message.id for message in await taken(messages, NOW + MOMENT, "sweep-8", limit=20)]
        assert {*found, *rest} == {a_message(number).id for number in range(20)}

    async def test_asked_for_twice_by_one_claim_is_the_same(self, messages: SqlMessages) -> None:
        """A unit whose answer was lost is run again."""
        await written(messages, a_message(), lease=timedelta(0))

        assert [await taken(messages, NOW + MOMENT) for _ in range(2)] == [[a_message()]] * 2


class TestWhatIsSent:
    async def test_is_never_taken_again(self, messages: SqlMessages) -> None:
        await written(messages, a_message(1), a_message(2), lease=timedelta(0))
        await messages.mark_sent([a_message(1)], NOW)

        assert await taken(messages, NOW + MOMENT) == [a_message(2)]

    async def test_while_a_sweep_had_it_is_not_given_to_that_sweep(self, messages: SqlMessages) -> None:
        await written(messages, a_message(), lease=timedelta(0))
        await taken(messages, NOW + MOMENT)
        await messages.mark_sent([a_message()], NOW)

        assert await taken(messages, NOW + MOMENT) == []

    async def test_twice_keeps_its_first_time(self, messages: SqlMessages) -> None:
        await written(messages, a_message())
        await messages.mark_sent([a_message()], NOW)
        await messages.mark_sent([a_message()], NOW + LEASE)

        [rows] = await messages._engine.read([Query("SELECT sent_at FROM outbox")])
        assert [tuple(row) for row in rows] == [("2026-11-23T18:00:00.000",)]


class TestTheOldest:
    async def test_is_none_in_an_empty_outbox(self, messages: SqlMessages) -> None:
        assert await messages.oldest_due() is None

    async def test_is_since_when_the_first_unsent_one_has_been_due(self, messages: SqlMessages) -> None:
        due = [a_message(number, NOW + timedelta(seconds=number)) for number in (1, 2, 3)]
        await written(messages, *due)
        await messages.mark_sent(due[:1], NOW)

        assert await messages.oldest_due() == NOW + timedelta(seconds=2)


class TestTheSameMessage:
    async def test_is_written_once(self, messages: SqlMessages) -> None:
        await written(messages, a_message())

        with pytest.raises(UniqueViolation) as violated:
            await written(messages, a_message())

        assert violated.value.constraint == "outbox"

    async def test_for_another_try_is_another(self, messages: SqlMessages) -> None:
        await written(messages, a_message(), a_message(attempt=2), lease=timedelta(0))

        assert len(await taken(messages, NOW + MOMENT)) == 2

    async def test_is_counted_once_by_each_consumer(self, messages: SqlMessages) -> None:
        await messages._engine.run([received("chase_retry", "m-1", NOW), received("other", "m-1", NOW)])

        with pytest.raises(UniqueViolation) as violated:
            await messages._engine.run([received("chase_retry", "m-1", NOW)])

        assert violated.value.constraint == "inbox"


class TestWhatIsSetAside:
    async def rows(self, messages: SqlMessages) -> list[tuple[str, ...]]:
        asked = "SELECT queue, message_id, body, reason, set_aside_at FROM set_aside ORDER BY queue, message_id"
        [rows] = await messages._engine.read([Query(asked)])
        return [tuple(row) for row in rows]

    async def test_is_kept_with_its_reason_and_once(self, messages: SqlMessages) -> None:
        for reason in ("is not JSON", "told again"):
            await messages.set_aside(Queue.CHASE_RETRY, "m-1", "{", reason, NOW)

        assert await self.rows(messages) == [("chase-retry", "m-1", "{", "is not JSON", "2026-11-23T18:00:00.000")]

    async def test_of_each_queue_is_its_own(self, messages: SqlMessages) -> None:
        for queue in (Queue.CHASE_RETRY, Queue.LEDGER_POSTING):
            await messages.set_aside(queue, "m-1", "{", "is not JSON", NOW)

        assert len(await self.rows(messages)) == 2


class TestAConsumersOwnNextTry:
    async def test_is_kept_in_the_commit_that_ends_this_one(self, messages: SqlMessages) -> None:
        done = received("ledger_posting", "m-1", NOW)
        again = a_message(due_at=NOW + LEASE, attempt=2)
        await messages.keep([again], done=done, now=NOW)

        with pytest.raises(UniqueViolation):
            await messages.keep([a_message(attempt=3)], done=done, now=NOW)

        assert await taken(messages, NOW + LEASE) == [again]

    async def test_may_be_kept_with_nothing_done(self, messages: SqlMessages) -> None:
        await messages.keep([a_message()], done=None, now=NOW)

        assert await taken(messages, NOW + MOMENT) == [a_message()]
