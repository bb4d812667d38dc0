"""Messages leave in batches over one connection, and what belongs to the call goes beside them."""

import asyncio

import pytest

from shared.messaging.publisher import ServiceBusPublisher
from shared.payments.messages import NotPublished, Queue
from tests.broker import PATIENT_S, Broker, a_message
from tests.messaging.conftest import Line


async def test_messages_of_several_queues_leave_in_one_call(publisher: ServiceBusPublisher, broker: Broker) -> None:
    messages = [a_message(queue) for queue in (*Queue, *Queue)]

    await publisher.publish(messages)

    for queue in Queue:
        those = [message for message in messages if message.queue is queue]
        assert [each.message_id for each in await broker.receive(queue, those)] == [message.id for message in those]


async def test_more_than_fits_in_one_batch_leaves_in_several(broker: Broker) -> None:
    publisher = ServiceBusPublisher(broker.login, timeout_s=PATIENT_S, properties=lambda: {"traceparent": "0" * 20_000})
    messages = [a_message() for _ in range(60)]

    await publisher.publish(messages)

    received = await broker.receive(Queue.CHASE_RETRY, messages)
    await publisher.close()
    assert [each.message_id for each in received] == [message.id for message in messages]


async def test_one_message_larger_than_the_broker_takes_is_not_published(broker: Broker) -> None:
    publisher = ServiceBusPublisher(
        broker.login, timeout_s=PATIENT_S, properties=lambda: {"traceparent": "0" * 2_000_000}
    )

    with pytest.raises(NotPublished, match=r"^1 not taken by the broker: MessageSizeExceededError$"):
        await publisher.publish([a_message()])

    await publisher.close()


async def test_what_belongs_to_the_call_goes_beside_each_of_its_messages(broker: Broker) -> None:
    calls = iter(["corr-1", "corr-2"])
    publisher = ServiceBusPublisher(
        broker.login, timeout_s=PATIENT_S, properties=lambda: {"correlationId": next(calls)}
    )
    messages = [a_message() for _ in range(3)]

    await publisher.publish(messages[:2])
    await publisher.publish(messages[2:])

    received = await broker.receive(Queue.CHASE_RETRY, messages)
    await publisher.close()
    beside = [each.application_properties for each in received]
    assert beside == [{b"correlationId": b"corr-1"}] * 2 + [{b"correlationId": b"corr-2"}]


async def test_many_at_once_share_one_connection_and_all_arrive(line: Line, broker: Broker) -> None:
    publisher = ServiceBusPublisher(line.login, timeout_s=PATIENT_S)
    messages = [a_message() for _ in range(20)]

    await asyncio.gather(*(publisher.publish([message]) for message in messages))

    received = await broker.receive(Queue.CHASE_RETRY, messages)
    await publisher.close()
    assert {each.message_id for each in received} == {message.id for message in messages}
    assert line.relay.connections == 1
