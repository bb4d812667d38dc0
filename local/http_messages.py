"""Between ASGI and azure-functions: a request as a function takes it, and what a function returns as bytes."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote

import azure.functions as func
from azure.functions import http

from functions._http import correlation_id_for

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Far above what any function of ours takes (64 KiB): a function still sees, and refuses, a body too large for it.
BODY_BYTES_MAX: Final = 1024 * 1024


class BodyTooLarge(Exception):
    """More than BODY_BYTES_MAX."""


class ClientGone(Exception):
    """The caller hung up before its body was complete."""


class Answer(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def path_of(scope: Scope) -> str:
    """The path as it came, percent signs and all."""
    raw = scope.get("raw_path")
    return _ascii(raw) if raw else quote(scope["path"])


def _ascii(raw: bytes) -> str:
    """As it came, but for bytes that a URL may not hold: a caller signs those percent-encoded too."""
    return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)


async def request_of(scope: Scope, receive: Receive, path: str, values: Mapping[str, str]) -> func.HttpRequest:
    """
    The request with its whole body; its URL is the one that came, undecoded: a caller may have signed it.

    Raises BodyTooLarge as soon as that is known, ClientGone if the body's end never comes.
    """
    headers = headers_of(scope)
    query = _ascii(scope["query_string"])
    url = f"{scope.get('scheme', 'http')}://{headers.get('host') or '127.0.0.1'}{path}"
    return http.HttpRequest(
        scope["method"],
        f"{url}?{query}" if query else url,
        headers=headers,
        params=_params(query),
        route_params=values,
        body_type="bytes",
        body=await _body(receive, headers.get("content-length", "")),
    )


def headers_of(scope: Scope) -> dict[str, str]:
    """By lower-case name. One that came twice is joined by a comma, so that neither of the two is lost unseen."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def answer_of(returned: object) -> Answer:
    """Raises TypeError for what the platform would not take as an answer."""
    if returned is None:
        return Answer(204, [], b"")
    if isinstance(returned, str):
        returned = func.HttpResponse(returned)
    if not isinstance(returned, func.HttpResponse):
        raise TypeError(f"a function answered with {type(returned).__name__}")
    headers = list(_encoded(returned.headers.items()))
    if "content-type" not in returned.headers:
        charset = f"; charset={returned.charset}" if returned.mimetype.startswith("text/") else ""
        headers.append((b"content-type", f"{returned.mimetype}{charset}".encode("latin-1")))
    return Answer(returned.status_code, headers, returned.get_body())


def too_large(scope: Scope) -> Answer:
    """413, under the code that the functions use for a body too large for them. It does not show the path."""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    problem = {
        "type": "about:blank",
        "title": "The body is too large",
        "status": status.value,
        "code": "payload-too-large",
        "detail": f"A body may have at most {BODY_BYTES_MAX} bytes here.",
    }
    correlation_id = correlation_id_for(headers_of(scope).get("x-correlation-id"))
    headers = {"content-type": "application/problem+json", "x-correlation-id": correlation_id}
    return Answer(status, list(_encoded(headers.items())), json.dumps(problem).encode())


async def send_answer(send: Send, answer: Answer) -> None:
    headers = answer.headers
    if answer.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _body(receive: Receive, announced: str) -> bytes:
    if announced.isdecimal() and int(announced) > BODY_BYTES_MAX:
        raise BodyTooLarge
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise BodyTooLarge
        if not message.get("more_body"):
            return bytes(body)


def _encoded(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[bytes, bytes]]:
    """All but the length, which is the host's to say."""
    for name, value in headers:
        if name.lower() != "content-length":
            yield name.lower().encode("latin-1"), value.encode("latin-1")


def _params(query: str) -> dict[str, str]:
    """As the platform hands them over: repeated names joined by a comma, names without a value left out."""
    params: dict[str, str] = {}
    for name, value in parse_qsl(query) if query else ():
        params[name] = f"{params[name]},{value}" if name in params else value
    return params
