"""The bytes: one HTTP session per process, and the one place that knows whether a request left us."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from shared.chase import codes
from shared.chase.endpoint import ChaseEndpoint
from shared.payments.outcome import NotSent, Unknown
from shared.telemetry.context import outgoing


class SendDeadlinePassed(Exception):
    """The request came to the wire too late: nothing was written."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request as it goes out. Its text is never shown: it holds a card number and a token."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, read to its end."""

    status: int
    body: bytes = field(repr=False)


@dataclass(slots=True)
class _Attempt:
    send_before_s: float
    sent: bool = False


NEVER_TOO_LATE: Final = float("inf")


class Sending:
    """
    Made lazily on the running loop, closed by `close()`. No redirect is followed (a 307 would carry a card number past
    the host we chose), no proxy or credential taken from the environment, no cookie kept.
    """

    def __init__(self, endpoint: ChaseEndpoint, *, boot_s: Callable[[], float]) -> None:
        self._endpoint = endpoint
        self._boot_s = boot_s
        self._session: aiohttp.ClientSession | None = None
        self._patience = self._timeout(None)
        self.connections_opened = 0

    async def exchange(
        self, message: Message, *, send_before_s: float = NEVER_TOO_LATE, within_s: float | None = None
    ) -> Reply | NotSent | Unknown:
        """
        Send `message` and read its answer, the whole within `within_s` if given.

        Past `send_before_s` (on the scale of `boot_s`) nothing is sent. Whatever goes wrong is judged by one question:
        had the request reached the wire? Cancellation alone is raised.
        """
        if self._is_out_of_bounds(message):
            return NotSent(codes.HOST_REFUSED, "this host is not among those that may be spoken to; nothing was sent")
        attempt = _Attempt(send_before_s)
        try:
            return await self._reply(message, attempt, within_s)
        except SendDeadlinePassed:
            return NotSent(codes.SEND_DEADLINE_PASSED, "came to the wire after its deadline; nothing was sent")
        except Exception as error:
            return _lost(error) if attempt.sent else _not_connected(error)

    def _is_out_of_bounds(self, message: Message) -> bool:
        pinned_to = self._endpoint.pinned_to
        return pinned_to is not None and urlsplit(message.url).hostname not in pinned_to

    async def _reply(self, message: Message, attempt: _Attempt, within_s: float | None) -> Reply:
        async with self._opened().request(
            message.method,
            message.url,
            params=message.query or None,
            headers={**message.headers, **outgoing()},
            data=message.body,
            allow_redirects=False,
            trace_request_ctx=attempt,
            timeout=self._patience if within_s is None else self._timeout(within_s),
            middlewares=(_once,) if message.method == "GET" else (),
        ) as response:
            return Reply(response.status, await response.read())

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._endpoint.connections_max, keepalive_timeout=self._endpoint.keepalive_s
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                trace_configs=[self._trace()],
            )
        return self._session

    def _timeout(self, within_s: float | None) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=within_s,
            connect=self._endpoint.pool_timeout_s,
            sock_connect=self._endpoint.connect_timeout_s,
            sock_read=self._endpoint.read_timeout_s,
        )

    def _trace(self) -> aiohttp.TraceConfig:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_start.append(self._count_connection)
        trace.on_request_headers_sent.append(self._before_first_byte)
        trace.on_request_chunk_sent.append(self._before_body)
        return trace

    async def _count_connection(self, session: aiohttp.ClientSession, context: SimpleNamespace, _: Any) -> None:
        self.connections_opened += 1

    async def _before_first_byte(self, session: aiohttp.ClientSession, context: SimpleNamespace, _: Any) -> None:
        # aiohttp runs this before it hands the headers to the socket (a test holds it to that), whatever the name says.
        attempt: _Attempt = context.trace_request_ctx
        self._check_deadline(attempt)
        attempt.sent = True

    async def _before_body(self, session: aiohttp.ClientSession, context: SimpleNamespace, _: Any) -> None:
        # Before Python 3.12 the loop may do other work, or the machine sleep, between headers and body. Without its
        # body a request moves nothing; the outcome is Unknown all the same, since its headers may have gone.
        self._check_deadline(context.trace_request_ctx)

    def _check_deadline(self, attempt: _Attempt) -> None:
        if self._boot_s() >= attempt.send_before_s:
            raise SendDeadlinePassed


class _Dropped(aiohttp.ClientError):
    """A connection that was dropped, by a name that aiohttp does not send again for."""


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    # aiohttp repeats a GET by itself, once, where an idle connection turns out to be dropped. One layer retries, and
    # it is not this one.
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Dropped(type(error).__name__) from error


def _not_connected(error: Exception) -> NotSent:
    return NotSent(codes.NOT_CONNECTED, f"no connection to Chase; nothing was sent ({type(error).__name__})")


def _lost(error: Exception) -> Unknown:
    # The kind of error only words the outcome; that it is Unknown was decided by `sent`.
    if isinstance(error, TimeoutError):
        return Unknown(codes.READ_TIMEOUT, "sent, and not answered in time")
    return Unknown(codes.CONNECTION_LOST, f"sent, and the connection failed before the answer ({type(error).__name__})")
