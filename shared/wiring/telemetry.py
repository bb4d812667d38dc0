"""What the service's work is told through, as TELEMETRY says. Nothing of a library is imported here."""

import asyncio
import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from shared.chase.breaker import BreakerState
from shared.chase.client import ChaseClient
from shared.payments.retry import MOVES_MONEY
from shared.settings import Settings
from shared.telemetry.exported import ExportedTelemetry, Exporter
from shared.telemetry.figures import Read
from shared.telemetry.guarded import Adapter, GuardedTelemetry
from shared.telemetry.log import LoggedTelemetry
from shared.telemetry.memory import MemoryTelemetry
from shared.use_cases import ports
from shared.wiring.services import Services

_BREAKER: Final = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


def telemetry(settings: Settings, clock: ports.Clock) -> GuardedTelemetry:
    """The adapter, behind a guard: it never raises."""
    return GuardedTelemetry(_ADAPTERS[settings.telemetry_through](settings, clock))


def _log(_settings: Settings, _clock: ports.Clock) -> Adapter:
    return LoggedTelemetry()


def _memory(_settings: Settings, clock: ports.Clock) -> Adapter:
    return MemoryTelemetry(clock.now)


def _opencensus(settings: Settings, _clock: ports.Clock) -> Adapter:
    def load() -> Exporter:
        from shared.telemetry.opencensus import OpenCensusExporter  # noqa: PLC0415 - 0.3 s, on the exporter's thread

        return OpenCensusExporter(**_options(settings))

    return ExportedTelemetry(load, every_s=settings.telemetry_every_s)


def _opentelemetry(settings: Settings, _clock: ports.Clock) -> Adapter:
    def load() -> Exporter:
        from shared.telemetry.opentelemetry import OpenTelemetryExporter  # noqa: PLC0415 - 0.4 s, on that thread too

        return OpenTelemetryExporter(**_options(settings))

    return ExportedTelemetry(load, every_s=settings.telemetry_every_s, keeps_spans=True)


_ADAPTERS: Final[Mapping[str, Callable[[Settings, ports.Clock], Adapter]]] = {
    "log": _log,
    "memory": _memory,
    "opencensus": _opencensus,
    "opentelemetry": _opentelemetry,
}


def _options(settings: Settings) -> dict[str, Any]:
    """Where figures go and as whom, in the words that both libraries share."""
    assert settings.applicationinsights_connection_string is not None, "settings require it"
    options: dict[str, Any] = {"connection_string": settings.applicationinsights_connection_string.reveal()}
    if settings.applicationinsights_authentication_string is not None:
        identity = importlib.import_module("azure.identity")
        options["credential"] = identity.ManagedIdentityCredential(client_id=settings.telemetry_client_id)
    return options


async def closed(told: ports.Telemetry) -> None:
    """Sends the last figures, on a thread: it may take a moment."""
    if isinstance(told, GuardedTelemetry):
        await asyncio.to_thread(told.close)


def watched(told: ports.Telemetry, services: Services, clients: Mapping[str, ChaseClient | None]) -> None:
    """
    What is looked at whenever figures are taken, and costs nobody anything in between.

    Each process tells its own: breakers and sales at work are in the process that takes sales, and in no timer's.
    """
    watch: Callable[[str, Read], None] | None = getattr(told, "watch", None)
    if watch is None:
        return
    there = {mode: client for mode, client in clients.items() if client is not None}
    database, admission = services.database, services.admission
    watch("sales.in_flight", lambda: [({}, admission.in_flight)])
    watch("db.connections_in_use", lambda: [({}, database.connections_in_use)])
    watch("db.round_trips", lambda: [({}, database.round_trips)])
    watch("chase.breaker_state", lambda: list(_breakers(there)))
    watch("chase.connections_opened", lambda: [({"mode": mode}, of.connections_opened) for mode, of in there.items()])
    watch("chase.token_fetches", lambda: [({"mode": mode}, of.token_fetches) for mode, of in there.items()])


def _breakers(clients: Mapping[str, ChaseClient]) -> Iterator[tuple[dict[str, str], float]]:
    for mode, client in clients.items():
        for call in sorted(MOVES_MONEY):
            yield {"operation": call.value, "mode": mode}, _BREAKER[client.breaker_state(call)]
