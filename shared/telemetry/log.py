"""Events and alarms as lines of JSON in the log. No figures: what counts them is behind the other adapters."""

import json
import logging
from typing import Final

from shared.telemetry.context import correlation_id, current_trace
from shared.telemetry.spans import Spanning

_LOG: Final = logging.getLogger("payments")
_LINES: Final = json.JSONEncoder(default=str)


class LoggedTelemetry(Spanning):
    """
    One line of JSON per event on the logger `payments`: events as INFO, alarms as ERROR.

    Callers name each field; a Secret among them prints as stars.
    """

    def event(self, name: str, /, **fields: object) -> None:
        if _LOG.isEnabledFor(logging.INFO):
            self.written(line(name, fields))

    def alarm(self, name: str, /, **fields: object) -> None:
        self.written(line(name, {"alarm": True, **fields}), logging.ERROR)

    def written(self, text: str, level: int = logging.INFO) -> None:
        """A `line` to the log."""
        _LOG.log(level, text)

    def count(self, name: str, n: int = 1, /, **dimensions: str) -> None:
        pass

    def observe_ms(self, name: str, value_ms: float, /, **dimensions: str) -> None:
        pass

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None:
        pass


def line(name: str, fields: dict[str, object]) -> str:
    """The event as it is written and as the queries read it, with the call that it belongs to."""
    told: dict[str, object] = {"event": name, "correlationId": correlation_id.get()}
    if (trace := current_trace.get()) is not None:
        told["traceId"] = trace.trace_id
        told["spanId"] = trace.span_id
    return _LINES.encode({**told, **fields})
