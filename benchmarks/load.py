"""One load on something that runs: sent by a generator of its own, with what it cost while it lasted."""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from benchmarks.candidates import unique_seed
from benchmarks.processes import Child

OK: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Loaded:
    """
    What the generator saw, and what the service spent meanwhile.

    `took_s` is sorted, of every answer with a 2xx; `statuses` counts all; `charged_minor` sums what 2xx asked for.
    """

    seconds: float
    statuses: dict[int, int]
    charged_minor: int
    took_s: list[float]
    refused_took_s: list[float]
    failed: int
    cpu_s: float
    generator_cpu_s: float

    @property
    def good(self) -> int:
        return sum(count for status, count in self.statuses.items() if status in OK)

    @property
    def answered(self) -> int:
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        """2xx a second."""
        return self.good / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU of the service per request that was answered, in microseconds."""
        return 1e6 * self.cpu_s / max(1, self.answered)

    def at_ms(self, share: float) -> float:
        """The latency that `share` of all 2xx did not exceed, in milliseconds."""
        return 1000 * percentile(self.took_s, share)


def percentile(ordered: list[float], share: float) -> float:
    """Of values in ascending order; 0 of none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Watched(Protocol):
    """What a load is sent to: a Child, or this very process."""

    def cpu_s(self) -> float:
        """What all its threads have spent so far, in seconds."""


def load(target: dict[str, Any], child: Watched, log: Path, **how: Any) -> Loaded:
    """Carry out a generator.Plan of `target` and `how` while `child` is watched."""
    generator = Child([sys.executable, "-m", "benchmarks.generator"], {}, log)
    try:
        generator.tell(json.dumps({"seed": unique_seed(), **target, **how}))
        generator.told("go")
        before_s = child.cpu_s()
        found = json.loads(generator.told())
        spent_s = child.cpu_s() - before_s
    finally:
        generator.stop()
    by_status = {int(status): answers for status, answers in found["by_status"].items()}
    good = [answers for status, answers in by_status.items() if status in OK]
    return Loaded(
        seconds=found["seconds"],
        statuses={status: answers["count"] for status, answers in by_status.items()},
        charged_minor=sum(answers["amount_minor"] for answers in good),
        took_s=sorted(took for answers in good for took in answers["took_s"]),
        refused_took_s=sorted(by_status.get(503, {}).get("took_s", [])),
        failed=found["failed"],
        cpu_s=spent_s,
        generator_cpu_s=found["cpu_s"],
    )


def settled(child: Child, *, within_s: float = 5.0) -> None:
    """Return when the child has been idle for a moment: what it does after its answers must not be counted twice."""
    give_up_s = time.monotonic() + within_s
    while time.monotonic() < give_up_s:
        before_s = child.cpu_s()
        time.sleep(0.1)
        if child.cpu_s() - before_s <= 0.01:
            return
