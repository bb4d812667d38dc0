"""The one question that decides between NotSent and Unknown: did a byte reach the wire? Asked of a real socket."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from shared.chase.endpoint import ChaseEndpoint
from shared.chase.sending import Message, Reply, Sending
from shared.payments.outcome import NotSent, Unknown
from tests.chase.desk import Clock
from tests.chase.peer import Peer, answers, drops_the_line, falls_silent
from tests.lines import Lines


class RawPeer:
    """Keeps every byte that arrives and answers 200 to each request that ends in `end`."""

    def __init__(self) -> None:
        self.bytes_read = bytearray()
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected.set()
        while chunk := await reader.read(65536):
            self.bytes_read += chunk
            if self.bytes_read.endswith(b"end"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        self.closed.set()


@pytest.fixture
async def sending(endpoint: ChaseEndpoint, clock: Clock) -> AsyncIterator[Sending]:
    sending = Sending(endpoint, boot_s=clock.boot_s)
    yield sending
    await sending.close()


def post(url: str) -> Message:
    return Message("POST", url, {"merchant-id": "998482157630"}, body=b'{"amount":1} end')


async def test_past_its_deadline_a_request_connects_and_writes_not_one_byte(sending: Sending, clock: Clock) -> None:
    raw = RawPeer()
    lines = Lines(raw.converse)
    url = f"http://127.0.0.1:{await lines.listen()}/payments"

    outcome = await sending.exchange(post(url), send_before_s=clock.now_s)

    await raw.connected.wait()
    await raw.closed.wait()
    await lines.close()
    assert (type(outcome), outcome.code) == (NotSent, "SEND_DEADLINE_PASSED")
    assert bytes(raw.bytes_read) == b""


async def test_before_its_deadline_the_same_request_is_written_whole(sending: Sending, clock: Clock) -> None:
    raw = RawPeer()
    lines = Lines(raw.converse)
    url = f"http://127.0.0.1:{await lines.listen()}/payments"

    outcome = await sending.exchange(post(url), send_before_s=clock.now_s + 0.001)

    await sending.close()
    await raw.closed.wait()
    await lines.close()
    assert outcome == Reply(200, b"")
    assert raw.bytes_read.startswith(b"POST /payments HTTP/1.1\r\n")


async def test_a_machine_that_sleeps_between_headers_and_body_sends_no_sale(
    endpoint: ChaseEndpoint, chase: Peer
) -> None:
    readings = iter([1.0, 99.0])
    sending = Sending(endpoint, boot_s=lambda: next(readings))
    chase.does(answers(200))

    outcome = await sending.exchange(post(f"{chase.url}/payments"), send_before_s=10.0)

    await sending.close()
    assert isinstance(outcome, Unknown)
    assert (chase.calls, b"amount" in chase.written) == ([], False)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_moves_money_is_not_repeated_on_a_stale_connection(
    sending: Sending, chase: Peer, method: str
) -> None:
    chase.does(answers(200), drops_the_line, answers(200))
    message = replace(post(f"{chase.url}/payments"), method=method)
    await sending.exchange(message)

    outcome = await sending.exchange(message)

    assert (type(outcome), len(chase.calls)) == (Unknown, 2)


async def test_a_look_up_is_not_repeated_behind_our_back_either(sending: Sending, chase: Peer) -> None:
    chase.does(answers(200), drops_the_line, answers(200))
    message = Message("GET", f"{chase.url}/payments", {})
    await sending.exchange(message)

    outcome = await sending.exchange(message)

    assert (type(outcome), outcome.code) == (Unknown, "CONNECTION_LOST")
    assert (len(chase.calls), sending.connections_opened) == (2, 1)


async def test_nobody_listening_is_not_sent(sending: Sending) -> None:
    outcome = await sending.exchange(post("http://127.0.0.1:1/payments"))

    assert (type(outcome), outcome.code) == (NotSent, "NOT_CONNECTED")


async def test_an_address_that_is_none_is_not_sent(sending: Sending) -> None:
    outcome = await sending.exchange(post("nowhere"))

    assert (type(outcome), outcome.code) == (NotSent, "NOT_CONNECTED")


async def test_a_limit_on_the_whole_is_kept(sending: Sending, chase: Peer) -> None:
    chase.does(falls_silent)

    outcome = await sending.exchange(post(f"{chase.url}/payments"), within_s=0.02)

    assert (type(outcome), outcome.code) == (Unknown, "READ_TIMEOUT")


async def test_cookies_are_not_kept(sending: Sending, chase: Peer) -> None:
    chase.does(answers(200, b"", Set_Cookie="session=1"))
    await sending.exchange(post(f"{chase.url}/payments"))

    await sending.exchange(post(f"{chase.url}/payments"))

    assert "cookie" not in chase.calls[1].headers


async def test_the_environments_proxy_is_not_used(
    sending: Sending, chase: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    chase.does(answers(200))

    assert await sending.exchange(post(f"{chase.url}/payments")) == Reply(200, b"")


async def test_it_opens_again_after_it_was_closed(sending: Sending, chase: Peer) -> None:
    chase.does(answers(200))
    await sending.exchange(post(f"{chase.url}/payments"))
    await sending.close()

    await sending.exchange(post(f"{chase.url}/payments"))

    assert sending.connections_opened == 2
