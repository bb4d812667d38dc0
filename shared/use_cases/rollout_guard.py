"""The timer that sends live sales back to the existing processor when they go wrong. It never promotes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.payments.errors import ChangedMeanwhile
from shared.payments.requests import MethodType
from shared.shadow.document import Document, Mode, RolloutVersion, Scope
from shared.shadow.guard import WINDOWS, Demotion, Outcomes, demoted, demotions
from shared.shadow.ladder import began_at
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.evidence_ports import ShadowEvidence
from shared.use_cases.ports import Outside
from shared.use_cases.shadow_ports import RolloutStore

ACTOR: Final = "rollout_guard"
# The longest window is an hour: who writes more versions in one is judged by what came after them.
VERSIONS_MAX: Final = 100
# What rollout_versions.reason holds.
_REASON_MAX: Final = 255


class RolloutGuard:
    def __init__(
        self, outside: Outside, rollout: CurrentRollout, store: RolloutStore, evidence: ShadowEvidence
    ) -> None:
        self._clock, self._merchants, self._telemetry = outside.clock, outside.merchants, outside.telemetry
        self._rollout, self._store, self._evidence = rollout, store, evidence

    async def run_once(self) -> Sequence[Demotion]:
        """Whom it demoted. A version that another wrote meanwhile wins: the next run looks at that one."""
        now, versions = self._clock.now(), (await self._store.versions(VERSIONS_MAX))[::-1]
        # No version, no rollout: on a laptop everything is live, and faults are its trade.
        scopes = self._live(versions[-1].document) if versions else ()
        if not scopes:
            return ()
        newest = versions[-1]
        found = demotions(newest.document, await self._outcomes(versions, scopes, now))
        if not found:
            return ()
        new = RolloutVersion(newest.version + 1, demoted(newest.document, found), now, ACTOR, _reason(found))
        return found if await self._written(new, found) else ()

    def _live(self, document: Document) -> Sequence[Scope]:
        rules = {
            (biller_id, str(method)): document.rule_for(biller_id, method)
            for biller_id in sorted(self._merchants)
            for method in MethodType
        }
        return [scope for scope, rule in rules.items() if rule is not None and rule.mode is Mode.LIVE]

    async def _outcomes(
        self, versions: Sequence[RolloutVersion], scopes: Sequence[Scope], now: datetime
    ) -> Mapping[Scope, Mapping[timedelta, Outcomes]]:
        """Within each window, and since the step began: most steps are older, so that few times are asked about."""
        since = {
            (scope, window): max(now - window, began_at(versions, *scope, self._merchants) or now)
            for scope in scopes
            for window in WINDOWS
        }
        told = await self._evidence.outcomes(set(since.values()))
        return {
            scope: {window: told[since[scope, window]].get(scope, Outcomes()) for window in WINDOWS} for scope in scopes
        }

    async def _written(self, new: RolloutVersion, found: Sequence[Demotion]) -> bool:
        try:
            await self._store.add_version(new, None)
        except ChangedMeanwhile:
            self._telemetry.event("rollout.guard_overtaken", version=new.version)
            return False
        self._rollout.written(new)
        for demotion in found:
            self._telemetry.alarm(
                "rollout.demoted",
                billerId=demotion.biller_id,
                method=demotion.method,
                because=demotion.because,
                version=new.version,
            )
        return True


def _reason(found: Sequence[Demotion]) -> str:
    told = "; ".join(f"{demotion.biller_id} {demotion.method}: {demotion.because}" for demotion in found)
    return told if len(told) <= _REASON_MAX else told[: _REASON_MAX - 3] + "..."
