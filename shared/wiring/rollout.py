"""The rollout, joined: the document as it stands, decisions by it, and changes of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.database.rollout import SqlRollout
from shared.database.statements import First
from shared.database.unit_of_work import Engine
from shared.settings import Settings
from shared.shadow.document import ALL, ALL_OFF, Document, Mode, Rule, Scope
from shared.shadow.readiness import Readiness
from shared.use_cases.change_rollout import ChangeRollout
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.decide_rollout import DecideRollout
from shared.use_cases.ports import Outside


@dataclass(frozen=True, slots=True)
class Rollout:
    """The parts that others join."""

    store: SqlRollout
    current: CurrentRollout
    decide: DecideRollout
    change: ChangeRollout


def rollout(settings: Settings, outside: Outside, engine: Engine, first: First) -> Rollout:
    """Everything about who charges a bill."""
    store = SqlRollout(engine, first=first)
    current = CurrentRollout(outside, store, initial=_initial(settings))
    change = ChangeRollout(outside, store, current, _no_evidence, shadow_billers=settings.shadow_merchants().keys())
    return Rollout(store, current, DecideRollout(outside, store, current), change)


def _initial(settings: Settings) -> Document:
    """What stands until an operator writes: nothing, but on a laptop, whose Chase is the simulator."""
    return Document((Rule(ALL, ALL, Mode.LIVE, 100),)) if settings.app_environment == "local" else ALL_OFF


async def _no_evidence() -> Mapping[Scope, Readiness]:
    return {}
