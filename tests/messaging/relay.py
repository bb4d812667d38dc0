"""A line to the broker that a test can cut, take down or make silent, and that counts who connects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from tests.lines import LOOPBACK, Lines, close_what_a_client_left

AMQP_PORT = 5672


class Relay:
    """Forwards bytes on loopback. `silent` swallows what the broker says."""

    def __init__(self, host: str, port: int) -> None:
        self._broker = (host, port)
        self._lines = Lines(self._relayed)
        self.listening_port = 0
        self.silent = False

    @property
    def connections(self) -> int:
        return self._lines.opened

    async def up(self) -> None:
        self.listening_port = await self._lines.listen(self.listening_port)

    async def down(self) -> None:
        await self._lines.close()

    async def cut(self) -> None:
        """End every connection; the next one is served again."""
        await self._lines.cut()

    async def _relayed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_broker, to_broker = await asyncio.open_connection(*self._broker)
        try:
            await asyncio.gather(self._forward(reader, to_broker), self._forward(from_broker, writer, heard=True))
        finally:
            to_broker.close()

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
        yield relay, connection_string.replace(endpoint, f"Endpoint=sb://{LOOPBACK}:{relay.listening_port}")
    finally:
        await relay.down()
        close_what_a_client_left(relay.listening_port)
