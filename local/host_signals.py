"""What Azure's host and services would measure by themselves, kept on a laptop: invocations, queues, the database."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import azure.functions as func

from local.bus import Depth
from shared.telemetry.kept import Kept
from shared.telemetry.memory import MemoryTelemetry

# Azure samples its metrics once a minute; a person who looks at a page is less patient.
SAMPLE_EVERY_S: Final = 15.0
BUS, SQL = "MICROSOFT.SERVICEBUS", "MICROSOFT.SQL"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a function, as the host tells it. `code` is 0 where nobody was answered: a message, a timer."""

    number: int
    at: datetime
    function: str
    code: int
    succeeded: bool
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A metric of a service at one moment; `total` is what was added up since the sample before."""

    number: int
    at: datetime
    provider: str
    metric: str
    value: float
    total: float = 0.0


class HostSignals:
    """`now` is the local clock: a call during which it was moved took as long."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._lock, self._number = now, threading.Lock(), 0
        self._invocations: Kept[Invocation] = Kept()
        self._samples: Kept[Sample] = Kept()
        self._succeeded: Counter[str] = Counter()
        self._completed = 0
        self._sampled_at = now()
        self._busy_ms = 0.0

    def now(self) -> datetime:
        return self._now()

    def ended(self, function: str, began: datetime, answer: object) -> None:
        """A function returned `answer`, or raised it."""
        code = answer.status_code if isinstance(answer, func.HttpResponse) else 0
        failed = isinstance(answer, BaseException)
        if failed and function[:1].isupper():
            # The platform answers for an HTTP function that raised.
            code = 500
        took_ms = (self._now() - began).total_seconds() * 1000
        with self._lock:
            self._number += 1
            told = Invocation(self._number, began, function, code, not failed and code < 400, took_ms)
            self._invocations.add(function, told)
            self._succeeded[function] += told.succeeded

    def sample(self, depths: Mapping[str, Depth], bus_functions: Collection[str], memory: MemoryTelemetry) -> None:
        """How things stand now, all queues together; and how busy the database was since the last time."""
        now = self._now()
        done = sum(self._succeeded[function] for function in bus_functions)
        self._bus(depths, done - self._completed)
        self._completed = done
        busy_ms = _database_ms(memory)
        elapsed_ms = max(1.0, (now - self._sampled_at).total_seconds() * 1000)
        self._add(SQL, "workers_percent", min(100.0, max(0.0, busy_ms - self._busy_ms) / elapsed_ms * 100))
        self._busy_ms, self._sampled_at = busy_ms, now

    def invocations(self, after: int = 0) -> list[Invocation]:
        with self._lock:
            return self._invocations.after(after)

    def samples(self, after: int = 0) -> list[Sample]:
        with self._lock:
            return self._samples.after(after)

    def _bus(self, depths: Mapping[str, Depth], completed: int) -> None:
        self._add(BUS, "ActiveMessages", sum(depth.active for depth in depths.values()))
        self._add(BUS, "ScheduledMessages", sum(depth.scheduled for depth in depths.values()))
        self._add(BUS, "DeadletteredMessages", sum(depth.dead_lettered for depth in depths.values()))
        self._add(BUS, "CompleteMessage", completed, total=completed)

    def _add(self, provider: str, metric: str, value: float, *, total: float = 0.0) -> None:
        with self._lock:
            self._number += 1
            self._samples.add(metric, Sample(self._number, self._now(), provider, metric, value, total))


def _database_ms(memory: MemoryTelemetry) -> float:
    return memory.total_ms("db.duration")


def old(now: datetime) -> datetime:
    """Before that no alarm looks."""
    return now - timedelta(hours=6, minutes=30)
