"""Faults on order, each over a real socket: what the client sees, and what Chase did."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from local.chase_simulator import ChaseSimulator
from tests.local.chase_calls import Merchant, a_payment
from tests.local.conftest import Running


async def order(simulator: ChaseSimulator, session: aiohttp.ClientSession, **body: Any) -> tuple[int, Any]:
    """Order a fault as a developer would."""
    async with session.post(f"{simulator.control_url}/simulator/faults", json=body) as response:
        return response.status, json.loads(await response.text())


async def signed_in(simulator: ChaseSimulator, session: aiohttp.ClientSession) -> Merchant:
    merchant = Merchant(simulator, session)
    await merchant.sign_in()
    return merchant


async def has_arrived(simulator: ChaseSimulator, operation: str) -> None:
    """Returns as soon as a call of that operation is there."""
    for _ in range(100_000):
        if simulator.calls[operation]:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"no {operation} arrived")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("http_500", 500, "SERVER_ERROR"),
        ("http_503", 503, "SERVICE_UNAVAILABLE"),
        ("http_504", 504, "TIMEOUT"),
        ("http_409", 409, "DUPLICATE"),
    ],
)
async def test_an_http_fault_answers_and_processes_nothing(merchant, session, fault, status, code) -> None:
    await order(merchant.simulator, session, operation="payment", fault=fault)

    met, after = await merchant.pay("request-1"), await merchant.find("request-1")

    assert (met.status, met.body["responseStatus"], met.body["responseCode"]) == (status, "ERROR", code)
    assert after.status == 404


async def test_the_next_calls_of_that_operation_meet_it_and_no_others(merchant, session) -> None:
    await order(merchant.simulator, session, operation="payment", fault="http_503", times=2)
    await order(merchant.simulator, session, operation="payment", fault="http_500")

    inquiry = await merchant.find("request-1")
    statuses = [(await merchant.pay(f"request-{number}")).status for number in range(4)]

    assert inquiry.status == 404
    assert statuses == [503, 503, 500, 200]


async def test_dropped_before_processing_the_client_hears_nothing_and_nothing_happened(merchant, session) -> None:
    await order(merchant.simulator, session, operation="payment", fault="drop_before_processing")

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await merchant.pay("request-1")

    assert merchant.simulator.books() == []
    assert (await merchant.pay("request-1")).status == 200


async def test_dropped_after_processing_the_client_hears_nothing_and_the_payment_stands(merchant, session) -> None:
    await order(merchant.simulator, session, operation="payment", fault="drop_after_processing")

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await merchant.pay("request-1")

    found = await merchant.find("request-1")
    assert (found.status, found.body["responseStatus"]) == (200, "SUCCESS")
    assert len(merchant.simulator.books()) == 1


async def test_malformed_json_comes_after_the_payment_was_made(merchant, session) -> None:
    await order(merchant.simulator, session, operation="payment", fault="malformed_json")

    with pytest.raises(json.JSONDecodeError):
        await merchant.pay("request-1")

    assert (await merchant.find("request-1")).status == 200


async def test_a_delay_within_chases_limit_only_delays(merchant, session) -> None:
    await order(merchant.simulator, session, operation="payment", fault="delay", delayMs=10)
    begun_s = time.monotonic()

    answered = await merchant.pay("request-1")

    assert time.monotonic() - begun_s > 0.008
    assert answered.status == 200
    assert len(merchant.simulator.books()) == 1


async def test_a_payment_that_takes_chases_limit_is_ended_and_leaves_no_record(running: Running, session) -> None:
    async with running(ends_after_s=0.01) as simulator:
        merchant = await signed_in(simulator, session)
        simulator.fault("payment", "delay", delay_ms=10)
        answered, found = await merchant.pay("request-1"), await merchant.find("request-1")
        again = await merchant.pay("request-1")

    assert (answered.status, answered.body["responseStatus"]) == (504, "ERROR")
    assert found.status == 404
    assert again.status == 200


async def test_a_payment_that_chases_process_slept_through_is_ended_too(merchant, clock) -> None:
    merchant.simulator.fault("payment", "delay", delay_ms=15)
    call = asyncio.create_task(merchant.pay("request-1"))
    await has_arrived(merchant.simulator, "payment")

    await clock.advance(70)

    assert (await call).status == 504
    assert merchant.simulator.books() == []


async def test_look_ups_and_tokens_know_no_limit(running: Running, session) -> None:
    async with running(ends_after_s=0.005) as simulator:
        merchant = await signed_in(simulator, session)
        simulator.fault("inquiry", "delay", delay_ms=10)
        simulator.fault("token", "delay", delay_ms=10)
        found, token = await merchant.find("request-1"), await merchant.ask_token()

    assert (found.status, token.status) == (404, 200)


async def test_the_work_goes_on_when_the_client_hangs_up(merchant) -> None:
    merchant.simulator.fault("payment", "delay", delay_ms=15)
    call = asyncio.create_task(merchant.pay("request-1"))
    await has_arrived(merchant.simulator, "payment")
    await asyncio.sleep(0.005)

    call.cancel()
    await asyncio.wait([call])
    hung_up_with = merchant.simulator.books()
    await asyncio.sleep(0.03)

    assert hung_up_with == []
    assert len(merchant.simulator.books()) == 1


async def test_stopping_ends_what_still_waits(running: Running, session) -> None:
    async with running() as simulator:
        merchant = await signed_in(simulator, session)
        simulator.fault("payment", "delay", delay_ms=60_000)
        call = asyncio.create_task(merchant.pay("request-1"))
        await has_arrived(simulator, "payment")

    with pytest.raises(aiohttp.ClientError):
        await call


@pytest.mark.parametrize("fault", ["drop_before_processing", "drop_after_processing"])
@pytest.mark.parametrize("operation", ["inquiry", "token"])
async def test_look_ups_and_tokens_are_dropped_too(merchant, fault, operation) -> None:
    # Twice: aiohttp's client repeats a GET by itself, once, when a connection that it used before is dropped.
    merchant.simulator.fault(operation, fault, times=2)

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await (merchant.find("request-1") if operation == "inquiry" else merchant.ask_token())


async def test_cleared_faults_are_met_by_nobody(merchant) -> None:
    merchant.simulator.fault("payment", "http_500", times=5)

    merchant.simulator.clear_faults()

    assert (await merchant.pay("request-1")).status == 200


async def test_refused_connections_are_refused_from_before_the_order_is_answered(merchant, session) -> None:
    await merchant.pay("request-1")
    address = merchant.simulator.base_url

    status, _ = await order(merchant.simulator, session, operation="token", fault="refuse_connection", delayMs=20)
    with pytest.raises(aiohttp.ClientConnectorError):
        await merchant.pay("request-2")
    await merchant.simulator.until_listening()
    answered = await merchant.pay("request-2")

    assert status == 200
    assert merchant.simulator.base_url == address
    assert answered.status == 200


async def test_refusing_connections_closes_the_open_ones_and_their_work_goes_on(merchant) -> None:
    merchant.simulator.fault("payment", "delay", delay_ms=10)
    call = asyncio.create_task(merchant.pay("request-1"))
    await has_arrived(merchant.simulator, "payment")

    await merchant.simulator.refuse_connections(delay_ms=5)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await call
    await merchant.simulator.until_listening()
    await asyncio.sleep(0.02)

    assert len(merchant.simulator.books()) == 1


async def test_an_idle_connection_is_closed_too(merchant) -> None:
    opened = merchant.simulator.connections_opened

    await merchant.simulator.refuse_connections(delay_ms=1)
    await merchant.simulator.until_listening()
    await merchant.pay("request-1")

    assert opened == 1
    assert merchant.simulator.connections_opened == 2


async def test_a_second_refusal_goes_on_from_where_it_was_ordered(merchant) -> None:
    await merchant.simulator.refuse_connections(delay_ms=60_000)

    await merchant.simulator.refuse_connections(delay_ms=1)
    await merchant.simulator.until_listening()

    assert (await merchant.pay("request-1")).status == 200


async def test_it_can_be_stopped_while_it_refuses(running: Running, session) -> None:
    async with running() as simulator:
        await simulator.refuse_connections(delay_ms=60_000)

        with pytest.raises(aiohttp.ClientConnectorError):
            await Merchant(simulator, session).ask_token()


async def test_the_control_port_goes_on_while_chase_refuses(merchant, session) -> None:
    await merchant.simulator.refuse_connections(delay_ms=1)

    async with session.get(f"{merchant.simulator.control_url}/simulator/books") as response:
        assert response.status == 200
    await merchant.simulator.until_listening()


async def test_refuse_connection_ignores_operation_and_times(merchant, session) -> None:
    body = {"operation": "anything", "times": "many", "fault": "refuse_connection", "delayMs": 1}

    status, _ = await order(merchant.simulator, session, **body)
    await merchant.simulator.until_listening()

    assert status == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"operation": "sale"}, "operation"),
        ({"operation": "health"}, "operation"),
        ({"operation": None}, "operation"),
        ({"fault": "http_418"}, "fault"),
        ({"fault": ["delay"]}, "fault"),
        ({"times": 0}, "times"),
        ({"times": 1.5}, "times"),
        ({"times": True}, "times"),
        ({"delayMs": -1}, "delayMs"),
        ({"delayMs": "5"}, "delayMs"),
        ({"delay": 5}, "delay"),
    ],
)
async def test_a_wrong_order_is_refused_and_names_the_field(merchant, session, wrong, field) -> None:
    status, body = await order(merchant.simulator, session, **{"operation": "payment", "fault": "http_500", **wrong})

    assert status == 400
    assert [error["field"] for error in body["errors"]] == [field]
    assert (await merchant.pay("request-1")).status == 200


@pytest.mark.parametrize("missing", ["operation", "fault"])
async def test_an_order_needs_operation_and_fault(simulator, session, missing) -> None:
    body = {"operation": "payment", "fault": "http_500"}
    del body[missing]

    status, answered = await order(simulator, session, **body)

    assert (status, answered["errors"][0]["field"]) == (400, missing)


@pytest.mark.parametrize(("operation", "fault"), [("payment", "refuse_connection"), ("sale", "delay"), ("void", "x")])
async def test_a_test_cannot_order_what_there_is_not(simulator, operation, fault) -> None:
    with pytest.raises(ValueError, match=r"fault|Fault"):
        simulator.fault(operation, fault)


async def test_calls_are_counted_by_operation_as_they_arrive(merchant) -> None:
    merchant.simulator.fault("payment", "drop_before_processing")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await merchant.pay("request-1")
    await merchant.pay("request-1", a_payment(amount=-1))
    await merchant.find("request-1")

    assert merchant.simulator.calls == {"token": 1, "payment": 2, "inquiry": 1}
