"""Many schedules on several processors, and what is said of them."""

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.proof.children import Children
from tests.proof.crashing import Fate
from tests.proof.enumeration import all_schedules, sample
from tests.proof.scenarios import scenarios
from tests.proof.schedule import Scenario, Schedule
from tests.proof.trial import Trials

# A file system in memory: a process that dies loses nothing that it wrote, and a flush costs nothing.
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - folders of our own, made by mkdtemp
_CHUNK: Final = 40

Write = Callable[[str], object]


@dataclass(slots=True)
class Report:
    """`tried` distinct schedules, of which `died` met their point and `exited` in a process of their own."""

    tried: int = 0
    died: int = 0
    exited: int = 0
    violated: dict[str, list[str]] = field(default_factory=dict)

    def add(self, other: "Report") -> None:
        self.tried += other.tried
        self.died += other.died
        self.exited += other.exited
        self.violated |= other.violated

    def __str__(self) -> str:
        return (
            f"{self.tried} distinct schedules tried, {self.died} of them died at their point"
            f" ({self.exited} by os._exit in a process of their own): {len(self.violated)} with violations"
        )


@contextmanager
def trials(*, with_children: bool = True) -> Iterator[Trials]:
    folder = Path(tempfile.mkdtemp(prefix="proof-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        child = stack.enter_context(Children()) if with_children else None
        yield Trials(folder, child)


def tried(schedules: Sequence[Schedule], *, stop_at_first: bool = False) -> Report:
    """Each in turn, in this process."""
    report = Report()
    with trials(with_children=any(schedule.fate is Fate.EXIT for schedule in schedules)) as here:
        for schedule in dict.fromkeys(schedules):
            verdict = here.verdict(schedule)
            report.tried += 1
            report.died += verdict.died
            report.exited += verdict.died and schedule.fate is Fate.EXIT
            if verdict.violations:
                report.violated[str(schedule)] = verdict.violations
                if stop_at_first:
                    break
    return report


def planned(of: Sequence[Scenario]) -> list[Schedule]:
    """All schedules of these scenarios."""
    with trials(with_children=False) as here:
        return list(all_schedules(here, of))


def prove(write: Write, *, count: int | None, processes: int) -> Report:
    """All schedules, or a sample of `count`; each violation is told with the text that runs its schedule again."""
    began_s, report = time.monotonic(), Report()
    every = [*scenarios()]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        parts = pool.map(planned, [every[part :: processes * 4] for part in range(processes * 4)])
        schedules = [schedule for part in parts for schedule in part]
        chosen = schedules if count is None else sample(schedules, count)
        write(f"{len(chosen)} schedules of {len(schedules)}, of {len(every)} scenarios\n")
        # Neighbours share a start, which each part makes once.
        chunks = [chosen[at : at + _CHUNK] for at in range(0, len(chosen), _CHUNK)]
        for part in pool.imap_unordered(tried, chunks):
            report.add(part)
            for schedule, violations in part.violated.items():
                write(told(schedule, violations))
    write(f"{report} in {time.monotonic() - began_s:.0f} s\n")
    return report


def told(schedule: str, violations: Sequence[str]) -> str:
    lines = "".join(f"    {violation}\n" for violation in violations)
    return f"VIOLATED make prove SCHEDULE='{schedule}'\n{lines}"
