"""Every alarm of infra/alarms.json, judged on a laptop: the same thresholds and the same KQL as its rule in Azure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from infra.scripts.alarm_query import alarm_query, alarms
from local.workspace import Workspace

# What of an alarm is shown.
_TOLD: Final = ("condition", "severity", "threshold", "unit", "window")


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether an alarm stands, since when, and the rows that its query answers. `error`: it could not be judged."""

    name: str
    alarm: Mapping[str, Any]
    stands: bool
    since: datetime | None
    rows: tuple[Mapping[str, Any], ...] = ()
    error: str = ""

    def shown(self) -> dict[str, Any]:
        """For a page: JSON can hold it."""
        rows = [{name: _plain(value) for name, value in row.items()} for row in self.rows[:3]]
        since = None if self.since is None else self.since.isoformat()
        told = {name: self.alarm.get(name) for name in _TOLD}
        return {"name": self.name, "stands": self.stands, "since": since, "rows": rows, "error": self.error, **told}


class Alarms:
    """
    Judges each alarm at a moment of `now`.

    The file and the queries are read anew each time, so that a threshold can be tried out while the laptop runs; a
    query takes a quarter of a second when it is first met.
    """

    def __init__(self, workspace: Workspace, now: Callable[[], datetime]) -> None:
        self._workspace, self._now = workspace, now
        self._since: dict[str, datetime] = {}

    def judged(self, *names: str) -> list[Judged]:
        """Those of `names`, or all, in the order of the file. Raises KeyError for a name that is no alarm."""
        known = alarms()
        return [self._judged(name, known[name]) for name in names or known]

    def standing(self) -> list[str]:
        return [judged.name for judged in self.judged() if judged.stands]

    def _judged(self, name: str, alarm: Mapping[str, Any]) -> Judged:
        now = self._now()
        try:
            rows = tuple(self._workspace.ask(alarm_query(alarm), now))
        except Exception as error:
            return Judged(name, alarm, stands=False, since=None, error=f"{type(error).__name__}: not judged")
        if not rows:
            self._since.pop(name, None)
            return Judged(name, alarm, stands=False, since=None)
        return Judged(name, alarm, stands=True, since=self._since.setdefault(name, now), rows=rows)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
