"""A raw ASGI app that serves the HTTP functions of a FunctionApp. For a laptop: no TLS, no function keys."""

import logging
from collections.abc import Iterable

import azure.functions as func

from local.http_messages import (
    Answer,
    BodyTooLarge,
    ClientGone,
    Receive,
    Scope,
    Send,
    answer_of,
    path_of,
    request_of,
    send_answer,
    too_large,
)
from local.registered import Function, HttpFunction
from local.routes import Routes

log = logging.getLogger(__name__)


class Host:
    """
    The ASGI app. An unknown route, or another method, is 404, as on the platform.

    A handler runs to its end even if its caller hangs up. What it raises is logged and answered 500, empty.
    """

    def __init__(self, functions: Iterable[HttpFunction], *, route_prefix: str) -> None:
        """Raises CannotBeServed for a route that this host does not understand."""
        self._routes = Routes(functions, prefix=route_prefix)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope)
        match = self._routes.find(scope["method"], path)
        if match is None:
            await send_answer(send, Answer(404, [], b""))
            return
        try:
            request = await request_of(scope, receive, path, match.values)
        except ClientGone:
            return
        except BodyTooLarge:
            await send_answer(send, too_large(scope))
            return
        await send_answer(send, await _invoke(match.function, request))


async def _invoke(function: Function, request: func.HttpRequest) -> Answer:
    try:
        return answer_of(await function.call(request))
    except Exception:
        log.exception("%s failed", function.name)
        return Answer(500, [], b"")


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
