"""A peer on loopback that does to each request what the test says: answers, falls silent, drops the line."""

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.lines import Lines

TOKEN_PATH = "/oauth2/token"


@dataclass(frozen=True)
class Received:
    """A request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Deed = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answers(status: int, body: object = b"", **headers: str) -> Deed:
    """An HTTP answer; anything but bytes goes out as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def deed(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        await writer.drain()

    return deed


async def falls_silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drops_the_line(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def resets_the_line(writer: asyncio.StreamWriter) -> None:
    # Linger of 0 s: closing sends RST instead of FIN.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def sends_half_an_answer(writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"transactionId":"9f18')
    await writer.drain()
    writer.close()


async def sends_half_a_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConte")
    await writer.drain()
    writer.close()


async def speaks_no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    await writer.drain()
    writer.close()


class Peer:
    """
    `deeds` are done in turn, one per call to Chase; the last one goes on for ever. `token_deeds` the same for tokens.

    `drops_connections` closes what connects before reading a byte. `written` holds every byte of every connection.
    """

    def __init__(self) -> None:
        self.calls: list[Received] = []
        self.token_calls: list[Received] = []
        self.deeds: deque[Deed] = deque([answers(404)])
        self.token_deeds: deque[Deed] = deque([grants("token-1")])
        self.drops_connections = False
        self.written = bytearray()
        self._arrivals = asyncio.Semaphore(0)
        self._lines = Lines(self._converse)
        self._port = 0

    async def __aenter__(self) -> Self:
        self._port = await self._lines.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._lines.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def connections(self) -> int:
        return self._lines.opened

    def does(self, *deeds: Deed) -> None:
        self.deeds = deque(deeds)

    def does_with_tokens(self, *deeds: Deed) -> None:
        self.token_deeds = deque(deeds)

    async def has_received(self, calls: int = 1) -> None:
        """Returns once that many calls to Chase have arrived since this was last asked."""
        for _ in range(calls):
            await self._arrivals.acquire()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while not (writer.is_closing() or self.drops_connections):
                await self._answer(await self._received(reader), writer)

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        is_token = request.path == TOKEN_PATH
        (self.token_calls if is_token else self.calls).append(request)
        if not is_token:
            self._arrivals.release()
        await _next(self.token_deeds if is_token else self.deeds)(writer)

    async def _received(self, reader: asyncio.StreamReader) -> Received:
        head = await self._kept(reader.readuntil(b"\r\n\r\n"))
        first, *lines = head.decode().split("\r\n")[:-2]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self._kept(reader.readexactly(int(headers.get("content-length", "0"))))
        method, target, _ = first.split(" ")
        return Received(method, target, headers, body)

    async def _kept(self, reading: Awaitable[bytes]) -> bytes:
        try:
            read = await reading
        except asyncio.IncompleteReadError as error:
            self.written += error.partial
            raise
        self.written += read
        return read


def _next(deeds: deque[Deed]) -> Deed:
    return deeds.popleft() if len(deeds) > 1 else deeds[0]


def grants(token: str, expires_in: object = 3599) -> Deed:
    """The token endpoint's answer."""
    return answers(
        200, {"access_token": token, "scope": "jpm:payments:sandbox", "token_type": "Bearer", "expires_in": expires_in}
    )


def a_payment(**changed: object) -> dict[str, object]:
    """An approved sale as Chase answers it; None takes a field away."""
    fields = {
        "transactionId": "9f186d77-52f6-4c5d-8f0a-6f1e2d3c4b5a",
        "transactionState": "AUTHORIZED",
        "responseStatus": "SUCCESS",
        "responseCode": "APPROVED",
        "responseMessage": "Transaction approved by Issuer",
        "paymentMethodType": {
            "card": {
                "cardType": "VI",
                "cardTypeName": "VISA",
                "maskedAccountNumber": "411234XXXXXX4113",
                "networkResponse": {
                    "addressVerificationResult": "ADDRESS_POSTALCODE_MATCH",
                    "cardVerificationResult": "MATCH",
                    "networkTransactionId": "014072692161152",
                },
            }
        },
        "captureMethod": "DELAYED",
        "captureTime": "2026-11-23T20:00:00.123Z",
        "approvalCode": "tst021",
        "amount": 12599,
        "currency": "USD",
        "merchantOrderNumber": "0193561a7c4d00112233445566778899",
    }
    return {name: value for name, value in {**fields, **changed}.items() if value is not None}


def a_decline(
    code: str = "DO_NOT_HONOR", advice: str | None = None, network_code: str | None = None, **changed: object
) -> dict[str, object]:
    """A declined sale as Chase answers it: HTTP 200."""
    network: dict[str, object] = {"additionalData": {"merchantAdviceCode": advice}} if advice else {}
    network |= {"networkResponseCode": network_code} if network_code else {}
    return a_payment(
        transactionState="DECLINED",
        responseStatus="DENIED",
        responseCode=code,
        responseMessage="Transaction declined by Issuer",
        approvalCode=None,
        paymentMethodType={"card": {"cardType": "VI", "networkResponse": network}},
        **changed,
    )


def an_error(code: str = "VALIDATION_ERROR", message: str = "Request contains validation error") -> dict[str, object]:
    """Chase's error body."""
    return {"responseStatus": "ERROR", "responseCode": code, "responseMessage": message, "validationErrors": []}
