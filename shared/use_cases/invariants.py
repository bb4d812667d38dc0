"""Whether stored payments contradict a rule that must always hold: asked once a day, told where they do."""

from shared.use_cases.ports import Invariants, Outside


class CheckInvariants:
    def __init__(self, outside: Outside, invariants: Invariants) -> None:
        self._clock, self._telemetry, self._invariants = outside.clock, outside.telemetry, invariants

    async def run_once(self) -> dict[str, int]:
        """The rules that do not hold, and how many payments contradict each. A question that fails stops no other."""
        broken: dict[str, int] = {}
        for rule in self._invariants.rules:
            try:
                count = await self._invariants.offenders(rule, self._clock.now())
            except Exception as error:
                self._telemetry.alarm("invariants.not_asked", rule=rule, error=type(error).__name__)
                continue
            if count:
                broken[rule] = count
                self._telemetry.alarm("invariants.broken", rule=rule, count=count)
        self._telemetry.event("invariants.run", asked=len(self._invariants.rules), broken=len(broken))
        return broken
