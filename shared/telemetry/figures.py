"""
Figures of this process, added up in memory: what a sale pays for one is a look into a dictionary.

Whoever sends them takes what has come since the last time (`taken`), so sums over intervals are right whatever the
library behind it makes of counters, and a process that restarts begins at nothing.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

# Upper ends in ms; more than the last is in a bucket of its own. Chase ends a transaction after 70 s.
BOUNDS_MS: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 75_000)
# More than all names times all their dimensions: beyond it somebody uses an id as a dimension.
SERIES_MAX: Final = 2000

Dimensions = tuple[tuple[str, str], ...]
_Key = tuple[str, Dimensions]
Read = Callable[[], Iterable[tuple[Mapping[str, str], float]]]


@dataclass(slots=True)
class Durations:
    """How many, how long together, and how many up to each of BOUNDS_MS (the last: beyond all)."""

    count: int
    sum_ms: float
    max_ms: float
    buckets: list[int]

    @classmethod
    def none(cls) -> "Durations":
        return cls(0, 0.0, 0.0, [0] * (len(BOUNDS_MS) + 1))

    def add(self, value_ms: float) -> None:
        self.count += 1
        self.sum_ms += value_ms
        self.max_ms = max(self.max_ms, value_ms)
        self.buckets[bisect_left(BOUNDS_MS, value_ms)] += 1


@dataclass(frozen=True, slots=True)
class Taken:
    """What came since the last time; gauges as they stand. `dropped` had too many dimensions."""

    counts: Mapping[_Key, int]
    durations: Mapping[_Key, Durations]
    gauges: Mapping[_Key, float]
    dropped: int = 0


class Figures:
    """Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[_Key, int] = {}
        self._durations: dict[_Key, Durations] = {}
        self._gauges: dict[_Key, float] = {}
        self._watched: list[tuple[str, Read]] = []
        self._dropped = 0

    def count(self, name: str, n: int, dimensions: dict[str, str]) -> None:
        key = (name, tuple(dimensions.items()))
        with self._lock:
            if key in self._counts:
                self._counts[key] += n
            elif len(self._counts) < SERIES_MAX:
                self._counts[key] = n
            else:
                self._dropped += 1

    def observe_ms(self, name: str, value_ms: float, dimensions: dict[str, str]) -> None:
        key = (name, tuple(dimensions.items()))
        with self._lock:
            durations = self._durations.get(key)
            if durations is None:
                if len(self._durations) >= SERIES_MAX:
                    self._dropped += 1
                    return
                durations = self._durations[key] = Durations.none()
            durations.add(value_ms)

    def gauge(self, name: str, value: float, dimensions: dict[str, str]) -> None:
        with self._lock:
            self._gauges[name, tuple(dimensions.items())] = value

    def watch(self, name: str, read: Read) -> None:
        """`read` is asked whenever figures are taken: what it looks at costs nobody anything in between."""
        self._watched.append((name, read))

    def taken(self) -> Taken:
        """What came since the last call; each figure is handed out once."""
        for name, read in self._watched:
            for dimensions, value in read():
                self.gauge(name, value, dict(dimensions))
        with self._lock:
            taken = Taken(self._counts, self._durations, dict(self._gauges), self._dropped)
            self._counts, self._durations, self._dropped = {}, {}, 0
        return taken
