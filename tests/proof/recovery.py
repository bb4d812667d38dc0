"""
Everybody who goes on: timers, the bus, the calendar. Round after round, and the clock moved to what is due next, until
nothing is due any more but what waits for a person, for a caller, or for Chase's capture.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.payments.inquiry import EMPTIES_NEEDED, OnNotFound
from shared.payments.pace import Pace
from shared.use_cases.reconciliation import OVERDUE_AFTER_S
from tests.proof.crashing import Gate
from tests.proof.routes import Step
from tests.proof.service import Process
from tests.proof.world import World

_ROUNDS_MAX: Final = 60
# What is asked about for so long without an answer is asked about for ever.
_INQUIRIES_MAX: Final = 11
_ABANDONED: Final = timedelta(seconds=Pace().abandoned_after_s, milliseconds=1)
_OVERDUE: Final = timedelta(seconds=OVERDUE_AFTER_S, milliseconds=1)


class NeverAtRest(Exception):
    """Something is due again and again."""


class Recovery:
    """One process after the other; the first may have a gate that ends it. `gone` are those to be buried."""

    def __init__(self, world: World, policy: OnNotFound, gate: Gate | None = None) -> None:
        self._world, self._policy, self._gate = world, policy, gate
        self._process: Process | None = None
        self.gone: list[Process] = []
        self.raised: list[Exception] = []

    async def asked(self, step: Step) -> None:
        """A caller asks, once."""
        await self._do(step)

    async def to_rest(self, *, captures: bool = False) -> None:
        """`captures`: past Chase's captures too. Raises NeverAtRest."""
        for _ in range(_ROUNDS_MAX):
            if not await self._do(one_round):
                continue
            due = min(self._due(captures), default=None)
            if due is None:
                return
            if due > self._world.clock.now():
                self._world.clock.move_to(due)
        raise NeverAtRest

    async def bury(self) -> None:
        for process in self.gone:
            await process.bury()

    async def _do(self, step: Step) -> bool:
        """Whether the process outlived it."""
        process = self._process or self._begun()
        alive = await process.run(step(process))
        self.raised += process.raised
        process.raised.clear()
        if not alive:
            await process.leave_the_file()
            self._process = None
        return alive

    def _begun(self) -> Process:
        gate, self._gate = self._gate or Gate(), None
        self._process = Process(self._world, gate, on_not_found=self._policy)
        self.gone.append(self._process)
        return self._process

    def _due(self, captures: bool) -> Iterator[datetime]:
        world = self._world
        for (claimed_at,) in world.rows("SELECT claimed_at FROM operations WHERE state = 'submitted'"):
            yield _time(claimed_at) + _ABANDONED
        for (send_at,) in world.rows("SELECT send_at FROM operations WHERE send_at IS NOT NULL"):
            yield _time(send_at) + _OVERDUE
        for due_at, until in world.rows("SELECT due_at, claimed_until FROM outbox WHERE sent_at IS NULL"):
            yield max(_time(due_at), _time(until or due_at)) + timedelta(milliseconds=1)
        yield from (message.due_at for message in world.bus.waiting())
        for state, inquiries, empties, inquire_at in world.rows(
            "SELECT state, inquiries, empties, inquire_at FROM operations WHERE inquire_at IS NOT NULL"
        ):
            waits_for_a_person = state == "unknown" and (empties >= EMPTIES_NEEDED or inquiries >= _INQUIRIES_MAX)
            if not waits_for_a_person and (captures or state != "succeeded"):
                yield _time(inquire_at)


async def one_round(process: Process) -> None:
    """Each timer once, and what the bus delivers now."""
    await process.outbox_sweep.run_once()
    await process.consume_due()
    await process.reconciliation.run_once()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
