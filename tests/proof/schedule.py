"""One try, as text: route/start/fault/policy/fate/point/recovery/caller, as in `sale.card/none/none/manual/...`."""

from dataclasses import dataclass
from typing import Self

from shared.payments.inquiry import OnNotFound
from tests.proof.chase_desk import Fault
from tests.proof.crashing import Fate, Point

_NOWHERE = "-"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is asked for, of what, while Chase does what, and what two counted empties mean."""

    route: str
    start: str
    fault: Fault = Fault.NONE
    policy: OnNotFound = OnNotFound.MANUAL

    def __str__(self) -> str:
        return f"{self.route}/{self.start}/{self.fault}/{self.policy}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError for a text that is none of ours."""
        route, start, fault, policy = text.split("/")
        return cls(route, start, Fault(fault), OnNotFound(policy))


@dataclass(frozen=True, slots=True)
class Schedule:
    """
    `point` is where the process of the route dies, `recovery` where the one that goes on dies (None: it does not).

    A hasty caller repeats at once, and again in the end; a patient one in the end. Where nobody calls, the timers do.
    What is frozen thaws right after a hasty caller, and else when everything has come to rest.
    """

    scenario: Scenario
    fate: Fate
    point: Point
    recovery: Point | None = None
    hasty: bool = False

    def __str__(self) -> str:
        recovery = str(self.recovery) if self.recovery else _NOWHERE
        return f"{self.scenario}/{self.fate}/{self.point}/{recovery}/{'hasty' if self.hasty else 'patient'}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError for a text that is none of ours."""
        *scenario, fate, point, recovery, caller = text.split("/")
        second = None if recovery == _NOWHERE else Point.read(recovery)
        return cls(Scenario.read("/".join(scenario)), Fate(fate), Point.read(point), second, caller == "hasty")
