"""Everything that runs on a developer's machine, joined: simulator, service, timers, bus, web server, one clock."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from function_app import app
from local.bus import Bus
from local.bus_publisher import BusPublisher
from local.chase_simulator import ChaseSimulator
from local.clock import SETTLE_WITHIN_S, LocalClock
from local.dashboard import Dashboard
from local.environment import PORT, SIMULATOR_PORT, data_dir, local_environment, port, simulated_clients
from local.greeting import greeting
from local.host import Host
from local.host_settings import HostSettings
from local.http_messages import Scope
from local.keys import LocalKeys, local_keys
from local.ports import LOOPBACK, listening, require_free
from local.refusal import CannotStart
from local.registered import BusFunction, registered
from local.timers import Timers
from local.watching import Watching
from local.web_server import WebServer
from shared import wiring
from shared.messaging.login import Login
from shared.settings import Settings, SettingsError
from shared.wiring.broker import service_bus_login
from shared.wiring.build import build

_HOST_JSON: Final = Path(__file__).parents[1] / "host.json"
# Migrations and a first commit take a tenth of this.
_READY_WITHIN_S: Final = 15.0
_LOOK_EVERY_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Laptop:
    """What runs. `greeting` is for the developer who started it; `ended` returns if the web server stops by itself."""

    greeting: str
    web_server: WebServer


@asynccontextmanager
async def running(environ: Mapping[str, str]) -> AsyncIterator[Laptop]:
    """
    All of it, ready to be called; taken down in the opposite order at the end, each part finishing what it began.

    Raises CannotStart: a setting, a port, the data directory, or the service itself did not become ready.
    """
    directory = data_dir(environ)
    keys = _keys(directory)
    service_port, control_port, settings = _settings(environ, directory, keys)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listening(service_port, "PORT"))
        clock = LocalClock(scale=settings.local_time_scale)
        simulator = await _simulator(stack, settings, directory, clock, control_port)

        given = local_environment(directory, keys, simulator.base_url, simulator.token_url, environ)
        host = await _service(stack, given, clock)
        web_server = WebServer(host, listener)
        # First to go: nothing may be asked of parts that are closed.
        stack.push_async_callback(web_server.stop)
        await web_server.start()

        api_path = f"/{HostSettings.read(_HOST_JSON).route_prefix}"
        await _until_ready(host, f"{api_path}/health/ready")
        text = greeting(
            api_url=f"http://{LOOPBACK}:{listener.getsockname()[1]}{api_path}",
            simulator_url=simulator.control_url,
            data_dir=str(directory),
            unique=str(uuid.uuid4()),
            environ=environ,
        )
        yield Laptop(text, web_server)


def _keys(directory: Path) -> LocalKeys:
    try:
        return local_keys(directory)
    except OSError as error:
        raise CannotStart(f"LOCAL_DATA_DIR: {directory} cannot be used: {error.strerror}.") from None


def _settings(environ: Mapping[str, str], directory: Path, keys: LocalKeys) -> tuple[int, int, Settings]:
    """Before Chase's address is known, so that a wrong setting stops the start before anything runs."""
    unknown = f"http://{LOOPBACK}"
    try:
        return (
            port(environ, "PORT", PORT),
            port(environ, "CHASE_SIMULATOR_PORT", SIMULATOR_PORT),
            Settings.from_environment(local_environment(directory, keys, unknown, unknown, environ)),
        )
    except SettingsError as error:
        raise CannotStart(str(error), exit_code=2) from None


async def _simulator(
    stack: AsyncExitStack, settings: Settings, directory: Path, clock: LocalClock, control_port: int
) -> ChaseSimulator:
    for needed in (control_port, control_port + 1) if control_port else ():
        require_free(needed, "CHASE_SIMULATOR_PORT")
    simulator = ChaseSimulator(
        books=directory / "chase-books.sqlite3",
        clock=clock,
        ends_after_s=settings.pace.chase_ends_after_s,
        credentials=simulated_clients(settings),
    )
    stack.push_async_callback(simulator.stop)
    await simulator.start(control_port=control_port)
    return simulator


async def _service(stack: AsyncExitStack, given: Mapping[str, str], clock: LocalClock) -> Host | Dashboard:
    settings = Settings.from_environment(given)
    login, host_settings = service_bus_login(settings), HostSettings.read(_HOST_JSON)
    publisher = BusPublisher() if login is None else None
    services = build(settings, publisher=publisher, clock=clock)
    stack.push_async_callback(services.close)
    wiring.use(services)
    stack.callback(wiring.use, None)

    watching = Watching(clock)
    functions = registered(app, given, watched_by=watching.signals)
    bus: Bus | None = None
    timers = Timers(functions.timers, clock=clock)
    clock.on_advance(timers.run_due)
    if publisher is not None:
        bus = await _bus(stack, functions.bus, publisher, clock, host_settings)
        # After the timers: what they put on the bus falls due with them.
        clock.on_advance(partial(_at_rest, bus))
    elif login is not None:
        await _broker(stack, functions.bus, login, host_settings)
    stack.push_async_callback(timers.stop)
    await timers.start()
    host = Host(functions.http, route_prefix=host_settings.route_prefix)
    shown = watching.began(host, functions, services.telemetry, bus)
    stack.push_async_callback(watching.stop)
    if isinstance(shown, Dashboard):
        stack.push_async_callback(shown.close)
    return shown


async def _bus(
    stack: AsyncExitStack,
    functions: Iterable[BusFunction],
    publisher: BusPublisher,
    clock: LocalClock,
    host_settings: HostSettings,
) -> Bus:
    bus = Bus(functions, clock=clock, max_concurrent_calls=host_settings.max_concurrent_calls)
    stack.push_async_callback(bus.stop)
    publisher.attach(bus)
    await bus.start()
    return bus


async def _at_rest(bus: Bus) -> None:
    """Return when what is due was delivered, or a person has waited long enough."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_WITHIN_S):
            await bus.deliver_due()
            await bus.idle()


async def _broker(
    stack: AsyncExitStack, functions: Iterable[BusFunction], login: Login, host_settings: HostSettings
) -> None:
    from local.broker import Broker  # noqa: PLC0415 - it costs 0.2 s, and few laptops have a broker

    broker = Broker(functions, login, max_concurrent_calls=host_settings.max_concurrent_calls)
    stack.push_async_callback(broker.stop)
    await broker.start()


async def _until_ready(host: Host | Dashboard, path: str) -> None:
    try:
        async with asyncio.timeout(_READY_WITHIN_S):
            while True:
                if await _status(host, path) == 200:
                    return
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        raise CannotStart(f"The service did not become ready within {_READY_WITHIN_S:.0f} s: see {path}.") from None


async def _status(host: Host | Dashboard, path: str) -> int:
    """The status of a GET, in process."""
    scope: Scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    sent: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await host(scope, receive, send)
    return int(sent[0]["status"])
