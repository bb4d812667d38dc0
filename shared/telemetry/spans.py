"""A step with a beginning and an end: it has a span id of its own while it lasts, and a duration afterwards."""

import time
from contextvars import Token
from types import TracebackType
from typing import Final

from shared.telemetry.context import Trace, begun, current_trace

FAILED: Final = "raised"


class Span:
    """
    `with telemetry.span("chase.duration", operation="sale") as span:`. What is called within is its child.

    Its dimensions, completed by `told`, are those of its figure: few and fixed values, never an id.
    """

    __slots__ = ("_began_s", "_spanning", "_token", "began_ns", "dimensions", "name", "took_ms", "trace")

    def __init__(self, spanning: "Spanning", name: str, dimensions: dict[str, str]) -> None:
        parent = current_trace.get()
        self._spanning, self.name, self.dimensions = spanning, name, dimensions
        self.trace: Trace = begun(None) if parent is None else parent.child()
        self._token: Token[Trace | None] | None = None
        self._began_s = 0.0
        self.began_ns, self.took_ms = 0, 0.0

    def told(self, **dimensions: str) -> None:
        """What is known only at the end, such as the result."""
        self.dimensions |= dimensions

    def __enter__(self) -> "Span":
        self._token = current_trace.set(self.trace)
        self.began_ns, self._began_s = time.time_ns(), time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        self.took_ms = (time.perf_counter() - self._began_s) * 1000
        if self._token is not None:
            current_trace.reset(self._token)
        if kind is not None:
            self.dimensions.setdefault("result", FAILED)
        self._spanning.ended(self)


class Spanning:
    """What every adapter shares: spans, whose end is a figure of their name."""

    def span(self, name: str, /, **dimensions: str) -> Span:
        return Span(self, name, dimensions)

    def ended(self, span: Span) -> None:
        self.observe_ms(span.name, span.took_ms, **span.dimensions)

    def observe_ms(self, name: str, value_ms: float, /, **dimensions: str) -> None:
        """Each adapter has its own."""
