"""How much waits to be mirrored, and what is not taken for it: shadow gives way, and every loss is counted."""

from collections import Counter
from typing import Final

from shared.shadow.evidence import Stratum
from shared.use_cases.ports import Outside

# So old may the count be by which a shadow sale is taken or not; what this process takes itself is added at once.
COUNTED_EVERY_S: Final = 5.0


class ShadowBacklog:
    """`bound` operations may wait, over all processes, as far as each knows of the others."""

    def __init__(self, outside: Outside, *, bound: int) -> None:
        self._store, self._clock, self._tasks = outside.shadow, outside.clock, outside.tasks
        self._telemetry, self._bound = outside.telemetry, bound
        self._waiting, self._counted_at_s, self._is_counting = 0, float("-inf"), False
        self._lost: Counter[Stratum] = Counter()
        self._keeps_later = False

    def has_room(self) -> bool:
        """Whether one more may wait. Asks nobody: the count is taken behind the caller's back."""
        if not self._is_counting and self._clock.boot_s() - self._counted_at_s >= COUNTED_EVERY_S:
            self._is_counting = True
            self._tasks.start(self.count())
        return self._waiting < self._bound

    def took(self) -> None:
        self._waiting += 1

    def lost(self, stratum: Stratum) -> None:
        """An operation that was eligible leaves no row: it is counted, and kept though nobody calls again."""
        self._lost[stratum] += 1
        if not self._keeps_later:
            self._keeps_later = True
            self._tasks.start(self._kept_later(), finish=False)

    async def close(self) -> None:
        """Keep what was lost since the last look; nothing follows."""
        if self._lost:
            await self.count()

    async def _kept_later(self) -> None:
        await self._clock.sleep_until(self._clock.after(COUNTED_EVERY_S))
        self._keeps_later = False
        await self.close()

    async def count(self) -> None:
        """Look how many wait, and keep the losses counted since the last look. Never raises."""
        lost, self._lost = self._lost, Counter()
        try:
            if lost:
                await self._store.lose(lost, self._clock.now())
                self._telemetry.event("shadow.lost", operations=lost.total())
                self._telemetry.count("shadow.lost", lost.total())
                lost = Counter()
            self._waiting = await self._store.waiting()
            self._telemetry.event("shadow.backlog", waiting=self._waiting)
        except Exception as error:
            self._lost.update(lost)
            self._telemetry.event("shadow.backlog_unknown", error=type(error).__name__)
        finally:
            self._counted_at_s, self._is_counting = self._clock.boot_s(), False
