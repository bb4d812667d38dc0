"""A real broker on the laptop: what is in its queues reaches the functions, again if need be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest

from local.broker import Broker as LaptopBroker
from local.registered import BusFunction, registered
from shared.messaging.login import Login
from shared.messaging.publisher import ServiceBusPublisher
from shared.payments.messages import Message, Queue, read_message
from shared.payments.secret import Secret
from tests.broker import DUE, PATIENT_S, Broker, a_message

FromQueue = Callable[[Callable[[Any], Awaitable[Any]]], list[BusFunction]]


@pytest.fixture
async def publisher(broker: Broker) -> AsyncIterator[ServiceBusPublisher]:
    publisher = ServiceBusPublisher(broker.login, timeout_s=PATIENT_S, properties=lambda: {"correlationId": "corr-1"})
    yield publisher
    await publisher.close()


@asynccontextmanager
async def feeding(functions: Any, login: Login, *, max_concurrent_calls: int = 16) -> AsyncIterator[None]:
    laptop = LaptopBroker(functions, login, max_concurrent_calls=max_concurrent_calls)
    await laptop.start()
    try:
        yield
    finally:
        await laptop.stop()


def of_queue(functions: list[BusFunction], queue: Queue) -> list[BusFunction]:
    return [replace(function, queue=queue.value) for function in functions]


async def test_a_message_reaches_the_function_as_the_platform_would_hand_it(
    app: func.FunctionApp, seen: Any, publisher: ServiceBusPublisher, broker: Broker
) -> None:
    message = a_message()
    await publisher.publish([message])

    async with feeding(registered(app, {"RETRY_QUEUE": "chase-retry"}).bus, broker.login):
        async with asyncio.timeout(PATIENT_S):
            while message.id not in [call.message_id for call in seen.calls]:
                await asyncio.sleep(0.01)

    received = next(call for call in seen.calls if call.message_id == message.id)
    assert read_message(Queue.CHASE_RETRY, received.get_body(), due_at=DUE) == message
    assert received.delivery_count == 1
    assert received.application_properties == {"correlationId": "corr-1"}
    assert received.enqueued_time_utc is not None


async def test_what_fails_comes_again_and_what_is_taken_does_not(
    from_queue: FromQueue, publisher: ServiceBusPublisher, broker: Broker
) -> None:
    message, last = a_message(Queue.LEDGER_POSTING), a_message(Queue.LEDGER_POSTING)
    counts: dict[str, list[int]] = {message.id: [], last.id: []}
    done = asyncio.Event()

    async def succeeds_the_third_time(received: func.ServiceBusMessage) -> None:
        counts.setdefault(received.message_id, []).append(received.delivery_count)
        if received.message_id == message.id and received.delivery_count < 3:
            raise RuntimeError
        if len(counts[message.id]) == 3 and counts[last.id]:
            done.set()

    functions = of_queue(from_queue(succeeds_the_third_time), Queue.LEDGER_POSTING)
    async with feeding(functions, broker.login, max_concurrent_calls=1):
        await publisher.publish([message, last])
        async with asyncio.timeout(PATIENT_S):
            await done.wait()

    marker = a_message(Queue.LEDGER_POSTING)
    await publisher.publish([marker])
    left = await broker.receive(Queue.LEDGER_POSTING, [marker])
    assert (counts[message.id], counts[last.id]) == ([1, 2, 3], [1])
    assert [each.message_id for each in left] == [marker.id]


async def test_as_many_at_once_as_host_json_allows_and_no_more(
    from_queue: FromQueue, publisher: ServiceBusPublisher, broker: Broker
) -> None:
    messages = [a_message(Queue.SHADOW_MIRROR) for _ in range(9)]
    at_work, most, done = 0, 0, set[str]()
    all_done = asyncio.Event()

    async def counted(received: func.ServiceBusMessage) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.01)
        at_work -= 1
        done.add(received.message_id)
        if done >= ids_of(messages):
            all_done.set()

    await publisher.publish(messages)
    functions = of_queue(from_queue(counted), Queue.SHADOW_MIRROR)
    async with feeding(functions, broker.login, max_concurrent_calls=3):
        async with asyncio.timeout(PATIENT_S):
            await all_done.wait()

    assert most == 3


async def test_a_stop_lets_a_function_at_work_end_and_settles_it(
    from_queue: FromQueue, publisher: ServiceBusPublisher, broker: Broker
) -> None:
    message, marker = a_message(Queue.SHADOW_MIRROR), a_message(Queue.SHADOW_MIRROR)
    begun, taken = asyncio.Event(), []

    async def slow(received: func.ServiceBusMessage) -> None:
        if received.message_id == message.id:
            begun.set()
            await asyncio.sleep(0.1)
            taken.append(received.message_id)

    await publisher.publish([message])
    async with feeding(of_queue(from_queue(slow), Queue.SHADOW_MIRROR), broker.login):
        async with asyncio.timeout(PATIENT_S):
            await begun.wait()

    await publisher.publish([marker])
    left = await broker.receive(Queue.SHADOW_MIRROR, [marker])
    assert taken == [message.id]
    assert [each.message_id for each in left] == [marker.id]


async def test_a_broker_that_is_away_is_said_and_stops_nothing(
    from_queue: FromQueue, caplog: pytest.LogCaptureFixture
) -> None:
    async def never(received: func.ServiceBusMessage) -> None:
        raise AssertionError

    nowhere = "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=a-key;UseDevelopmentEmulator=true;"
    async with feeding(from_queue(never), Login(connection_string=Secret(nowhere))):
        async with asyncio.timeout(PATIENT_S):
            while not caplog.messages:
                await asyncio.sleep(0.01)

    assert "work: no messages from the broker: ServiceBusConnectionError" in caplog.messages
    assert "a-key" not in caplog.text


def ids_of(messages: list[Message]) -> set[str]:
    return {message.id for message in messages}
