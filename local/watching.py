"""Joins what watches a laptop: the service's own telemetry, the host's signals, and the page that shows both."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from local.bus import Depth
from local.clock import LocalClock
from local.dashboard import Dashboard
from local.host import Host
from local.host_signals import SAMPLE_EVERY_S, HostSignals
from local.registered import Registered
from shared.telemetry.guarded import GuardedTelemetry
from shared.telemetry.memory import MemoryTelemetry

_NO_QUEUES: Final[Mapping[str, Depth]] = {}


class HasDepths(Protocol):
    def depths(self) -> Mapping[str, Depth]: ...


class Watching:
    """`signals` goes to `registered(watched_by=...)`; then `began` once there is a host to show."""

    def __init__(self, clock: LocalClock) -> None:
        self.signals = HostSignals(clock.now)
        self._clock = clock
        self._sampling: asyncio.Task[None] | None = None
        self._sample: Callable[[], None] = lambda: None

    def began(self, host: Host, functions: Registered, telemetry: object, bus: HasDepths | None) -> "Host | Dashboard":
        """The host with the page before it; the host alone where TELEMETRY keeps nothing in memory."""
        memory = telemetry.adapter if isinstance(telemetry, GuardedTelemetry) else telemetry
        if not isinstance(memory, MemoryTelemetry):
            return host
        fed = frozenset(each.function.name for each in functions.bus)

        def sample() -> None:
            self.signals.sample(_NO_QUEUES if bus is None else bus.depths(), fed, memory)
            memory.tick()

        self._sample = sample
        self._clock.on_advance(self.sampled)
        self._sampling = asyncio.create_task(self._forever(), name="samples")
        return Dashboard(host, memory, self.signals, self._clock.now)

    async def sampled(self) -> None:
        """Take a sample now: for a clock that was moved."""
        self._sample()

    async def stop(self) -> None:
        if self._sampling is not None:
            self._sampling.cancel()
            await asyncio.gather(self._sampling, return_exceptions=True)

    async def _forever(self) -> None:
        while True:
            self._sample()
            await asyncio.sleep(SAMPLE_EVERY_S)
