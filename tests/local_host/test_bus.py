"""The bus in process: what is sent arrives, again if need be, and in the end is set aside."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from local.bus import DUPLICATES_KNOWN_FOR, Bus, Depth
from local.clock import ManualClock
from local.delivery import MAX_DELIVERY_COUNT
from local.registered import BusFunction, registered

FromQueue = Callable[[Callable[[Any], Awaitable[Any]]], list[BusFunction]]


@asynccontextmanager
async def delivering(functions: Any, clock: ManualClock, *, max_concurrent_calls: int = 16) -> AsyncIterator[Bus]:
    bus = Bus(functions, clock=clock, max_concurrent_calls=max_concurrent_calls)
    clock.on_advance(bus.deliver_due)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


async def test_a_message_reaches_the_function_of_its_queue(
    app: func.FunctionApp, seen: Any, clock: ManualClock
) -> None:
    functions = registered(app, {"RETRY_QUEUE": "chase-retry"}).bus

    async with delivering(functions, clock) as bus:
        await bus.send("chase-retry", "ä", message_id="m-1", application_properties={"kind": "void"})
        await bus.idle()

    (message,) = seen.calls
    assert message.get_body() == "ä".encode()
    assert (message.message_id, message.delivery_count, message.sequence_number) == ("m-1", 1, 1)
    assert message.application_properties == {"kind": "void"}
    assert message.enqueued_time_utc == clock.now()


async def test_a_failed_delivery_comes_again_with_a_higher_count(from_queue: FromQueue, clock: ManualClock) -> None:
    counts = []

    async def succeeds_the_third_time(message: func.ServiceBusMessage) -> None:
        counts.append(message.delivery_count)
        if message.delivery_count < 3:
            raise RuntimeError

    async with delivering(from_queue(succeeds_the_third_time), clock) as bus:
        await bus.send("work", b"", message_id="m-1")
        await bus.idle()

        assert counts == [1, 2, 3]
        assert bus.depths() == {"work": Depth(active=0, scheduled=0, dead_lettered=0)}


async def test_a_poison_message_is_set_aside_and_holds_nobody_up(
    from_queue: FromQueue, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    done = []

    async def chokes_on_poison(message: func.ServiceBusMessage) -> None:
        if message.get_body() == b"poison":
            raise LookupError("with a secret in its text")
        done.append(message.message_id)

    async with delivering(from_queue(chokes_on_poison), clock, max_concurrent_calls=1) as bus:
        await bus.send("work", b"poison", message_id="m-1")
        await bus.send("work", b"food", message_id="m-2")
        await bus.idle()

        (dead_letter,) = bus.dead_letters("work")
    assert done == ["m-2"]
    assert (dead_letter.message_id, dead_letter.delivery_count) == ("m-1", MAX_DELIVERY_COUNT)
    assert (dead_letter.reason, dead_letter.description) == ("MaxDeliveryCountExceeded", "LookupError")
    assert "Work: message m-1 is a dead letter now" in caplog.messages


async def test_a_function_that_returns_a_value_has_failed(
    from_queue: FromQueue, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def returns(message: func.ServiceBusMessage) -> str:
        return "done"

    with caplog.at_level(logging.CRITICAL):
        async with delivering(from_queue(returns), clock) as bus:
            await bus.send("work", b"", message_id="m-1")
            await bus.idle()

            assert [letter.description for letter in bus.dead_letters("work")] == ["ReturnedAValue"]


async def test_the_same_message_id_is_taken_once(app: func.FunctionApp, seen: Any, clock: ManualClock) -> None:
    functions = registered(app, {"RETRY_QUEUE": "chase-retry"}).bus

    async with delivering(functions, clock) as bus:
        await bus.send("chase-retry", "first", message_id="m-1")
        await bus.send("chase-retry", "again", message_id="m-1")
        await clock.advance(DUPLICATES_KNOWN_FOR.total_seconds() + 1)
        await bus.send("chase-retry", "much later", message_id="m-1")
        await bus.idle()

    assert [message.get_body() for message in seen.calls] == [b"first", b"much later"]


async def test_a_scheduled_message_waits_for_the_clock_and_no_longer(
    app: func.FunctionApp, seen: Any, clock: ManualClock
) -> None:
    functions = registered(app, {"RETRY_QUEUE": "chase-retry"}).bus

    async with delivering(functions, clock) as bus:
        for message_id, wait_s in (("late", 60), ("early", 30)):
            await bus.send("chase-retry", "", message_id=message_id, due_at=clock.now() + timedelta(seconds=wait_s))
        await clock.advance(29)
        before = [message.message_id for message in seen.calls]
        await clock.advance(1)
        at_30_s = [message.message_id for message in seen.calls]
        await clock.advance(3600)

    assert before == []
    assert at_30_s == ["early"]
    assert [message.message_id for message in seen.calls] == ["early", "late"]


async def test_a_message_becomes_due_by_waiting_too(app: func.FunctionApp, seen: Any, clock: ManualClock) -> None:
    bus = Bus(registered(app, {"RETRY_QUEUE": "chase-retry"}).bus, clock=clock)
    await bus.start()

    await bus.send("chase-retry", "", message_id="m-1", due_at=clock.now() + timedelta(seconds=30))
    await clock.advance(30)
    await bus.idle()
    await bus.stop()

    assert len(seen.calls) == 1


async def test_moving_the_clock_returns_when_what_fell_due_is_done(from_queue: FromQueue, clock: ManualClock) -> None:
    done = []

    async def slow(message: func.ServiceBusMessage) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        done.append(message.message_id)

    async with delivering(from_queue(slow), clock, max_concurrent_calls=1) as bus:
        for message_id in ("m-1", "m-2"):
            await bus.send("work", b"", message_id=message_id, due_at=clock.now() + timedelta(seconds=1))
        await clock.advance(1)

        assert done == ["m-1", "m-2"]


async def test_no_more_messages_at_once_than_host_json_allows(from_queue: FromQueue, clock: ManualClock) -> None:
    at_work = most = 0

    async def counted(message: func.ServiceBusMessage) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1

    async with delivering(from_queue(counted), clock, max_concurrent_calls=3) as bus:
        for number in range(10):
            await bus.send("work", b"", message_id=f"m-{number}")
        await bus.idle()

    assert most == 3


async def test_a_message_for_a_queue_without_a_function_waits(clock: ManualClock) -> None:
    async with delivering((), clock) as bus:
        await bus.send("nobody", b"", message_id="m-1")
        await bus.send("nobody", b"", message_id="m-2", due_at=clock.now() + timedelta(seconds=1))
        before = bus.depths()["nobody"]
        await clock.advance(1)

        assert before == Depth(active=1, scheduled=1, dead_lettered=0)
        assert bus.depths()["nobody"] == Depth(active=2, scheduled=0, dead_lettered=0)


async def test_what_is_sent_before_the_start_is_delivered_at_the_start(
    app: func.FunctionApp, seen: Any, clock: ManualClock
) -> None:
    bus = Bus(registered(app, {"RETRY_QUEUE": "chase-retry"}).bus, clock=clock)

    await bus.send("chase-retry", "", message_id="m-1")
    before = list(seen.calls)
    await bus.start()
    await bus.idle()
    await bus.stop()

    assert before == []
    assert len(seen.calls) == 1


async def test_a_stop_lets_a_function_at_work_end(from_queue: FromQueue, clock: ManualClock) -> None:
    begun, done = asyncio.Event(), []

    async def slow(message: func.ServiceBusMessage) -> None:
        begun.set()
        for _ in range(20):
            await asyncio.sleep(0)
        done.append(message.message_id)

    async with delivering(from_queue(slow), clock) as bus:
        await bus.send("work", b"", message_id="m-1")
        await begun.wait()

    assert done == ["m-1"]
