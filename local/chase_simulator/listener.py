"""A listening socket that can be shut for a while, with all its connections, and opened again on the same port."""

import asyncio
from typing import Final

from aiohttp import web

# Somebody else's outgoing connection may sit on the port when it is to be opened again; it will not for long.
_REOPEN_EVERY_S: Final = 0.05


class Listener:
    """Serves `app` on one port. `connections_opened` counts the connections that were ever accepted."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        self._socket: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._open = asyncio.Event()
        self._host = ""
        self.port = 0
        self.connections_opened = 0

    async def start(self, host: str, port: int) -> None:
        """Port 0 takes a free one. Raises OSError when the port is taken."""
        await self._runner.setup()
        self._host, self.port = host, port
        await self._listen()

    async def stop(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.wait([self._reopening])
        if self._socket is not None:
            self._socket.close()
        await self._runner.cleanup()

    async def shut_for(self, delay_s: float) -> None:
        """Close the socket and every open connection before returning; listen again `delay_s` later."""
        self._open.clear()
        if self._socket is not None:
            self._socket.close()
        if self._reopening is not None:
            self._reopening.cancel()
        self._reopening = asyncio.create_task(self._reopen(delay_s))
        # Twice: a connection accepted just before the socket was closed gets its transport one turn later.
        for _ in range(2):
            self._abort_connections()
            await asyncio.sleep(0)

    async def until_open(self) -> None:
        """Returns once it listens."""
        await self._open.wait()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._socket = await loop.create_server(self._accept, self._host, self.port)
        self.port = self._socket.sockets[0].getsockname()[1]
        self._open.set()

    async def _reopen(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        while not self._open.is_set():
            try:
                await self._listen()
            except OSError:
                await asyncio.sleep(_REOPEN_EVERY_S)

    def _accept(self) -> asyncio.Protocol:
        self.connections_opened += 1
        server = self._runner.server
        assert server is not None
        return server()

    def _abort_connections(self) -> None:
        server = self._runner.server
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()
