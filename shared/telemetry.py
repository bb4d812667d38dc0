"""Events and alarms by name. A thin seam: what stands behind it is chosen in wiring."""

import json
import logging
from contextvars import ContextVar
from typing import Final

# Set by the door for the length of a call; every event carries it.
correlation_id: Final[ContextVar[str | None]] = ContextVar("correlation_id", default=None)

_LOG: Final = logging.getLogger("payments")


class LoggedTelemetry:
    """
    One line of JSON per event on the logger `payments`: events as INFO, alarms as ERROR.

    Callers name each field; a Secret among them prints as stars.
    """

    def event(self, name: str, /, **fields: object) -> None:
        if _LOG.isEnabledFor(logging.INFO):
            _LOG.info(_line(name, fields))

    def alarm(self, name: str, /, **fields: object) -> None:
        _LOG.error(_line(name, {"alarm": True, **fields}))


def _line(name: str, fields: dict[str, object]) -> str:
    return json.dumps({"event": name, "correlationId": correlation_id.get(), **fields}, default=str)


class RecordedTelemetry:
    """Keeps what it is told, in order, as (name, fields): for tests, and for a page on a laptop."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self.alarms: list[tuple[str, dict[str, object]]] = []

    def event(self, name: str, /, **fields: object) -> None:
        self.events.append((name, fields))

    def alarm(self, name: str, /, **fields: object) -> None:
        self.alarms.append((name, fields))
