"""No card number, CVV, token or key stands in clear in anything that we say or keep: sales, and Chase's faults."""

import asyncio
import json
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from local.keys import local_keys
from local.laptop import running
from local.token import claims_of, parsed, signed_token
from shared.telemetry import RecordedTelemetry
from tests.builders import VISA, a_sale_body
from tests.house import Answer
from tests.journeys.sinks import Listening, Sinks
from tests.journeys.watch import CARDS, Watch, Watching, a_card, a_hunt

FAULTS = (
    "drop_before_processing",
    "drop_after_processing",
    "delay",
    "http_500",
    "http_503",
    "http_504",
    "http_409",
    "malformed_json",
)


class TestAfter:
    async def test_sales_of_every_brand_that_go_well_or_are_declined(self, watching: Watching) -> None:
        async with watching() as watch:
            for brand, number in CARDS.items():
                sold = await watch.sale(f"of-{brand}", number=number, reference=brand)
                await watch.sale(f"of-{brand}", number=number, reference=brand)
                await watch.sale(number=number, amountMinor=53000)
                await watch.get(f"/payments/{sold.body['id']}")
                await watch.get(f"/payments/{sold.body['id']}?refresh=true")
            await watch.sale(initiator="biller")
            await watch.get("/payments?state=authorized")
            await watch.get("/health/live")
            await watch.get("/health/ready")

        assert watch.statuses == {200, 201, 402}
        assert watch.leaks() == []

    async def test_sales_that_are_refused_for_an_earlier_one(self, watching: Watching) -> None:
        async with watching() as watch:
            watch.house.simulator.fault("payment", "drop_after_processing")
            await watch.sale("first", reference="INV-0")
            await watch.sale("first", reference="INV-0", amountMinor=1)
            await watch.sale("second", reference="INV-0")
            await watch.signed_sale("signed", nonce="once")
            await watch.signed_sale("again", nonce="once")
            await watch.signed_sale("signed", nonce="twice")
            await asyncio.gather(*(watch.sale("third", reference="INV-3") for _ in range(5)))

        assert watch.statuses == {201, 202, 401, 409, 422}
        assert watch.leaks() == []

    @pytest.mark.parametrize("operation", ["payment", "inquiry", "token"])
    async def test_every_fault_of_chase(self, watching: Watching, operation: str) -> None:
        async with watching(CHASE_BREAKER_FAILURES="100") as watch:
            await watch.sale()
            for fault in FAULTS:
                await _met_with(watch, operation, fault)
            await watch.sale()

        # On a slow machine a send deadline may pass, in the clock that is moved, before a token is asked for again.
        assert watch.house.simulator.calls[operation] > len(FAULTS) // 2
        assert watch.statuses > {201}
        assert watch.leaks() == []

    async def test_tokens_that_chase_refuses(self, watching: Watching) -> None:
        async with watching() as watch:
            await watch.sale()
            watch.house.simulator.revoke_tokens()
            again = await watch.sale()
            watch.house.simulator.revoke_tokens()
            watch.tap.made_up = 2
            refused = await watch.sale()

        assert (again.status, refused.status) == (201, 503)
        assert len(set(watch.tap.issued)) == 3
        assert watch.leaks() == []

    async def test_a_time_without_chase(self, watching: Watching) -> None:
        async with watching(CHASE_BREAKER_FAILURES="1") as watch:
            await watch.house.simulator.refuse_connections(delay_ms=60_000)
            for _ in range(2):
                await watch.meanwhile(watch.sale())
            await watch.get("/health/ready")

        assert watch.statuses == {200, 503}
        assert watch.leaks() == []


async def _met_with(watch: Watch, operation: str, fault: str) -> None:
    """A sale that meets the fault, or whose inquiries do; and what follows from it."""
    simulator = watch.house.simulator
    if operation == "inquiry":
        simulator.fault("payment", "drop_after_processing")
    simulator.fault(operation, fault, times=2, delay_ms=80)
    simulator.revoke_tokens()
    # A sale waits before it asks for a token again, and for nothing else.
    sold = await (watch.meanwhile(watch.sale()) if operation == "token" else watch.sale())
    if "id" in sold.body:
        await watch.meanwhile(watch.get(f"/payments/{sold.body['id']}?refresh=true"))
    await watch.time_passes()
    simulator.clear_faults()


async def test_over_real_sockets_with_the_web_servers_own_logs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sinks, hunt = Sinks(tmp_path, RecordedTelemetry()), a_hunt()
    keys = local_keys(tmp_path)
    token = signed_token(keys, claims_of(parsed([]), {}, int(time.time())))
    hunt.key("the bearer token", token.partition(".")[2])
    hunt.key("Chase's client secret", keys.chase_client_secret.reveal())
    environ = {"PORT": "0", "CHASE_SIMULATOR_PORT": "0", "LOCAL_DATA_DIR": str(tmp_path)}

    with Listening(sinks):
        async with running(environ) as laptop:
            port = int(laptop.greeting.split("/api/")[0].rpartition(":")[2])
            for request in _raw_requests(token):
                told = await _told(port, request)
                sinks.answers.append(Answer(HTTPStatus(int(told.split()[1])), {}, told))
    sinks.files()
    sinks.printed += zip(("stdout", "stderr"), capfd.readouterr(), strict=True)

    assert {answer.status for answer in sinks.answers} == {200, 201, 400, 404, 413}
    assert hunt.leaks(sinks.texts()) == []


def _raw_requests(token: str) -> Iterator[bytes]:
    """As they stand on the wire: a good sale, then slips of every kind."""
    ours = f"Host: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
    sale = json.dumps(a_sale_body(method=a_card()))
    for body in (sale, sale[:-1]):
        named = f"{ours}Idempotency-Key: attempt\r\nContent-Length: {len(body)}\r\n\r\n"
        yield f"POST /api/v1/payments HTTP/1.1\r\n{named}{body}".encode()
    for path in (f"payments?state={VISA}", f"payments?reference={VISA}", f"payments/{VISA}", f"{VISA}/{VISA}"):
        yield f"GET /api/v1/{path} HTTP/1.1\r\n{ours}X-Correlation-Id: {VISA}\r\n\r\n".encode()
    yield f"POST /api/v1/payments HTTP/1.1\r\n{ours}Content-Length: 2000000\r\n\r\n{sale}".encode()
    yield f"{sale}\r\n\r\n".encode()
    yield f"GET /{VISA} HTTP/1.1\r\n{VISA}\r\n\r\n".encode()


async def _told(port: int, request: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    told = await reader.read()
    writer.close()
    await writer.wait_closed()
    return told.decode()
