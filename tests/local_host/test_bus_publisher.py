"""What the service publishes on a laptop reaches its own functions."""

from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from local.bus import Bus
from local.bus_publisher import BusPublisher
from local.clock import ManualClock
from local.registered import registered
from shared.payments.messages import Message, NotPublished, Queue, read_message


@pytest.fixture
def message(clock: ManualClock) -> Message:
    return Message(Queue.CHASE_RETRY, {"paymentId": "pay_1", "operationId": "op_1"}, clock.now() - timedelta(hours=1))


async def test_a_message_reaches_its_function_once_and_is_read_as_it_was(
    app: func.FunctionApp, seen: Any, clock: ManualClock, message: Message
) -> None:
    publisher = BusPublisher()
    bus = Bus(registered(app, {"RETRY_QUEUE": "chase-retry"}).bus, clock=clock)
    publisher.attach(bus)
    await bus.start()

    await publisher.publish([message, message])
    await bus.idle()
    await bus.stop()

    (received,) = seen.calls
    assert received.message_id == message.id
    assert read_message(Queue.CHASE_RETRY, received.get_body(), due_at=message.due_at) == message


async def test_before_there_is_a_bus_nothing_is_taken(message: Message) -> None:
    with pytest.raises(NotPublished):
        await BusPublisher().publish([message])
