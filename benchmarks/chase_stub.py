"""
Chase as far as a benchmark needs it: tokens, payments, voids, refunds, look-ups; and books of what it was asked.

A process of its own on one bare protocol, so that it is never what is measured. It approves everything, after
`latency`. The yardstick's sales and ours speak to it alike. `python -m benchmarks.chase_stub` prints its port.
"""

import asyncio
import itertools
import json
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import uvloop

API_PATH: Final = "/api/v2"
TOKEN_PATH: Final = "/oauth2/token"  # noqa: S105 - an address

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_REQUEST_ID: Final = b"request-id:"
_MERCHANT_ID: Final = b"merchant-id:"
_CAPTURED_AFTER: Final = timedelta(hours=2)
_TOKEN: Final = json.dumps({"access_token": "stub-token", "token_type": "Bearer", "expires_in": 3600}).encode()
# As long as Chase's own answer to a card sale, and with every field of it that is read.
_APPROVED: Final = (
    b'{"transactionId":"%b","requestId":"%b","responseStatus":"SUCCESS","responseCode":"APPROVED",'
    b'"responseMessage":"Transaction approved by Issuer","hostMessage":"Approved","hostReferenceId":"uE8Hw1Kpsm9xR2q",'
    b'"approvalCode":"tst123","paymentMethodType":{"card":{"cardType":"VI","cardTypeName":"VISA","isBillPayment":true,'
    b'"expiry":{"month":5,"year":2029},"networkResponse":{"addressVerificationResult":"NOT_REQUESTED",'
    b'"cardVerificationResult":"MATCH","networkTransactionId":"386432102478951","networkResponseCode":"00"}}},'
    b'"captureMethod":"%b","initiatorType":"CARDHOLDER","accountOnFile":"NOT_STORED","amount":%d,"currency":"USD",'
    b'"transactionState":"%b","isVoid":%b,"transactionDate":"%b","captureTime":"%b","remainingAuthAmount":%d,'
    b'"remainingRefundableAmount":%d}'
)


@dataclass(slots=True)
class _Sale:
    transaction_id: bytes
    request_id: bytes
    amount: int
    capture_method: bytes
    state: bytes


@dataclass(slots=True)
class _Books:
    """
    What was asked. `repeats`: sales under a request-id that had one; each would have been a second charge.

    `merchants`: sales by the merchant id that they came under.
    """

    latency_s: float = 0.0
    connections: int = 0
    token_fetches: int = 0
    repeats: int = 0
    merchants: Counter[str] = field(default_factory=Counter)
    by_request: dict[bytes, _Sale] = field(default_factory=dict)
    by_transaction: dict[bytes, _Sale] = field(default_factory=dict)
    voided: int = 0
    refunded_minor: int = 0
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def told(self) -> bytes:
        payments = {sale.request_id.decode(): sale.amount for sale in self.by_request.values()}
        counts = {name: getattr(self, name) for name in ("connections", "token_fetches", "repeats", "voided")}
        counts |= {"refunded_minor": self.refunded_minor, "merchants": self.merchants}
        return json.dumps({**counts, "payments": payments}).encode()


class _Chase(asyncio.Protocol):
    """One connection: whole requests in, whole answers out."""

    def __init__(self, books: _Books) -> None:
        self._books, self._buffer, self._pays = books, b"", False
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by inheritance.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_END)) >= 0:
            head = self._buffer[:end]
            length = int(_header(head, _LENGTH) or 0)
            total = end + len(_END) + length
            if len(self._buffer) < total:
                return
            body, self._buffer = self._buffer[end + len(_END) : total], self._buffer[total:]
            self._asked(head, body)

    def _asked(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.split(b" ", 2)
        path = target.partition(b"?")[0].decode()
        if path.endswith("/payments") and method == b"POST":
            self._count_connection()
            self._later(_sale(self._books, head, json.loads(body)))
        elif path.endswith("/refunds") and method == b"POST":
            self._later(_refund(self._books, head, json.loads(body)))
        elif method == b"PATCH":
            self._later(_void(self._books, path))
        else:
            self._reply(_at_once(self._books, method, path, body))

    def _count_connection(self) -> None:
        if not self._pays:
            self._pays = True
            self._books.connections += 1

    def _later(self, answer: bytes) -> None:
        if self._books.latency_s:
            self._loop.call_later(self._books.latency_s, self._reply, answer)
        else:
            self._reply(answer)

    def _reply(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            self._transport.write(head + body)


def _header(head: bytes, name: bytes) -> bytes | None:
    at = head.lower().find(b"\r\n" + name)
    return head[at + 2 + len(name) :].split(b"\r\n", 1)[0].strip() if at >= 0 else None


def _at_once(books: _Books, method: bytes, path: str, body: bytes) -> bytes:
    if path == TOKEN_PATH:
        books.token_fetches += 1
        return _TOKEN
    if path == "/books":
        return books.told()
    if path == "/latency":
        books.latency_s = json.loads(body)["ms"] / 1000
        return b"{}"
    sale = books.by_transaction.get(path.rpartition("/")[2].encode())
    return _standing(sale) if sale and method == b"GET" else b'{"status":"PASS"}'


def _sale(books: _Books, head: bytes, body: dict[str, Any]) -> bytes:
    request_id = _header(head, _REQUEST_ID) or b""
    books.merchants[(_header(head, _MERCHANT_ID) or b"").decode()] += 1
    known = books.by_request.get(request_id)
    if known is not None:
        books.repeats += 1
        return _standing(known)
    method = str(body.get("captureMethod", "NOW")).encode()
    transaction_id = str(uuid.UUID(int=next(books.numbers))).encode()
    state = b"CLOSED" if method == b"NOW" else b"AUTHORIZED"
    sale = _Sale(transaction_id, request_id, int(body["amount"]), method, state)
    books.by_request[request_id] = books.by_transaction[transaction_id] = sale
    return _standing(sale)


def _void(books: _Books, path: str) -> bytes:
    sale = books.by_transaction[path.rpartition("/")[2].encode()]
    books.voided += sale.state != b"VOIDED"
    sale.state = b"VOIDED"
    return _standing(sale)


def _refund(books: _Books, head: bytes, body: dict[str, Any]) -> bytes:
    reference = body["paymentMethodType"]["transactionReference"]["transactionReferenceId"].encode()
    sale = books.by_transaction[reference]
    amount = int(body.get("amount", sale.amount))
    books.refunded_minor += amount
    refund_id = str(uuid.UUID(int=next(books.numbers))).encode()
    refund = _Sale(refund_id, _header(head, _REQUEST_ID) or b"", amount, b"NOW", b"CLOSED")
    return _standing(refund)[:-1] + b',"transactionReferenceId":"%b"}' % reference


def _standing(sale: _Sale) -> bytes:
    now = datetime.now(UTC)
    authorized, captured = (sale.amount, 0) if sale.state == b"AUTHORIZED" else (0, sale.amount)
    return _APPROVED % (
        sale.transaction_id,
        sale.request_id,
        sale.capture_method,
        sale.amount,
        sale.state,
        b"true" if sale.state == b"VOIDED" else b"false",
        _moment(now),
        _moment(now + _CAPTURED_AFTER),
        authorized,
        captured,
    )


def _moment(at: datetime) -> bytes:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z").encode()


async def _serve(told: Callable[[int], None]) -> None:
    books = _Books()
    server = await asyncio.get_running_loop().create_server(lambda: _Chase(books), "127.0.0.1", 0, backlog=4096)
    told(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(lambda port: print(port, flush=True)))
