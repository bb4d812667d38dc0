"""Each queue's contract, over a real broker: what is published is what a function reads."""

import json
from pathlib import Path

import pytest

from shared.messaging.publisher import ServiceBusPublisher
from shared.payments.messages import Queue, read_message
from tests.broker import DUE, PATIENT_S, Broker, a_message, body_of

ROOT = Path(__file__).parents[2]
CONFIG = json.loads((ROOT / "local" / "compose" / "servicebus.json").read_text("utf-8"))


def test_the_brokers_queues_are_those_that_we_publish_to() -> None:
    [namespace] = CONFIG["UserConfig"]["Namespaces"]

    assert {queue["Name"] for queue in namespace["Queues"]} == set(Queue)


@pytest.mark.parametrize("queue", Queue)
async def test_what_is_published_is_read_as_it_was(
    queue: Queue, publisher: ServiceBusPublisher, broker: Broker
) -> None:
    published = a_message(queue, attempt=3)

    await publisher.publish([published])

    [received] = await broker.receive(queue, [published])
    assert read_message(queue, body_of(received), due_at=DUE) == published
    assert (received.message_id, received.content_type) == (published.id, "application/json")
    assert received.application_properties is None
    assert received.scheduled_enqueue_time_utc is None


@pytest.mark.parametrize("queue", Queue)
async def test_the_same_message_again_is_dropped_by_the_broker_and_the_next_attempt_is_not(
    queue: Queue, publisher: ServiceBusPublisher, broker: Broker
) -> None:
    message = a_message(queue)
    again = type(message)(queue, message.ids, DUE, attempt=2)

    for published in (message, message, again):
        await publisher.publish([published])

    received = await broker.receive(queue, [message, again])
    assert [each.message_id for each in received] == [message.id, again.id]


@pytest.mark.parametrize("queue", Queue)
async def test_a_message_that_nobody_takes_becomes_a_dead_letter_after_ten_deliveries(
    queue: Queue, publisher: ServiceBusPublisher, broker: Broker
) -> None:
    poison = a_message(queue)
    await publisher.publish([poison])

    counts = []
    async with broker.client.get_queue_receiver(queue.value) as receiver:
        while len(counts) < 10:
            for message in await receiver.receive_messages(max_wait_time=PATIENT_S):
                counts += [message.delivery_count] if message.message_id == poison.id else []
                await receiver.abandon_message(message)

    assert counts == list(range(10))
    assert (await broker.dead_letter(queue, poison.id)).dead_letter_reason == "MaxDeliveryCountExceeded"
