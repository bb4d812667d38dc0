"""Bytes to the service and back: one seam, and `requests` behind it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Final, Protocol

import requests
from requests.adapters import HTTPAdapter

from ctp.auth import Auth
from ctp.deadline import Deadlines, NoAnswer

_ANSWER_BYTES_MAX: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """`body` holds an instrument now and then: it is not shown."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    auth: Auth = field(repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Transport(Protocol):
    def send(self, request: Request, within_s: float) -> Response:
        """Raises NoAnswer no later than `within_s` seconds from now, all in all."""


class RequestsTransport:
    """
    One `requests.Session` for every thread: keep-alive, no cookies, no redirects, no proxy from the environment.

    A redirect would carry a card number to whoever the answer names. `verify` is requests' own: a CA bundle, or True.
    """

    def __init__(self, *, calls_max: int = 64, verify: bool | str = True) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = verify
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            # One layer repeats, and that is the protocol.
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=calls_max, max_retries=0))
        self._calls: Deadlines[Response] = Deadlines(calls_max)

    def send(self, request: Request, within_s: float) -> Response:
        return self._calls.call(lambda: self._exchange(request, within_s), within_s)

    def close(self) -> None:
        self._session.close()

    def _exchange(self, request: Request, within_s: float) -> Response:
        ends_at = time.monotonic() + within_s
        headers = {**request.headers, **request.auth.headers(request.method, request.url, request.body)}
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            raise NoAnswer(f"no credential within {within_s:g} s")
        with self._session.request(
            request.method,
            request.url,
            data=request.body,
            headers=headers,
            timeout=left_s,
            allow_redirects=False,
            stream=True,
        ) as answer:
            told = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, told, _read(answer, ends_at))


def _read(answer: requests.Response, ends_at: float) -> bytes:
    """The body, while there is time: so that a thread whose caller has gone does not read for ever."""
    body = b""
    for chunk in answer.iter_content(64 * 1024):
        body += chunk
        if time.monotonic() > ends_at or len(body) > _ANSWER_BYTES_MAX:
            raise NoAnswer("an answer too long or too slow to be read")
    return body
