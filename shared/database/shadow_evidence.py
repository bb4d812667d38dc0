"""The evidence of the rollout, read from what is at rest: comparisons, losses, and how the two arms fare."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

from shared.database.rows import time_text
from shared.database.statements import First
from shared.database.unit_of_work import Engine, Query, Row
from shared.shadow.coverage import PairRow
from shared.shadow.decision import Why
from shared.shadow.document import Scope
from shared.shadow.evidence import Arms, Stratum
from shared.shadow.gathered import Dealt, DealtArms, Pairs
from shared.shadow.guard import Outcomes
from shared.shadow.verdicts import Kept

# Well above what is needed (2,995 of a method) and expected in 90 days; some 2.5 kB each while a report is made.
PAIRS_MAX: Final = 100_000
# Decisions of one arm.
DEALT_MAX: Final = 500_000

_PAIRS: Final = """
payment_id, reference, biller_id, method, kind, created_at, compared_at, comparison
FROM shadow_operations WHERE created_at >= ? ORDER BY created_at DESC
"""
_LOSSES: Final = """
SELECT day, biller_id, method, kind, SUM(lost) FROM shadow_losses WHERE day >= ?
GROUP BY day, biller_id, method, kind
"""
# What we write begins with the status: no engine's own words for JSON are needed.
_APPROVED: Final = """s.control LIKE '{"status":"approved"%'"""
_DECLINED: Final = """s.control LIKE '{"status":"declined"%'"""


def _counted(condition: str) -> str:
    return f"COALESCE(SUM(CASE WHEN {condition} THEN 1 ELSE 0 END), 0)"


# Those the hash dealt: bills on a list were chosen by somebody, and would bend the comparison.
_DEALT: Final = f"""
caller, attempt FROM decisions
WHERE biller_id = ? AND method = ? AND decided_at >= ? AND decided_at < ? AND mode = ?
AND why IN ('{Why.INSIDE}', '{Why.OUTSIDE}') ORDER BY decided_at
"""
_ARM: Final = """
SELECT COUNT(*), {approved}, {declined} FROM ({dealt}) d
LEFT JOIN idempotency_keys k ON k.caller = d.caller AND k.idempotency_key = d.attempt
LEFT JOIN {answers}
"""
_LIVE: Final = {
    "answers": "operations o ON o.payment_id = k.payment_id AND o.kind = 'sale'",
    "approved": _counted("o.state = 'succeeded'"),
    "declined": _counted("o.state = 'declined'"),
}
_EXISTING: Final = {
    "answers": "shadow_operations s ON s.payment_id = k.payment_id AND s.sequence = 1 AND s.kind = 'sale'",
    "approved": _counted(_APPROVED),
    "declined": _counted(_DECLINED),
}
# A decline that Chase has no transaction of is its refusal of the request. What a network's rule or the kill switch
# held back was never tried.
_REFUSED: Final = """o.transaction_id IS NULL AND o.outcome LIKE '%"processorCalled":true%'"""
_NOT_TRIED: Final = """o.outcome LIKE '{"status":"not_sent","code":"live-disabled"%'"""
_ENDED_BADLY: Final = f"""
o.state = 'unknown' OR (o.state = 'declined' AND {_REFUSED}) OR (o.state = 'failed' AND NOT {_NOT_TRIED})
OR (o.state = 'queued' AND o.outcome LIKE '{{"status":"not_sent"%')
"""
# Every payment has a sale: LEFT says where to begin, at the few of the last hour.
_OUTCOMES: Final = f"""
SELECT p.biller_id, p.method_type, {_counted("o.state = 'succeeded'")},
    {_counted("o.state = 'declined' AND o.transaction_id IS NOT NULL")}, {_counted(_ENDED_BADLY)}
FROM payments p LEFT JOIN operations o ON o.payment_id = p.id AND o.kind = 'sale'
WHERE p.mode = 'live' AND p.created_at >= ? GROUP BY p.biller_id, p.method_type
"""  # noqa: S608 - our own words, no value
_CONTROLS: Final = f"""
SELECT s.biller_id, s.method, {_counted(_APPROVED)}, {_counted(_DECLINED)}
FROM shadow_operations s WHERE s.kind = 'sale' AND s.created_at >= ? GROUP BY s.biller_id, s.method
"""  # noqa: S608 - our own words, no value


class SqlShadowEvidence:
    """Fits `use_cases.evidence_ports.ShadowEvidence`."""

    def __init__(self, engine: Engine, *, first: First, pairs_max: int = PAIRS_MAX, dealt_max: int = DEALT_MAX) -> None:
        self._engine, self._first = engine, first
        self._pairs_max, self._dealt_max = pairs_max, dealt_max

    async def pairs(self, since: datetime) -> Pairs:
        """
        Operations submitted since then, each with its latest comparison; the newest, where there are too many.

        Raises KeyError or ValueError for a comparison that `verdicts.as_json` did not write.
        """
        [rows] = await self._engine.read([Query(self._first(self._pairs_max + 1, _PAIRS), (time_text(since),))])
        # A second of work: off the loop, whose sales go on meanwhile.
        return await asyncio.to_thread(_pairs, rows, self._pairs_max)

    async def losses(self, since: date) -> Mapping[date, Mapping[Stratum, int]]:
        """One row a day and stratum at most: nothing more bounds it."""
        [rows] = await self._engine.read([Query(_LOSSES, (since.isoformat(),))])
        found: dict[date, dict[Stratum, int]] = {}
        for day, biller_id, method, kind, lost in rows:
            found.setdefault(date.fromisoformat(day), {})[Stratum(biller_id, method, kind)] = int(lost)
        return found

    async def arms(self, dealt: Sequence[Dealt]) -> DealtArms:
        """The first decisions of each arm, where there are too many of it."""
        sides = (("live", _LIVE), ("shadow", _EXISTING))
        queries = [self._arm(asked, mode, words) for asked in dealt for mode, words in sides]
        rows = [found for [found] in await self._engine.read(queries)] if queries else []
        arms, capped = {}, set()
        for asked, (live, existing) in zip(dealt, zip(rows[::2], rows[1::2], strict=True), strict=True):
            arms[asked.scope] = Arms(live[1], live[1] + live[2], existing[1], existing[1] + existing[2])
            if max(live[0], existing[0]) > self._dealt_max:
                capped.add(asked.scope)
        return DealtArms(arms, frozenset(capped))

    async def outcomes(self, since: Collection[datetime]) -> Mapping[datetime, Mapping[Scope, Outcomes]]:
        """One row a biller and method, of each time: nothing more bounds it."""
        times = sorted(since)
        queries = [Query(sql, (time_text(at),)) for at in times for sql in (_OUTCOMES, _CONTROLS)]
        rows = await self._engine.read(queries) if queries else []
        halves = zip(rows[::2], rows[1::2], strict=True)
        return {at: _outcomes(live, controls) for at, (live, controls) in zip(times, halves, strict=True)}

    def _arm(self, asked: Dealt, mode: str, words: Mapping[str, str]) -> Query:
        sql = _ARM.format(dealt=self._first(self._dealt_max + 1, _DEALT), **words)
        return Query(sql, (*asked.scope, time_text(asked.since), time_text(asked.until), mode))


def _pairs(rows: Sequence[Row], at_most: int) -> Pairs:
    kept, comparisons = rows[:at_most], Kept()
    return Pairs([_pair(row, comparisons) for row in reversed(kept)], len(rows) > at_most)


def _pair(row: Row, comparisons: Kept) -> PairRow:
    payment_id, reference, biller_id, method, kind, created_at, compared_at, comparison = row
    return PairRow(
        payment_id,
        reference,
        Stratum(biller_id, method, kind),
        _time(created_at),
        None if compared_at is None else _time(compared_at),
        None if comparison is None else comparisons.read(json.loads(comparison)),
    )


def _outcomes(live: Sequence[Row], controls: Sequence[Row]) -> dict[Scope, Outcomes]:
    existing = {(biller_id, method): (approved, declined) for biller_id, method, approved, declined in controls}
    return {
        (biller_id, method): Outcomes(approved, declined, failed, *existing.get((biller_id, method), (0, 0)))
        for biller_id, method, approved, declined, failed in live
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
