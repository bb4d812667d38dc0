"""Does what we depend on answer, and how fast: each by name, nothing of where it is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.use_cases.ports import Clock

# A probe waits a few seconds; a dependency that needs longer is as good as away.
_WITHIN_S: Final = 2.0


class Status(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Dependency:
    """`ask` tells a status; raising, or being late, is `down`. Where it is not `vital`, we are degraded without it."""

    ask: Callable[[], Awaitable[Status]]
    vital: bool


@dataclass(frozen=True, slots=True)
class Health:
    """How we are, and each dependency by name with its status and its latency in milliseconds."""

    status: Status
    dependencies: Mapping[str, Mapping[str, object]]

    def shown(self) -> dict[str, object]:
        return {"status": self.status, "dependencies": dict(self.dependencies)}


class Readiness:
    def __init__(self, dependencies: Mapping[str, Dependency], *, clock: Clock) -> None:
        self._dependencies, self._clock = dependencies, clock

    async def check(self) -> Health:
        """All dependencies asked at once."""
        names, asked = self._dependencies.keys(), self._dependencies.values()
        answers = dict(zip(names, await asyncio.gather(*(self._answer(one) for one in asked)), strict=True))
        statuses = {answer["status"] for answer in answers.values()}
        if any(one.vital and answers[name]["status"] is Status.DOWN for name, one in self._dependencies.items()):
            return Health(Status.DOWN, answers)
        return Health(Status.OK if statuses == {Status.OK} else Status.DEGRADED, answers)

    async def _answer(self, dependency: Dependency) -> dict[str, object]:
        began_s = self._clock.boot_s()
        try:
            status = await asyncio.wait_for(dependency.ask(), _WITHIN_S)
        except Exception:
            status = Status.DOWN
        return {"status": status, "latencyMs": round((self._clock.boot_s() - began_s) * 1000)}
