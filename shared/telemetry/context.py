"""
To which call what happens belongs: its correlation id and its W3C trace context, in one place.

A caller's `tracestate` is not passed on: it is its vendors' own data, and would go to Chase.
"""

import os
import re
from collections.abc import Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any, Final

from shared.payments.cards import holds_a_number

TRACEPARENT: Final = "traceparent"
CORRELATION: Final = "correlationId"

# Set by the door for the length of a call; every event carries them.
correlation_id: Final[ContextVar[str | None]] = ContextVar("correlation_id", default=None)
current_trace: Final["ContextVar[Trace | None]"] = ContextVar("current_trace", default=None)

# Version 00. Later versions only append, so what is known of them is read the same way; ff is forbidden.
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_SAMPLED: Final = 1
# The shortest card number. Looked for first, because looking for a number takes as long as all the rest.
_DIGITS: Final = re.compile(r"[0-9]{13}")


@dataclass(frozen=True, slots=True)
class Trace:
    """One step of a call: the trace that it belongs to, and its own span. `parent_id` is the step that made it."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def child(self) -> "Trace":
        """The next step inward, with a span of its own."""
        return Trace(self.trace_id, _random_hex(8), self.span_id, self.sampled)


def begun(traceparent: str | None) -> Trace:
    """
    Our first step in a call: within the caller's trace, or in a new one where it sent none that can be read.

    One whose digits may be a card number is not taken up: it would reach every log.
    """
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None or int(found[1], 16) == 0 or int(found[2], 16) == 0:
        return Trace(_random_hex(16), _random_hex(8))
    if any(_DIGITS.search(part) and holds_a_number(part) for part in found.groups()):
        return Trace(_random_hex(16), _random_hex(8))
    return Trace(found[1], found[2], sampled=bool(int(found[3], 16) & _SAMPLED)).child()


def _random_hex(size: int) -> str:
    return os.urandom(size).hex()


class entered:
    """Within it everything belongs to this call. `traceparent` is as the caller sent it, or None."""

    __slots__ = ("_correlation", "_tokens", "trace")

    def __init__(self, correlation: str | None, traceparent: str | None) -> None:
        self._correlation, self.trace = correlation, begun(traceparent)
        self._tokens: tuple[Token[str | None], Token[Trace | None]] | None = None

    def __enter__(self) -> Trace:
        self._tokens = (correlation_id.set(self._correlation), current_trace.set(self.trace))
        return self.trace

    def __exit__(self, *_: Any) -> None:
        if self._tokens is not None:
            correlation_id.reset(self._tokens[0])
            current_trace.reset(self._tokens[1])


def outgoing() -> Mapping[str, str]:
    """The header of a call that we make now; it begins a trace where there is none."""
    return {TRACEPARENT: (current_trace.get() or begun(None)).traceparent}


def beside_a_message() -> dict[str, str]:
    """What goes beside a message, and beside its row: never into its body."""
    correlation, trace = correlation_id.get(), current_trace.get()
    told = {CORRELATION: correlation, TRACEPARENT: None if trace is None else trace.traceparent}
    return {name: value for name, value in told.items() if value is not None}
