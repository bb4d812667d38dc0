"""A small function app with one of everything, and a client that calls an ASGI app without a socket."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import pytest

from local.clock import ManualClock
from local.host import Host
from local.registered import BusFunction, Function, TimerFunction, registered

START = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)


@dataclass
class Answered:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class Caller:
    """Calls an ASGI app. `disconnect` hangs up before the body's end; `read` counts the chunks that the app took."""

    app: Any
    read: int = 0

    async def __call__(
        self,
        method: str,
        target: str,
        *,
        headers: list[tuple[str, str]] | None = None,
        chunks: tuple[bytes, ...] = (b"",),
        disconnect: bool = False,
    ) -> Answered | None:
        raw_path, _, query = target.partition("?")
        sent: list[Mapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if self.read == len(chunks):
                return {"type": "http.disconnect"}
            self.read += 1
            more_body = disconnect or self.read < len(chunks)
            return {"type": "http.request", "body": chunks[self.read - 1], "more_body": more_body}

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        self.read = 0
        await self.app(
            {
                "type": "http",
                "scheme": "http",
                "method": method,
                "path": raw_path,
                "raw_path": raw_path.encode("latin-1"),
                "query_string": query.encode("latin-1"),
                "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers or []],
            },
            receive,
            send,
        )
        return _answered(sent) if sent else None


def _answered(sent: list[Mapping[str, Any]]) -> Answered:
    start, body = sent
    headers = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
    return Answered(start["status"], headers, body["body"])


@dataclass
class Seen:
    """What the sample functions were called with, in order."""

    calls: list[Any] = field(default_factory=list)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def _http_functions() -> func.Blueprint:
    bp = func.Blueprint()

    @bp.function_name("Echo")
    @bp.route(route="echo", methods=["POST"])
    async def echo(req: func.HttpRequest) -> func.HttpResponse:
        shown = {
            "url": req.url,
            "headers": dict(req.headers),
            "params": dict(req.params),
            "body": req.get_body().decode(),
        }
        return func.HttpResponse(json.dumps(shown), status_code=201, mimetype="application/json")

    @bp.function_name("OneThing")
    @bp.route(route="things/{id}", methods=["GET"])
    def one_thing(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        return func.HttpResponse(f"{context.function_name}:{req.route_params['id']}:{len(context.invocation_id)}")

    @bp.function_name("ListThings")
    @bp.route(route="things/list", methods=["GET"])
    async def list_things(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("the list")

    @bp.function_name("VoidThing")
    @bp.route(route="things/{id}/void", methods=["POST"])
    async def void_thing(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(f"void {req.route_params['id']}")

    @bp.function_name("Fails")
    @bp.route(route="fails", methods=["GET"])
    async def fails(req: func.HttpRequest) -> func.HttpResponse:
        raise RuntimeError("on purpose")

    @bp.function_name("TwoCookies")
    @bp.route(route="cookies", methods=["GET"])
    async def cookies(req: func.HttpRequest) -> func.HttpResponse:
        answer = func.HttpResponse("ok", headers={"X-One": "1"})
        answer.headers.add("X-Many", "a")
        answer.headers.add("X-Many", "b")
        return answer

    return bp


@pytest.fixture
def app(seen: Seen) -> func.FunctionApp:
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    app.register_functions(_http_functions())

    @app.function_name("chase_retry")
    @app.service_bus_queue_trigger(arg_name="message", queue_name="%RETRY_QUEUE%", connection="ServiceBusConnection")
    async def chase_retry(message: func.ServiceBusMessage) -> None:
        seen.calls.append(message)

    @app.function_name("sweep")
    @app.timer_trigger(schedule="0 * * * * *", arg_name="timer", run_on_startup=False)
    async def sweep(timer: func.TimerRequest) -> None:
        seen.calls.append(timer)

    return app


@pytest.fixture
def call(app: func.FunctionApp) -> Caller:
    return Caller(Host(registered(app, {"RETRY_QUEUE": "chase-retry"}).http, route_prefix="api/v1"))


@pytest.fixture
def now_s() -> int:
    """Real time in epoch seconds: authentication goes by nothing else."""
    return int(time.time())


@pytest.fixture
def calling() -> type[Caller]:
    """Makes a caller of any ASGI app."""
    return Caller


@pytest.fixture
def from_queue() -> Callable[[Callable[[Any], Awaitable[Any]]], list[BusFunction]]:
    """A handler, registered for the queue `work`."""
    return lambda handler: [BusFunction(_function("Work", handler), "work")]


@pytest.fixture
def by_timer() -> Callable[..., list[TimerFunction]]:
    """A handler, registered for a schedule."""

    def registered_timer(
        handler: Callable[[Any], Awaitable[Any]], schedule: str = "0 * * * * *", *, run_on_startup: bool = False
    ) -> list[TimerFunction]:
        return [TimerFunction(_function("Tick", handler), schedule, run_on_startup)]

    return registered_timer


def _function(name: str, handler: Callable[[Any], Awaitable[Any]]) -> Function:
    async def called(trigger: Any) -> Any:
        return await handler(trigger)

    return Function(name, called, argument="trigger", takes_context=False, is_async=True)
