"""A month of shadow, as a page may have to show it: good days, a bad one, slow ones, losses, and what is explained."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from types import SimpleNamespace

from shared.database.rollout import SqlRollout
from shared.database.shadow_evidence import SqlShadowEvidence
from shared.database.statements import first_by_limit
from shared.database.unit_of_work import Engine, Statement
from shared.shadow.document import Document, Mode, RolloutVersion, Rule
from shared.shadow.explanations import Explanation
from shared.shadow.verdicts import Comparison
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.shadow_report import ShadowReport
from shared.use_cases.tasks import TrackedTasks
from shared.wiring import Services
from tests.builders import MERCHANTS, NOW
from tests.shadow.at_rest import a_loss, shadow_pair, stored
from tests.shadow.scenes import MATCH, NOT_COMPARABLE, SLOW, WRONG_AMOUNT, a_candidate, a_comparison, a_control

DAYS = 30
EXPLANATIONS = (
    Explanation(
        "E-1", "olga", date(2026, 12, 4), "they add their own fee to what they report", "amount",
        biller_id="county-tax",
    ),
    Explanation("E-2", "ivan", date(2027, 3, 31), "their clock stops sooner", "latency", biller_id="city-water"),
    Explanation("E-3", "ivan", date(2026, 11, 1), "an old version of their code table", "code"),
)  # fmt: skip
_EXPLAINED = a_comparison(
    a_control(amount_minor=127_99), a_candidate(biller_id="county-tax"), explanations=EXPLANATIONS[:1]
)
_FAILED = a_comparison(candidate=a_candidate(status="unknown", code="READ_TIMEOUT", transaction_id=None))
_RULES = (
    Rule("*", "card", Mode.SHADOW, 100),
    Rule("city-water", "ach", Mode.SHADOW, 10),
)
# biller, method, kind, share of the pairs
_STREAMS = (
    ("city-water", "card", "sale", 0.6),
    ("county-tax", "card", "sale", 0.25),
    ("city-water", "ach", "sale", 0.1),
    ("city-water", "card", "refund", 0.05),
)


async def lived(engine: Engine, pairs: int) -> None:
    """The month, at rest: some `pairs` of it, and the version of the document that began it."""
    version = RolloutVersion(1, Document(_RULES), NOW - timedelta(days=DAYS), "olga", "all of card into shadow")
    await SqlRollout(engine, first=first_by_limit).add_version(version, None)
    waiting: list[Sequence[Statement]] = [
        a_loss(1, "2026-11-09", 9, biller_id="county-tax"),
        a_loss(2, "2026-11-10", max(2, pairs // 60), biller_id="county-tax"),
    ]
    for statements in _operations(pairs):
        waiting.append(statements)
        if len(waiting) == 500:
            await stored(engine, *waiting)
            waiting = []
    await stored(engine, *waiting)


def told_with(services: Services) -> ShadowReport:
    """The report of the same service with EXPLANATIONS: the deployed one has none yet."""
    outside = SimpleNamespace(
        clock=services.clock, merchants=MERCHANTS, telemetry=services.telemetry, tasks=TrackedTasks(services.telemetry)
    )
    store = SqlRollout(services.database, first=first_by_limit)
    evidence = SqlShadowEvidence(services.database, first=first_by_limit)
    return ShadowReport(outside, CurrentRollout(outside, store), store, evidence, explanations=EXPLANATIONS)


def _operations(pairs: int) -> Iterator[list[Statement]]:
    chance = random.Random(7)
    for number in range(1, pairs + 1):
        age_days = DAYS * (1 - number / (pairs + 1))
        at = (NOW - timedelta(days=age_days)).replace(microsecond=0)
        biller_id, method, kind, _ = chance.choices(_STREAMS, [share for *_, share in _STREAMS])[0]
        found = None if age_days < 0.05 else _comparison(chance.random(), at, biller_id, method, kind)
        yield shadow_pair(number, found, at=at, biller_id=biller_id, method=method, kind=kind)


def _comparison(chance: float, at: datetime, biller_id: str, method: str, kind: str) -> Comparison:
    """By the day: the 8th brought wrong amounts; and by chance: a few are slow, few fail, some cannot be compared."""
    if biller_id == "county-tax" and chance < 0.12:
        return _EXPLAINED
    if kind == "sale" and method == "card" and at.date() == date(2026, 11, 8) and chance < 0.08:
        return WRONG_AMOUNT
    for limit, found in ((0.0008, _FAILED), (0.012, SLOW), (0.1, NOT_COMPARABLE)):
        if chance < limit:
            return found
    return MATCH
