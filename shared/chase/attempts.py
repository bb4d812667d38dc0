"""How attempts at Chase are told: each one a span of its trace, and a figure by operation and result."""

from typing import Any, Protocol

from shared.payments.retry import Call
from shared.telemetry.spans import Span, Spanning


class Telling(Protocol):
    """Of ports.Telemetry, what is needed here."""

    def count(self, name: str, n: int = 1, /, **dimensions: str) -> None: ...

    def span(self, name: str, /, **dimensions: str) -> Any: ...


class Attempts:
    """Under `mode`, live or shadow. Without telemetry spans still are, since calls carry their ids."""

    def __init__(self, telling: Telling | None = None, mode: str = "live") -> None:
        self._telling, self._mode = telling, mode
        self._untold = Spanning()

    def span(self, call: Call) -> Span:
        dimensions = {"operation": call.value, "mode": self._mode}
        if self._telling is None:
            return self._untold.span("chase.duration", **dimensions)
        span: Span = self._telling.span("chase.duration", **dimensions)
        return span

    def retried(self, call: Call) -> None:
        if self._telling is not None:
            self._telling.count("chase.retries", operation=call.value, mode=self._mode)
