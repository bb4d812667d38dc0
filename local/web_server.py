"""uvicorn, told when to stop by the host instead of by signals of its own."""

import asyncio
import contextlib
import socket
from collections.abc import Generator
from typing import Any, Final

import uvicorn

# SALE_ANSWER_WITHIN_S and a little: every answer that was begun is still given. A second signal does not wait for it.
STOP_WITHIN_S: Final = 28
# Longer than a person thinks between two requests, so that a test client's pooled connection is still good.
_KEEP_ALIVE_S: Final = 75


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the host: uvicorn would raise them again before the rest has been closed."""
        yield


class WebServer:
    """Serves one ASGI app on one listening socket, which it closes at the end."""

    def __init__(self, app: Any, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
        self._server = _Server(config)
        self._listener = listener
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="web server")

    async def ended(self) -> None:
        """Return when the server has stopped; raises what stopped it."""
        if self._serving is not None:
            await asyncio.shield(self._serving)

    async def stop(self) -> None:
        """Take no new connection, finish what was begun."""
        self._server.should_exit = True
        if self._serving is not None:
            await asyncio.wait([self._serving])
