"""All schedules, or a sample: both are the same every time."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from tests.proof.crashing import Fate, Point
from tests.proof.schedule import Scenario, Schedule
from tests.proof.trial import Trials

# A recovery makes some forty port calls; where it dies is spread over the first of them.
_RECOVERY_CALLS: Final = 24
# Of the schedules that die once, every so many is tried with a real process too.
_EXIT_EVERY: Final = 6


def all_schedules(trials: Trials, of: Sequence[Scenario]) -> Iterator[Schedule]:
    """
    For each scenario, dying before and after each call: abandoned with a caller that repeats at once; frozen, and
    thawed late or soon; abandoned with a recovery that dies too; and some of the first by a process that really ends.
    """
    for scenario in of:
        for point in points_of(trials, scenario):
            once = Schedule(scenario, Fate.ABANDONED, point, hasty=True)
            yield once
            yield Schedule(scenario, Fate.FROZEN, point)
            yield Schedule(scenario, Fate.FROZEN, point, hasty=True)
            yield Schedule(scenario, Fate.ABANDONED, point, _recovery_point(once))
            if _number(once) % _EXIT_EVERY == 0:
                yield Schedule(scenario, Fate.EXIT, point)


def sample(schedules: Sequence[Schedule], count: int) -> list[Schedule]:
    """`count` of them, by a digest of their text."""
    return sorted(schedules, key=lambda schedule: (_number(schedule), str(schedule)))[:count]


def points_of(trials: Trials, scenario: Scenario) -> Iterator[Point]:
    for number in range(1, len(trials.calls_of(scenario)) + 1):
        yield Point(number, after=False)
        yield Point(number, after=True)


def _recovery_point(schedule: Schedule) -> Point:
    number = _number(schedule)
    return Point(1 + number % _RECOVERY_CALLS, after=number // _RECOVERY_CALLS % 2 == 1)


def _number(schedule: Schedule) -> int:
    return zlib.crc32(str(schedule).encode())
