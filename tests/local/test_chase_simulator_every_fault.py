"""Every fault, met by every write: what the merchant hears, and what Chase did."""

import json

import aiohttp
import pytest

from tests.local.chase_calls import Answered, Merchant
from tests.local.chase_writes import WRITES, AWrite
from tests.local.conftest import Running

REFUSALS = {"http_500": 500, "http_503": 503, "http_504": 504, "http_409": 409}


async def sent_into(fault: str, write: AWrite, merchant: Merchant, payment_id: str) -> Answered | None:
    """What the merchant hears; None if the connection breaks or the answer cannot be read."""
    merchant.simulator.fault(write.operation, fault)
    try:
        return await write.send(merchant, payment_id, "request-1")
    except (aiohttp.ServerDisconnectedError, json.JSONDecodeError):
        return None


@pytest.mark.parametrize("name", WRITES)
async def test_an_http_fault_answers_in_chases_shape_and_processes_nothing(merchant, name) -> None:
    write = WRITES[name]
    payment_id = await write.begin(merchant)
    books = merchant.simulator.books()

    for fault, status in REFUSALS.items():
        met = await sent_into(fault, write, merchant, payment_id)

        assert met is not None
        assert (met.status, met.body["responseStatus"]) == (status, "ERROR")
        assert merchant.simulator.books() == books
    assert (await write.send(merchant, payment_id, "request-1")).status == 200


@pytest.mark.parametrize("name", WRITES)
async def test_dropped_before_processing_nothing_happened(merchant, name) -> None:
    write = WRITES[name]
    payment_id = await write.begin(merchant)
    books = merchant.simulator.books()

    met = await sent_into("drop_before_processing", write, merchant, payment_id)

    assert met is None
    assert merchant.simulator.books() == books
    assert (await write.send(merchant, payment_id, "request-1")).status == 200


@pytest.mark.parametrize("fault", ["drop_after_processing", "malformed_json"])
@pytest.mark.parametrize("name", WRITES)
async def test_dropped_after_processing_or_garbled_it_is_done_and_can_be_found(merchant, name, fault) -> None:
    write = WRITES[name]
    payment_id = await write.begin(merchant)
    books = merchant.simulator.books()

    met = await sent_into(fault, write, merchant, payment_id)
    found = await merchant.find(write.found_as, kind=write.kind)

    assert met is None
    assert (merchant.simulator.books() != books) == (name != "verification")
    assert found.status == 200
    assert (await write.send(merchant, payment_id, "request-1")).status == 409


@pytest.mark.parametrize("name", WRITES)
async def test_what_takes_chases_limit_is_ended_and_leaves_no_record(running: Running, session, name) -> None:
    write = WRITES[name]
    async with running(ends_after_s=0.02) as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        payment_id = await write.begin(merchant)
        books = simulator.books()
        simulator.fault(write.operation, "delay", delay_ms=20)
        ended = await write.send(merchant, payment_id, "request-1")
        unchanged = simulator.books() == books

    assert (ended.status, ended.body["responseCode"]) == (504, "TIMEOUT")
    assert unchanged


@pytest.mark.parametrize("name", WRITES)
async def test_a_short_delay_only_delays(merchant, name) -> None:
    write = WRITES[name]
    payment_id = await write.begin(merchant)
    merchant.simulator.fault(write.operation, "delay", delay_ms=2)

    assert (await write.send(merchant, payment_id, "request-1")).status == 200


async def test_a_refused_connection_is_refused_to_all_of_them(merchant, session) -> None:
    refusal = {"fault": "refuse_connection", "delayMs": 60_000}

    async with session.post(f"{merchant.simulator.control_url}/simulator/faults", json=refusal) as response:
        assert response.status == 200

    for write in WRITES.values():
        with pytest.raises(aiohttp.ClientConnectorError):
            await write.send(merchant, "a-payment", "request-1")


@pytest.mark.parametrize("kind", ["payments", "captures", "refunds", "verifications"])
async def test_every_look_up_meets_the_faults_of_inquiries(merchant, kind) -> None:
    merchant.simulator.fault("inquiry", "http_503", times=2)

    by_request, by_id = await merchant.find("request-1", kind=kind), await merchant.get("nothing", kind=kind)

    assert (by_request.status, by_id.status) == (503, 503)


async def test_calls_are_counted_by_the_operation_whose_faults_they_meet(merchant) -> None:
    for number, write in enumerate(WRITES.values()):
        await write.send(merchant, "nothing", f"request-{number}")

    assert merchant.simulator.calls == {"token": 1, "payment": 2, "void": 2, "refund": 1}
