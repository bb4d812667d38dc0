"""How the verbs tell what they do: events, alarms, figures and spans."""

from typing import Any, Protocol


class Span(Protocol):
    """A step that lasts: calls made within it are its children in the trace. Its end is a figure."""

    def told(self, **dimensions: str) -> None:
        """What is known only at the end, such as the result."""

    def __enter__(self) -> "Span": ...

    def __exit__(self, kind: Any, error: Any, trace: Any, /) -> None: ...


class Telemetry(Protocol):
    """Never raises, and never waits. Figures are in shared/telemetry/catalogue.py: few dimensions, few values."""

    def event(self, name: str, /, **fields: object) -> None:
        """Something that happened, for the log; fields never hold a secret."""

    def alarm(self, name: str, /, **fields: object) -> None:
        """Something a person must look at."""

    def count(self, name: str, n: int = 1, /, **dimensions: str) -> None: ...

    def observe_ms(self, name: str, value_ms: float, /, **dimensions: str) -> None: ...

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None:
        """How it stands now: told by the timers that look anyway, never by a question of its own on a sale's way."""

    def span(self, name: str, /, **dimensions: str) -> Span: ...
