"""The requests that the generator sends, as bytes: a sale of ours, a sale of the yardstick's, a look-up."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

# The n-th request of a load, and the amount it asks for in minor units.
Request = tuple[bytes, int]
Requests = Callable[[int], Request]

_CARDS: Final = 10_000
_AMOUNT_LEAST_MINOR: Final = 10_000
_AMOUNTS: Final = 5_000
# Fixed widths, so that the length of a body is known once.
_OUR_BODY: Final = (
    b'{"billerId":"city-water","reference":"%b-%010d","amountMinor":%05d,"currency":"USD",'
    b'"method":{"type":"card","number":"%b","expiry":{"month":5,"year":2029},"cvv":"111"},'
    b'"payer":{"firstName":"Ada","lastName":"Byron","email":"ada@example.com","address":{"line1":"1 Main St",'
    b'"city":"Boston","state":"MA","postalCode":"02110","country":"USA"}},"initiator":"payer",'
    b'"statementDescriptor":"CITY WATER*BILL","metadata":{"channel":"web"}}'
)


def amount_minor(number: int) -> int:
    """What the n-th sale charges: amounts differ, so that a sum tells one from another."""
    return _AMOUNT_LEAST_MINOR + number % _AMOUNTS


def our_sales(*, host: str, path: str, token: str, seed: str, biller_id: str = "city-water") -> Requests:
    """`POST /payments`: each its own key, bill, amount; cards from 10,000 payers, as in life."""
    cards, name = _cards(), seed.encode()
    body = _OUR_BODY.replace(b"city-water", biller_id.encode())
    length = len(body % (name, 0, _AMOUNT_LEAST_MINOR, cards[0]))
    head = _head("POST", path, host, token) + (
        f"Content-Type: application/json\r\nContent-Length: {length}\r\nIdempotency-Key: {seed}-%010d\r\n\r\n".encode()
    )
    template = head + body

    def request(number: int) -> Request:
        amount = amount_minor(number)
        return template % (number, name, number, amount, cards[number % _CARDS]), amount

    return request


def yardstick_sales(*, host: str, path: str, token: str, seed: str, script: Path) -> Requests:
    """`POST /sale`, the body as the yardstick's own `script` for wrk has it, with amounts that differ."""
    found = re.search(r"local tail = '(.*)'", script.read_text("utf-8"))
    if found is None:
        raise ValueError(f"{script}: no body is found in it")
    tail = found.group(1).replace('"amount":"137.45"', '"amount":"%s"').replace("ORD-%d-%d", "ORD-%010d")
    body = ('{"idempotency_key":"%s-%010d' + tail).encode().replace(b"%s", b"%b")
    name = seed.encode()

    def money(amount: int) -> bytes:
        return b"%d.%02d" % divmod(amount, 100)

    length = len(body % (name, 0, 0, money(_AMOUNT_LEAST_MINOR)))
    head = _head("POST", path, host, token)
    template = head + f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode() + body

    def request(number: int) -> Request:
        amount = amount_minor(number)
        return template % (name, number, number, money(amount)), amount

    return request


def stub_sales(*, host: str, path: str, seed: str) -> Requests:
    """Straight to the stub: what network, timer and generator cost alone."""
    body = json.dumps({"amount": _AMOUNT_LEAST_MINOR, "currency": "USD", "captureMethod": "NOW", "pad": "x" * 800})
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nrequest-id: {seed}-%010d\r\nContent-Length: {len(body)}\r\n\r\n"
    template = (head + body).encode()
    return lambda number: (template % number, _AMOUNT_LEAST_MINOR)


def look_ups(*, host: str, path: str, token: str, ids: Sequence[str]) -> Requests:
    """`GET /payments/{id}`, over `ids` in turn."""
    template = _head("GET", path + "/%b", host, token) + b"\r\n"
    return lambda number: (template % ids[number % len(ids)].encode(), 0)


def _head(method: str, path: str, host: str, token: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n".encode()


def _cards() -> list[bytes]:
    """Numbers that pass the check digit; made, not taken from anywhere, and only ever sent to the stub."""
    return [_with_check_digit(f"411234{number:09d}").encode() for number in range(_CARDS)]


def _with_check_digit(digits: str) -> str:
    doubled = (2 * int(digit) for digit in reversed(digits[-1::-2]))
    total = sum(value - 9 if value > 9 else value for value in doubled) + sum(map(int, digits[-2::-2]))
    return digits + str(-total % 10)
