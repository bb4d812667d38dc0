"""The local host behind a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import azure.functions as func
import pytest

from local.host import Host
from local.ports import listening
from local.registered import registered
from local.web_server import WebServer

REQUEST = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Slow:
    """A function that answers when it is let go."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.ended = asyncio.Event()

    def host(self) -> Host:
        app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

        @app.route(route="slow", methods=["GET"])
        async def slow(req: func.HttpRequest) -> str:
            self.begun.set()
            await self.may_end.wait()
            self.ended.set()
            return "done"

        return Host(registered(app, {}).http, route_prefix="")


@pytest.fixture
async def slow() -> Slow:
    return Slow()


@asynccontextmanager
async def serving(host: Host) -> AsyncIterator[tuple[WebServer, int]]:
    with listening(0, "PORT") as listener:
        port = listener.getsockname()[1]
        server = WebServer(host, listener)
        await server.start()
        try:
            yield server, port
        finally:
            await server.stop()


async def test_a_handler_runs_to_its_end_though_its_caller_hung_up(slow: Slow) -> None:
    async with serving(slow.host()) as (_, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        await slow.begun.wait()

        writer.close()
        await writer.wait_closed()
        slow.may_end.set()

        await asyncio.wait_for(slow.ended.wait(), 5)


async def test_a_stop_gives_the_answers_that_were_begun(slow: Slow) -> None:
    async with serving(slow.host()) as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        await slow.begun.wait()

        stopping = asyncio.create_task(server.stop())
        await asyncio.sleep(0)
        slow.may_end.set()
        answered = await reader.read()
        await stopping
        await server.ended()

        writer.close()
        await writer.wait_closed()
    assert answered.startswith(b"HTTP/1.1 200 OK")
    assert answered.endswith(b"done")
