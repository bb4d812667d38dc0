"""Figures sent to Application Insights by a thread of their own; events stay lines of the log, which the host ships."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from shared.telemetry.figures import Figures, Read, Taken
from shared.telemetry.log import LoggedTelemetry
from shared.telemetry.spans import Span

# One minute is what Application Insights adds metrics up to; less costs requests and shows nothing more.
EVERY_S: Final = 60.0
# Spans that wait to be sent. What is more is not kept: a figure counts them all.
SPANS_MAX: Final = 2048
# What a process may take for its last figures when it ends; the host's own grace is longer.
CLOSE_WITHIN_S: Final = 3.0

_LOG: Final = logging.getLogger("payments.telemetry")


class Exporter(Protocol):
    """Sends over the network. May raise and may take its time: it runs on a thread that nobody waits for."""

    def send(self, taken: Taken, spans: Sequence[Span]) -> None: ...

    def close(self) -> None: ...


class ExportedTelemetry(LoggedTelemetry):
    """
    `load` imports the library and makes the exporter: on the thread, at the first time that there is something to send,
    so neither a cold start nor a sale waits for it. One that fails is tried again at the next interval; its figures are
    lost, and the log says once what kind of failure it was.
    """

    def __init__(self, load: Callable[[], Exporter], *, every_s: float = EVERY_S, keeps_spans: bool = False) -> None:
        self._load, self._every_s, self._keeps_spans = load, every_s, keeps_spans
        self._figures, self._spans = Figures(), deque[Span](maxlen=SPANS_MAX)
        self._exporter: Exporter | None = None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._started = False
        self._starting = threading.Lock()
        self._failing = ""

    def count(self, name: str, n: int = 1, /, **dimensions: str) -> None:
        self._figures.count(name, n, dimensions)
        self._start()

    def observe_ms(self, name: str, value_ms: float, /, **dimensions: str) -> None:
        self._figures.observe_ms(name, value_ms, dimensions)
        self._start()

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None:
        self._figures.gauge(name, value, dimensions)
        self._start()

    def watch(self, name: str, read: Read) -> None:
        self._figures.watch(name, read)

    def ended(self, span: Span) -> None:
        if self._keeps_spans and span.trace.sampled:
            self._spans.append(span)
        super().ended(span)

    def flush(self) -> None:
        """Send what there is. Never raises."""
        try:
            taken, spans = self._figures.taken(), [self._spans.popleft() for _ in range(len(self._spans))]
            if self._exporter is None:
                self._exporter = self._load()
            self._exporter.send(taken, spans)
            self._failing = ""
        except Exception as error:
            if self._failing != type(error).__name__:
                self._failing = type(error).__name__
                _LOG.warning("figures are not sent: %s", self._failing)

    def close(self) -> None:
        """Send the last figures, for CLOSE_WITHIN_S at most."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(CLOSE_WITHIN_S)

    def _start(self) -> None:
        if self._thread is not None:
            return
        with self._starting:
            # Another thread may have been here between the look and the lock.
            if not self._started and not self._ending.is_set():
                self._started = True
                self._thread = threading.Thread(target=self._work, name="telemetry", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while not self._ending.wait(self._every_s):
            self.flush()
        self.flush()
        if self._exporter is not None:
            self._exporter.close()
