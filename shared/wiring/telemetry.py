"""What the service's work is told through, as TELEMETRY says. Nothing of a library is imported here."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.settings import Settings
from shared.telemetry.exported import ExportedTelemetry, Exporter
from shared.telemetry.guarded import Adapter, GuardedTelemetry
from shared.telemetry.log import LoggedTelemetry
from shared.telemetry.memory import MemoryTelemetry
from shared.use_cases import ports


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
