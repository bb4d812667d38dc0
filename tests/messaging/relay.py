"""A line to the broker that a test can cut, take down or make silent, and that counts who connects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.broker import Broker
from tests.lines import LOOPBACK, Lines, close_what_clients_left


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
async def relay_to(broker: Broker) -> AsyncIterator[tuple[Relay, str]]:
    """The relay, and a connection string that leads through it."""
    if broker.has_tls:
        pytest.skip("PAYMENTS_TEST_SERVICEBUS names a broker with TLS, whose line a test cannot hold")
    relay = Relay(broker.host, broker.port)
    await relay.up()
    leads_through = f"sb://{LOOPBACK}:{relay.listening_port}"
    try:
        yield relay, broker.connection_string.replace(broker.endpoint.geturl(), leads_through)
    finally:
        await relay.down()
        close_what_clients_left(relay.listening_port)
