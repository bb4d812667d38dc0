"""A line to the broker that a test can cut, take down or make silent, and that counts who connects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

AMQP_PORT = 5672


@dataclass
class Relay:
    """Forwards bytes on loopback. `silent` swallows what the broker says."""

    host: str
    port: int
    listening_port: int = 0
    connections: int = 0
    silent: bool = False
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.listening_port)
        self.listening_port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        if self._server is not None:
            self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """End every connection; the next one is served again."""
        for writer in [*self._writers]:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        from_broker, to_broker = await asyncio.open_connection(self.host, self.port)
        self._writers |= {writer, to_broker}
        try:
            await asyncio.gather(self._forward(reader, to_broker), self._forward(from_broker, writer, heard=True))
        finally:
            self._writers -= {writer, to_broker}

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: bool = False) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if not (heard and self.silent):
                    writer.write(data)
                    await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def relay_to(connection_string: str) -> AsyncIterator[tuple[Relay, str]]:
    """The relay, and a connection string that leads through it. For a broker without TLS."""
    endpoint = next(part for part in connection_string.split(";") if part.lower().startswith("endpoint="))
    there = urlsplit(endpoint.partition("=")[2])
    relay = Relay(there.hostname or "", there.port or AMQP_PORT)
    await relay.up()
    try:
        yield relay, connection_string.replace(endpoint, f"Endpoint=sb://127.0.0.1:{relay.listening_port}")
    finally:
        await relay.down()
