"""In memory: for tests, and for the page and the alarms of a laptop."""

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.telemetry.figures import Durations, Figures, Read, Taken
from shared.telemetry.kept import Kept
from shared.telemetry.log import LoggedTelemetry, line
from shared.telemetry.spans import Span, Spanning

SLOT_S: Final = 10
SLOTS_MAX: Final = 6 * 3600 // SLOT_S
SPANS_MAX: Final = 2000


class RecordedTelemetry(Spanning):
    """Keeps what it is told, in order, as (name, fields): for tests."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self.alarms: list[tuple[str, dict[str, object]]] = []
        self.counts: list[tuple[str, int, dict[str, str]]] = []
        self.observed: list[tuple[str, float, dict[str, str]]] = []
        self.gauges: list[tuple[str, float, dict[str, str]]] = []

    def event(self, name: str, /, **fields: object) -> None:
        self.events.append((name, fields))

    def alarm(self, name: str, /, **fields: object) -> None:
        self.alarms.append((name, fields))

    def count(self, name: str, n: int = 1, /, **dimensions: str) -> None:
        self.counts.append((name, n, dimensions))

    def observe_ms(self, name: str, value_ms: float, /, **dimensions: str) -> None:
        self.observed.append((name, value_ms, dimensions))

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None:
        self.gauges.append((name, value, dimensions))


@dataclass(frozen=True, slots=True)
class Line:
    """An event as it would stand in the log. `number` counts them all, also those that are gone."""

    number: int
    at: datetime
    text: str

    @property
    def told(self) -> dict[str, object]:
        read: dict[str, object] = json.loads(self.text)
        return read


@dataclass(frozen=True, slots=True)
class Slot:
    """The figures of SLOT_S seconds from `at`."""

    at: datetime
    taken: Taken = field(repr=False)


class MemoryTelemetry(LoggedTelemetry):
    """
    Keeps the last events of each name and the figures of the last hours; writes events to the log as well.

    `now` is the clock that everything else goes by. Bounded: what is too old, or too much, is forgotten.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._lock, self._figures = now, threading.Lock(), Figures()
        self._lines: Kept[Line] = Kept()
        self._number = 0
        self._total_ms: dict[str, float] = {}
        self._slots: deque[Slot] = deque(maxlen=SLOTS_MAX)
        self.spans: deque[Span] = deque(maxlen=SPANS_MAX)

    def event(self, name: str, /, **fields: object) -> None:
        self._keep(name, text := line(name, fields))
        self.written(text)

    def alarm(self, name: str, /, **fields: object) -> None:
        self._keep(name, text := line(name, {"alarm": True, **fields}))
        self.written(text, logging.ERROR)

    def count(self, name: str, n: int = 1, /, **dimensions: str) -> None:
        self._figures.count(name, n, dimensions)

    def observe_ms(self, name: str, value_ms: float, /, **dimensions: str) -> None:
        self._figures.observe_ms(name, value_ms, dimensions)
        with self._lock:
            self._total_ms[name] = self._total_ms.get(name, 0.0) + value_ms

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None:
        self._figures.gauge(name, value, dimensions)

    def total_ms(self, name: str) -> float:
        """How long everything of that name took since this process began."""
        with self._lock:
            return self._total_ms.get(name, 0.0)

    def watch(self, name: str, read: Read) -> None:
        self._figures.watch(name, read)

    def ended(self, span: Span) -> None:
        self.spans.append(span)
        super().ended(span)

    def lines(self, after: int = 0) -> list[Line]:
        """What was told since line `after`, oldest first."""
        with self._lock:
            return self._lines.after(after)

    def slots(self) -> list[Slot]:
        """The figures by time, those of this moment included."""
        self.tick()
        with self._lock:
            return list(self._slots)

    def tick(self) -> None:
        """End the slot that is being filled."""
        at, taken = self._now(), self._figures.taken()
        start = datetime.fromtimestamp(int(at.timestamp()) // SLOT_S * SLOT_S, at.tzinfo)
        with self._lock:
            if self._slots and self._slots[-1].at == start:
                taken = _together(self._slots.pop().taken, taken)
            self._slots.append(Slot(start, taken))

    def _keep(self, name: str, text: str) -> None:
        with self._lock:
            self._number += 1
            self._lines.add(name, Line(self._number, self._now(), text))


def _together(one: Taken, other: Taken) -> Taken:
    counts = dict(one.counts)
    for key, n in other.counts.items():
        counts[key] = counts.get(key, 0) + n
    durations: dict[tuple[str, tuple[tuple[str, str], ...]], Durations] = dict(one.durations)
    for key, more in other.durations.items():
        durations[key] = _sum(durations[key], more) if key in durations else more
    return Taken(counts, durations, other.gauges, one.dropped + other.dropped)


def _sum(one: Durations, other: Durations) -> Durations:
    buckets = [a + b for a, b in zip(one.buckets, other.buckets, strict=True)]
    return Durations(one.count + other.count, one.sum_ms + other.sum_ms, max(one.max_ms, other.max_ms), buckets)


def merged(slots: Iterable[Slot]) -> Taken:
    """The figures of several slots as one; gauges as they last stood."""
    total = Taken({}, {}, {})
    for slot in slots:
        total = _together(total, slot.taken)
    return total


def of(values: Mapping[tuple[str, tuple[tuple[str, str], ...]], object], name: str) -> list[dict[str, str]]:
    """The dimensions under which `name` was told."""
    return [dict(dimensions) for known, dimensions in values if known == name]
