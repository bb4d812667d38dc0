"""The rollout document as it stands: read again every few seconds; unreadable, the last good one; then off."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.shadow.document import ALL_OFF, Document, RolloutVersion
from shared.use_cases.ports import Outside
from shared.use_cases.shadow_ports import RolloutStore

# A change takes effect within this, in every process.
REFRESH_S: Final = 5.0
# A process that slept does not go by what it knew before.
WAITED_FOR_AFTER_S: Final = 10.0


@dataclass(slots=True)
class _Kept:
    version: RolloutVersion
    read_at_s: float


class CurrentRollout:
    """`initial` stands until a first version is written: off, but on a laptop."""

    def __init__(self, outside: Outside, store: RolloutStore, *, initial: Document = ALL_OFF) -> None:
        self._clock, self._telemetry, self._store = outside.clock, outside.telemetry, store
        self._initial = RolloutVersion(0, initial, outside.clock.now(), "nobody", "nothing was written yet")
        self._tasks, self._is_reading = outside.tasks, False
        self._kept: _Kept | None = None

    async def current(self) -> RolloutVersion:
        """Never raises: a sale, or a decision, must not fail because this could not be read."""
        kept, now_s = self._kept, self._clock.boot_s()
        age_s = float("inf") if kept is None else now_s - kept.read_at_s
        if kept is not None and age_s < REFRESH_S:
            return kept.version
        if kept is not None and age_s < WAITED_FOR_AFTER_S:
            # Of a steady stream of sales none waits for this.
            self._read_soon()
            return kept.version
        return await self._read(kept)

    def _read_soon(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self._tasks.start(self._read(self._kept), finish=False)

    async def _read(self, kept: "_Kept | None") -> RolloutVersion:
        now_s = self._clock.boot_s()
        try:
            version = await self.latest()
        except Exception as error:
            last = "off" if kept is None else kept.version.version
            self._telemetry.alarm("rollout.unreadable", error=type(error).__name__, lastGood=last)
            version = _off(self._clock.now()) if kept is None else kept.version
            if kept is None:
                # Not kept: the next one asks again.
                return version
        finally:
            self._is_reading = False
        if self._kept is None or version.version >= self._kept.version.version:
            # A version that this process wrote meanwhile is newer than what was read.
            self._kept = _Kept(version, now_s)
        return self._kept.version

    async def holds_all(self) -> bool:
        """Whether voids, refunds and inquiries are held."""
        return (await self.current()).document.hold_all

    async def is_switched_off(self) -> bool:
        """Whether live sales are switched off."""
        return (await self.current()).document.kill_switch

    async def latest(self) -> RolloutVersion:
        """As it is stored now. Raises what the store raises."""
        found = await self._store.versions(1)
        return found[0] if found else self._initial

    def written(self, version: RolloutVersion) -> None:
        """This process has just written it: it takes effect here at once."""
        self._kept = _Kept(version, self._clock.boot_s())


def _off(now: datetime) -> RolloutVersion:
    return RolloutVersion(0, ALL_OFF, now, "nobody", "the document cannot be read")
