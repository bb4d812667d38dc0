"""The evidence of the rollout, gathered: the report for people, and the readiness that a promotion is held to."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from shared.payments.requests import MethodType
from shared.shadow.coverage import PairRow, Tally, evidence_in, tallies
from shared.shadow.document import Mode, RolloutVersion, Scope
from shared.shadow.evidence import Arms, Evidence, Standing, Stratum, standing_of
from shared.shadow.explanations import EXPLANATIONS, Explanation
from shared.shadow.gathered import Dealt, DealtArms, Pairs
from shared.shadow.ladder import OFF, next_step
from shared.shadow.looks import latest_look
from shared.shadow.readiness import Readiness, readiness
from shared.shadow.report import report
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.evidence_ports import ShadowEvidence
from shared.use_cases.ports import Outside
from shared.use_cases.shadow_ports import RolloutStore

# Longer than any step should last; what is older is not looked at.
SINCE_MAX: Final = timedelta(days=90)
# Where there were more, the oldest that is read begins every step anew: later than it was, never earlier.
VERSIONS_MAX: Final = 1_000

_PAIRS_CAPPED: Final = "there are more pairs than are read at once: the oldest of the step are left out"
_DEALT_CAPPED: Final = "there are more decisions than are read at once: the last ones are left out"

Losses = Mapping[date, Mapping[Stratum, int]]


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What the database told, as of `now`; pairs and losses are those `since` then."""

    standings: Sequence[Standing]
    pairs: Pairs
    losses: Losses
    dealt: DealtArms
    since: datetime
    now: datetime


class ShadowReport:
    def __init__(
        self,
        outside: Outside,
        rollout: CurrentRollout,
        store: RolloutStore,
        evidence: ShadowEvidence,
        *,
        explanations: Sequence[Explanation] = EXPLANATIONS,
    ) -> None:
        self._clock, self._merchants = outside.clock, outside.merchants
        self._rollout, self._store, self._evidence = rollout, store, evidence
        self._explanations = explanations

    async def report(self) -> dict[str, Any]:
        """The report as JSON (docs/openapi.yaml: ShadowReport), over the pairs since the earliest step began."""
        gathered = await self._gathered()
        return await asyncio.to_thread(self._told, gathered)

    async def readiness(self) -> Mapping[Scope, Readiness]:
        """Readiness of every biller and method, as of now."""
        gathered = await self._gathered()
        return await asyncio.to_thread(_judged, gathered)

    async def _gathered(self) -> _Gathered:
        now, versions = self._clock.now(), await self._versions()
        standings = [
            standing_of(versions, biller_id, str(method), self._merchants)
            for biller_id in sorted(self._merchants)
            for method in MethodType
        ]
        oldest = now - SINCE_MAX
        since = max(oldest, min((step.began for step in standings if step.step != OFF), default=oldest))
        pairs, losses, dealt = await asyncio.gather(
            self._evidence.pairs(since),
            self._evidence.losses(since.date()),
            self._evidence.arms([found for step in standings if (found := _dealt(step, oldest, now)) is not None]),
        )
        return _Gathered(standings, pairs, losses, dealt, since, now)

    async def _versions(self) -> Sequence[RolloutVersion]:
        """Oldest first. What stands until an operator writes is a version too."""
        found = await self._store.versions(VERSIONS_MAX)
        return found[::-1] if found else [await self._rollout.latest()]

    def _told(self, gathered: _Gathered) -> dict[str, Any]:
        rows, lost = gathered.pairs.rows, _lost(gathered.losses, gathered.since)
        cases = _judged(gathered).values()
        body = report(rows, lost, cases, self._explanations, now=gathered.now)
        since = gathered.since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"since": since, **body, "warnings": [*body["warnings"], *_capped(gathered)]}


def _dealt(standing: Standing, oldest: datetime, now: datetime) -> Dealt | None:
    """Which decisions count: only a step from live to live compares the two arms, and only up to a look."""
    look = latest_look(standing.began, now)
    if standing.step.mode is not Mode.LIVE or next_step(standing.step) is None or look is None:
        return None
    return Dealt((standing.biller_id, standing.method), max(standing.began, oldest), look.at)


def _judged(gathered: _Gathered) -> dict[Scope, Readiness]:
    counted: dict[datetime, Mapping[Stratum, Tally]] = {}
    found = {}
    for standing in gathered.standings:
        evidence: Mapping[Stratum, Evidence] = {}
        if standing.step != OFF:
            # Steps that one version began share their evidence: it is counted once.
            if standing.began not in counted:
                counted[standing.began] = _counted(gathered, standing.began)
            evidence = evidence_in(counted[standing.began], standing, latest_look(standing.began, gathered.now))
        scope = standing.biller_id, standing.method
        arms = gathered.dealt.arms.get(scope, Arms())
        case = readiness(standing, evidence, arms, now=gathered.now)
        found[scope] = replace(case, reasons=(*case.reasons, *_unread(gathered, standing)))
    return found


def _counted(gathered: _Gathered, began: datetime) -> Mapping[Stratum, Tally]:
    pairs: Iterable[PairRow] = (pair for pair in gathered.pairs.rows if pair.at >= began)
    return tallies(pairs, _lost(gathered.losses, began))


def _lost(losses: Losses, since: datetime) -> Mapping[Stratum, int]:
    """Losses are known by their day alone: those of the first day count, whatever their hour."""
    lost: Counter[Stratum] = Counter()
    for day, strata in losses.items():
        if day >= since.date():
            lost.update(strata)
    return lost


def _unread(gathered: _Gathered, standing: Standing) -> Sequence[str]:
    """Evidence that is not whole allows nothing: what was left out may be what speaks against it."""
    if standing.step == OFF or next_step(standing.step) is None:
        return ()
    rows = gathered.pairs.rows
    cut = gathered.pairs.capped and (not rows or standing.began < rows[0].at)
    dealt = (standing.biller_id, standing.method) in gathered.dealt.capped
    return [said for said, is_so in ((_PAIRS_CAPPED, cut), (_DEALT_CAPPED, dealt)) if is_so]


def _capped(gathered: _Gathered) -> Sequence[str]:
    scopes = ", ".join(" ".join(scope) for scope in sorted(gathered.dealt.capped))
    pairs = [_PAIRS_CAPPED] if gathered.pairs.capped else []
    return [*pairs, *([f"{scopes}: {_DEALT_CAPPED}"] if scopes else [])]
