"""The developer's side: where Chase is, the books, the clock; and what outlives the process."""

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.chase_simulator import ChaseSimulator
from local.clock import LocalClock
from tests.local.chase_calls import TEST, Merchant, a_payment
from tests.local.conftest import Running

A_SIMULATOR_OF_ITS_OWN = """
import asyncio, sys
from local.chase_simulator import ChaseSimulator
from local.clock import LocalClock
from tests.local.chase_calls import TEST

async def main():
    simulator = ChaseSimulator(books=sys.argv[1], clock=LocalClock(), ends_after_s=70, credentials=[TEST])
    await simulator.start()
    print(simulator.control_url, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_the_control_port_says_where_chase_is(simulator, session) -> None:
    async with session.get(f"{simulator.control_url}/simulator") as response:
        body = await response.json()

    assert body == {
        "chaseBaseUrl": simulator.base_url,
        "chaseTokenUrl": simulator.token_url,
        "chaseAssertionTokenUrl": simulator.assertion_token_url,
    }
    assert simulator.base_url.endswith("/api/v2")
    assert simulator.token_url.endswith("/am/oauth2/alpha/access_token")
    assert simulator.assertion_token_url.endswith("/adfs/oauth2/token")
    assert simulator.control_url.rpartition(":")[2] not in simulator.base_url


async def test_chases_routes_stand_one_port_above_a_fixed_control_port(books, clock) -> None:
    simulator = ChaseSimulator(books=":memory:", clock=clock, ends_after_s=70, credentials=[TEST])
    free_pair = await two_free_ports()

    await simulator.start(control_port=free_pair)
    urls = simulator.control_url, simulator.base_url
    await simulator.stop()

    assert urls == (f"http://127.0.0.1:{free_pair}", f"http://127.0.0.1:{free_pair + 1}/api/v2")


async def two_free_ports() -> int:
    """The first of two neighbouring ports that are free just now."""
    for port in range(20_000, 30_000, 2):
        try:
            for neighbour in (port, port + 1):
                server = await asyncio.start_server(lambda *_: None, "127.0.0.1", neighbour)
                server.close()
        except OSError:
            continue
        return port
    raise AssertionError("no two free ports")


async def test_the_books_are_read_over_the_control_port(merchant, session) -> None:
    await merchant.pay("request-1")

    async with session.get(f"{merchant.simulator.control_url}/simulator/books") as response:
        body = await response.json()

    assert body == {"payments": merchant.simulator.books()}
    assert {"transactionId", "requestId", "environment", "amount", "state", "voided", "captured", "refunded"} <= set(
        body["payments"][0]
    )


async def test_empty_books_are_an_empty_list(simulator, session) -> None:
    async with session.get(f"{simulator.control_url}/simulator/books") as response:
        assert await response.json() == {"payments": []}


@pytest.mark.parametrize("seconds", [7200, 7200.5])
async def test_moving_the_clock_captures_what_falls_due(merchant, session, seconds) -> None:
    await merchant.pay("request-1")

    async with session.post(
        f"{merchant.simulator.control_url}/simulator/clock", json={"advanceSeconds": seconds}
    ) as response:
        body = await response.json()

    assert response.status == 200
    assert body["now"].startswith("2026-11-23T14:00:00.")
    assert merchant.simulator.books()[0]["captured"] == 12599


async def test_what_falls_due_runs_before_the_clock_answers(simulator, session, clock) -> None:
    ran: list[str] = []

    async def inquiry_in_ninety_seconds() -> None:
        await clock.sleep_until(clock.after(90))
        await asyncio.sleep(0.002)
        ran.append("inquiry")

    async def due_timers() -> None:
        ran.append("timers")

    clock.on_advance(due_timers)
    task = asyncio.create_task(inquiry_in_ninety_seconds())
    await asyncio.sleep(0)
    async with session.post(f"{simulator.control_url}/simulator/clock", json={"advanceSeconds": 90}):
        had_run = list(ran)
    await task

    assert sorted(had_run) == ["inquiry", "timers"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advanceSeconds": -1},
        {"advanceSeconds": "60"},
        {"advanceSeconds": True},
        {"advanceSeconds": None},
        {"advanceSeconds": float("nan")},
        {"advanceSeconds": float("inf")},
        {"advanceSeconds": 10**12},
        {"advanceSeconds": 1, "seconds": 2},
    ],
)
async def test_a_wrong_move_of_the_clock_is_refused(simulator, session, clock, body) -> None:
    before = clock.now()

    async with session.post(f"{simulator.control_url}/simulator/clock", data=json.dumps(body)) as response:
        answered = json.loads(await response.text())

    assert (response.status, answered["code"]) == (400, "invalid-request")
    assert answered["errors"][0]["field"]
    assert clock.now() == before


async def test_the_clock_stops_before_the_calendar_ends(running: Running, session, clock) -> None:
    async with running() as simulator:
        ten_years = {"advanceSeconds": 315_360_000}
        statuses = []
        for _ in range(800):
            async with session.post(f"{simulator.control_url}/simulator/clock", json=ten_years) as response:
                statuses.append(response.status)
        now = clock.now()

    assert statuses[-1] == 400
    assert now.year > 9000


@pytest.mark.parametrize("route", ["faults", "clock"])
@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused(simulator, session, route, raw) -> None:
    async with session.post(f"{simulator.control_url}/simulator/{route}", data=raw) as response:
        answered = json.loads(await response.text())

    assert (response.status, answered["errors"][0]["field"]) == (400, "body")


async def test_books_and_clock_outlive_a_restart(running: Running, session, clock) -> None:
    async with running() as before:
        merchant = Merchant(before, session)
        await merchant.sign_in()
        await merchant.pay("request-1")
        await merchant.pay("request-2", a_payment(amount=52100))
        await clock.advance(3600)
        books = before.books()

    async with running(clock=(later := type(clock)(clock.real_now()))) as after:
        merchant.simulator = after
        declined, again = await merchant.find("request-2"), await merchant.pay("request-1")
        restored = after.books()

    assert restored == books
    assert later.now() == clock.now()
    assert declined.body["responseStatus"] == "DENIED"
    assert again.status == 409


async def test_books_and_clock_survive_kill_9(books: Path, running: Running, session) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", A_SIMULATOR_OF_ITS_OWN, str(books)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    control_url = (await process.stdout.readline()).decode().strip()
    async with session.get(f"{control_url}/simulator") as response:
        where = await response.json()
    form = {
        "grant_type": "client_credentials",
        "client_id": TEST.client_id,
        "client_secret": TEST.client_secret.reveal(),
    }
    async with session.post(where["chaseTokenUrl"], data=form) as response:
        token = (await response.json())["access_token"]
    headers = {"Authorization": f"Bearer {token}", "merchant-id": "998482157630", "request-id": "request-1"}
    async with session.post(f"{where['chaseBaseUrl']}/payments", json=a_payment(), headers=headers) as response:
        assert response.status == 200
    async with session.post(f"{control_url}/simulator/clock", json={"advanceSeconds": 7200}) as response:
        assert response.status == 200

    process.send_signal(signal.SIGKILL)
    await process.communicate()

    clock = LocalClock()
    async with running(clock=clock) as after:
        entries = after.books()
    assert [(entry["requestId"], entry["state"], entry["captured"]) for entry in entries] == [
        ("request-1", "CLOSED", 12599)
    ]
    assert (clock.now() - datetime.now(UTC)).total_seconds() > 7000


async def test_a_taken_port_stops_the_start_and_leaves_nothing_open(simulator, clock) -> None:
    taken = int(simulator.control_url.rpartition(":")[2])
    second = ChaseSimulator(books=":memory:", clock=clock, ends_after_s=70, credentials=[TEST])

    with pytest.raises(OSError, match="in use"):
        await second.start(control_port=taken)

    await second.stop()
