"""The rollout, joined: the document as it stands, decisions by it, and changes of it."""

from dataclasses import dataclass

from shared.database.rollout import SqlRollout
from shared.database.shadow_evidence import SqlShadowEvidence
from shared.database.statements import First
from shared.database.unit_of_work import Engine
from shared.settings import Settings
from shared.shadow.document import ALL, ALL_OFF, Document, Mode, Rule
from shared.use_cases.change_rollout import ChangeRollout
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.decide_rollout import DecideRollout
from shared.use_cases.ports import Outside
from shared.use_cases.rollout_guard import RolloutGuard
from shared.use_cases.shadow_report import ShadowReport


@dataclass(frozen=True, slots=True)
class Rollout:
    """The parts that others join."""

    store: SqlRollout
    current: CurrentRollout
    decide: DecideRollout
    change: ChangeRollout
    report: ShadowReport
    guard: RolloutGuard


def rollout(settings: Settings, outside: Outside, engine: Engine, first: First) -> Rollout:
    """Everything about who charges a bill."""
    store = SqlRollout(engine, first=first)
    current = CurrentRollout(outside, store, initial=_initial(settings))
    evidence = SqlShadowEvidence(engine, first=first)
    report = ShadowReport(outside, current, store, evidence)
    shadow_billers = settings.shadow_merchants().keys()
    change = ChangeRollout(outside, store, current, report.readiness, shadow_billers=shadow_billers)
    guard = RolloutGuard(outside, current, store, evidence)
    return Rollout(store, current, DecideRollout(outside, store, current), change, report, guard)


def _initial(settings: Settings) -> Document:
    """What stands until an operator writes: nothing, but on a laptop, whose Chase is the simulator."""
    return Document((Rule(ALL, ALL, Mode.LIVE, 100),)) if settings.app_environment == "local" else ALL_OFF
