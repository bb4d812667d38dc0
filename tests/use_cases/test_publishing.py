"""Messages leave at once where they can; where they cannot, their rows stand."""

from datetime import timedelta

from shared.payments.messages import Message, Queue
from shared.payments.outcome import NotSent
from tests.builders import NOW, approved
from tests.use_cases.workshop import Workshop, a_void

NOT_SENT = NotSent("NOT_CONNECTED", "refused")


async def unsent(workshop: Workshop) -> int:
    """How many messages wait in the outbox, whoever holds them."""
    taken = await workshop.outside.messages.take_due(
        NOW + timedelta(days=1), 100, claim="looked", until=NOW + timedelta(days=2)
    )
    return len(taken)


async def test_what_is_due_leaves_at_once_and_is_marked_as_sent(workshop: Workshop) -> None:
    partly = await workshop.undo_waiting(approved(100))
    await workshop.tasks.close(1.0)

    [message] = workshop.broker.taken
    assert message.ids == {"paymentId": partly.id, "operationId": partly.operations[-1].id}
    assert await unsent(workshop) == 0


async def test_what_is_due_later_stays_in_the_outbox_until_then(workshop: Workshop) -> None:
    workshop.chase.voids = [NOT_SENT]
    await workshop.void.void(a_void(await workshop.sold()))
    await workshop.tasks.close(1.0)

    assert workshop.broker.taken == []
    assert await unsent(workshop) == 1


async def test_a_broker_that_is_away_holds_up_nobody_and_loses_nothing(workshop: Workshop) -> None:
    workshop.broker.is_away = True

    await workshop.undo_waiting(approved(100))
    await workshop.tasks.close(1.0)

    assert await unsent(workshop) == 1
    assert "outbox.not_published" in workshop.events()


async def test_what_was_sent_and_could_not_be_marked_is_only_told(workshop: Workshop) -> None:
    def breaks(*_: object) -> object:
        raise RuntimeError("the connection is gone")

    workshop.outside.messages.mark_sent = breaks  # type: ignore[method-assign, assignment]

    await workshop.undo_waiting(approved(100))
    await workshop.tasks.close(1.0)

    assert len(workshop.broker.taken) == 1
    assert await unsent(workshop) == 1
    assert "outbox.not_marked" in workshop.events()


def test_messages_of_the_same_thing_and_time_are_one() -> None:
    ids = {"paymentId": "pay_1", "operationId": "op_1"}

    assert Message(Queue.CHASE_RETRY, ids, NOW).id == Message(Queue.CHASE_RETRY, ids, NOW + timedelta(days=1)).id
