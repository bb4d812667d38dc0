"""One schedule, from its start to its verdict."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.proof.chase_desk import Fault
from tests.proof.crashing import Fate, Gate
from tests.proof.invariants import payments_in, violations_at_rest, violations_now
from tests.proof.recovery import NeverAtRest, Recovery, one_round
from tests.proof.routes import repeats, step_of
from tests.proof.schedule import Scenario, Schedule
from tests.proof.service import Process
from tests.proof.starts import CAPTURED_AFTER_S, build
from tests.proof.world import World, copy_world, open_world

Child = Callable[[Path, Schedule], bool]
"""Runs the route of a schedule in a process of its own; whether that died at the point."""


@dataclass(slots=True)
class Verdict:
    """`violations` should be none; `died` whether the point was met, `calls` what the route's process called."""

    violations: list[str] = field(default_factory=list)
    died: bool = False
    calls: list[str] = field(default_factory=list)


class Trials:
    """Schedules on copies of starts that are made once, in `folder` (best in memory: nothing here loses power)."""

    def __init__(self, folder: Path, child: Child | None = None) -> None:
        self._folder, self._child, self._made = folder, child, 0

    def calls_of(self, scenario: Scenario) -> list[str]:
        """The port calls of the route where nothing dies."""

        async def count(world: World) -> list[str]:
            process = Process(world, Gate(), on_not_found=scenario.policy)
            await process.run(step_of(scenario.route, scenario.fault)(process))
            await process.bury()
            return process.gate.calls

        return self._in_a_copy(scenario, count)

    def verdict(self, schedule: Schedule) -> Verdict:
        async def tried(world: World) -> Verdict:
            return await _Trial(world, schedule, self._child).verdict()

        return self._in_a_copy(schedule.scenario, tried)

    def _in_a_copy(self, scenario: Scenario, work: Callable[[World], object]) -> object:
        folder = self._folder / f"try-{self._made}"
        self._made += 1
        copy_world(self._start(scenario.start), folder)
        try:
            with open_world(folder, fault=scenario.fault) as world:
                return asyncio.run(work(world))
        finally:
            shutil.rmtree(folder)

    def _start(self, name: str) -> Path:
        template = self._folder / f"start-{name}"
        if not template.exists():
            asyncio.run(build(name, template))
        return template


class _Trial:
    def __init__(self, world: World, schedule: Schedule, child: Child | None) -> None:
        self._world, self._schedule, self._child = world, schedule, child
        self._scenario, self._told = schedule.scenario, Verdict()
        second = Gate(schedule.recovery) if schedule.recovery else None
        self._recovery = Recovery(world, schedule.scenario.policy, second)
        self._first: Process | None = None

    async def verdict(self) -> Verdict:
        try:
            await self._die()
            await self._go_on()
        except NeverAtRest:
            self._told.violations.append("it never comes to rest")
        for process in (*self._recovery.gone, *([self._first] if self._first else [])):
            await process.bury()
        self._told.violations += [f"raised {error!r}" for error in self._recovery.raised]
        return self._told

    async def _die(self) -> None:
        scenario, schedule = self._scenario, self._schedule
        if schedule.fate is Fate.EXIT:
            assert self._child is not None, "a schedule that exits needs a process of its own"
            self._told.died = self._child(self._world.folder, schedule)
            self._world.next_generation()
        else:
            gate = Gate(schedule.point, schedule.fate)
            process = self._first = Process(self._world, gate, on_not_found=scenario.policy)
            self._told.died = not await process.run(step_of(scenario.route, scenario.fault)(process))
            self._told.calls = gate.calls
            if self._told.died and schedule.fate is Fate.ABANDONED:
                await process.leave_the_file()
            self._told.violations += [f"raised {error!r}" for error in process.raised]
        self._look("after the crash", violations_now(self._world, scenario.policy))
        if scenario.fault is not Fault.BLIND:
            self._world.chase.meet(Fault.NONE)

    async def _go_on(self) -> None:
        repeat = repeats(self._scenario.route, self._scenario.fault)
        if self._schedule.hasty:
            await self._recovery.asked(repeat or one_round)
            await self._thaw()
        await self._rest("at rest")
        if self._first is not None and self._first.is_frozen:
            await self._thaw()
            await self._rest("at rest after the thaw")
        if repeat is not None:
            await self._recovery.asked(repeat)
            await self._rest("at rest after the caller's repeat")
        if captures_at := [each.captures_at for each in payments_in(self._world) if each.captures_at is not None]:
            self._world.clock.move_to(_past(max(captures_at)))
            await self._rest("at rest after the captures", captures=True)

    async def _thaw(self) -> None:
        if self._first is not None and self._schedule.fate is Fate.FROZEN:
            await self._first.thaw()
            self._told.violations += [f"raised {error!r}" for error in self._first.raised]

    async def _rest(self, when: str, *, captures: bool = False) -> None:
        await self._recovery.to_rest(captures=captures)
        found = violations_at_rest(self._world, self._scenario.policy, self._scenario.fault)
        self._look(when, found)

    def _look(self, when: str, found: list[str]) -> None:
        self._told.violations += [f"{when}: {what}" for what in found]


def _past(captures_at: datetime) -> datetime:
    return captures_at + timedelta(seconds=CAPTURED_AFTER_S)
