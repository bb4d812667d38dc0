"""A listening socket for a peer that a test plays itself: each line has a conversation, and none outlives its test."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

LOOPBACK = "127.0.0.1"

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Lines:
    """
    What asyncio.start_server does not promise: a line is closed though its conversation never took a step.

    `opened` counts the lines that were ever taken in. A conversation that raises ends its line, and asyncio logs why.
    """

    def __init__(self, converse: Converse) -> None:
        self._converse = converse
        self._server: asyncio.Server | None = None
        self._conversations: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.opened = 0

    async def listen(self, port: int = 0) -> int:
        """The port on loopback; 0 takes a free one."""
        self._server = await asyncio.start_server(self._taken_in, LOOPBACK, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Shut the socket and cut every line. Once is enough; twice is harmless."""
        if self._server is not None and self._server.sockets:
            # First no more lines, then the socket: asyncio loses a line that it was taking in as the socket closed.
            asyncio.get_running_loop().remove_reader(self._server.sockets[0].fileno())
            await _some_turns()
            self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """End every line that is open; the next one is taken in again."""
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        await _some_turns()

    def _taken_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        conversation = asyncio.create_task(self._converse(reader, writer))
        self._conversations[conversation] = writer
        conversation.add_done_callback(lambda ended: self._conversations.pop(ended).close())


async def _some_turns() -> None:
    """As many as asyncio takes to hand over a line that it was taking in, or to close one that was told to."""
    for _ in range(4):
        await asyncio.sleep(0)


def close_what_clients_left(port: int) -> None:
    """
    The clients' ends of lines to `port`. Azure's SDK leaves some to the garbage collector, and until that comes by they
    take messages that nobody reads; it complains of them in a later test.
    """
    for found in gc.get_objects():
        if type(found) is asyncio.StreamWriter and (found.get_extra_info("peername") or (None, None))[1] == port:
            found.close()
