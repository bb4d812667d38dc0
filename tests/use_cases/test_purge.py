"""The daily purge: in small steps, told, and never the end of the anchor or of the question of invariants."""

from datetime import datetime
from typing import Any

from shared.use_cases.purge import BATCH_MAX, Purge
from tests.use_cases.workshop import Workshop


class Shelves:
    """So many rows of each kind are old; a look takes as long as the test says."""

    def __init__(self, workshop: Workshop, takes_s: float = 0.0, **old: int) -> None:
        self._clock, self._takes_s, self.old, self.asked = workshop.clock, takes_s, old, []

    async def forget(self, kind: str, before: datetime, limit: int) -> int:
        await self._clock.advance(self._takes_s)
        taken = min(limit, self.old.get(kind, 0))
        self.old[kind] = self.old.get(kind, 0) - taken
        self.asked.append(kind)
        return taken

    async def forget_attempts(self, now: datetime) -> None:
        self.asked.append("attempts")


class Failing:
    async def run_once(self) -> None:
        raise OSError("the container is away")


def a_purge(workshop: Workshop, shelves: Shelves, anchor: Any = None, invariants: Any = None) -> Purge:
    return Purge(workshop.outside, shelves, anchor, invariants)


async def test_goes_on_until_nothing_is_old(workshop: Workshop) -> None:
    shelves = Shelves(workshop, nonces=BATCH_MAX + 3)

    purged = await a_purge(workshop, shelves).run_once()

    assert (purged.nonces, shelves.old["nonces"]) == (BATCH_MAX + 3, 0)
    assert shelves.asked == ["nonces", "nonces", "inbox", "outbox", "instruments", "attempts"]


async def test_leaves_what_would_take_too_long_to_the_next_run(workshop: Workshop) -> None:
    shelves = Shelves(workshop, takes_s=3600.0, nonces=3 * BATCH_MAX)

    purged = await a_purge(workshop, shelves).run_once()

    assert purged.nonces < 3 * BATCH_MAX


async def test_instruments_that_were_left_behind_are_alarmed(workshop: Workshop) -> None:
    await a_purge(workshop, Shelves(workshop, instruments=2)).run_once()

    assert "purge.instruments_left" in workshop.alarms()


async def test_an_anchor_that_cannot_be_made_is_alarmed_and_stops_nothing(workshop: Workshop) -> None:
    asked: list[str] = []

    class Invariants:
        async def run_once(self) -> None:
            asked.append("invariants")

    await a_purge(workshop, Shelves(workshop), Failing(), Invariants()).run_once()

    assert "audit.anchor_failed" in workshop.alarms()
    assert asked == ["invariants"]
