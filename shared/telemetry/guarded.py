"""Whatever an adapter does, nobody who tells it something hears of it: telemetry never fails a sale."""

import logging
from typing import Any, Final, Protocol

from shared.telemetry.figures import Read
from shared.telemetry.spans import Span, Spanning

_LOG: Final = logging.getLogger("payments.telemetry")


class Adapter(Protocol):
    """What every adapter has."""

    def event(self, name: str, /, **fields: object) -> None: ...

    def alarm(self, name: str, /, **fields: object) -> None: ...

    def count(self, name: str, n: int = 1, /, **dimensions: str) -> None: ...

    def observe_ms(self, name: str, value_ms: float, /, **dimensions: str) -> None: ...

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None: ...

    def ended(self, span: Span) -> None: ...


class GuardedTelemetry(Spanning):
    """Passes everything on to `adapter`; the log says once for each kind of failure that it failed."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self._told: set[str] = set()

    def event(self, name: str, /, **fields: object) -> None:
        try:
            self.adapter.event(name, **fields)
        except Exception as error:
            self._failed(error)

    def alarm(self, name: str, /, **fields: object) -> None:
        try:
            self.adapter.alarm(name, **fields)
        except Exception as error:
            self._failed(error)

    def count(self, name: str, n: int = 1, /, **dimensions: str) -> None:
        try:
            self.adapter.count(name, n, **dimensions)
        except Exception as error:
            self._failed(error)

    def observe_ms(self, name: str, value_ms: float, /, **dimensions: str) -> None:
        try:
            self.adapter.observe_ms(name, value_ms, **dimensions)
        except Exception as error:
            self._failed(error)

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None:
        try:
            self.adapter.gauge(name, value, **dimensions)
        except Exception as error:
            self._failed(error)

    def ended(self, span: Span) -> None:
        try:
            self.adapter.ended(span)
        except Exception as error:
            self._failed(error)

    def watch(self, name: str, read: Read) -> None:
        """Where the adapter keeps figures; a log does not."""
        watch: Any = getattr(self.adapter, "watch", None)
        if watch is not None:
            watch(name, read)

    def close(self) -> None:
        close: Any = getattr(self.adapter, "close", None)
        if close is not None:
            close()

    def _failed(self, error: Exception) -> None:
        kind = type(error).__name__
        if kind not in self._told:
            self._told.add(kind)
            _LOG.error("telemetry failed: %s", kind)
