"""Write a new version of the rollout document: whole or not at all, and no further up than the evidence allows."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.payments.errors import ChangedMeanwhile, FieldError, InvalidRequest, InvalidState, StaleVersion
from shared.payments.idempotency import Nonce
from shared.shadow.document import Document, RolloutVersion, Scope
from shared.shadow.promotion import promotion_allowed, shadow_not_set_up
from shared.shadow.readiness import Readiness
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.ports import Outside
from shared.use_cases.shadow_ports import RolloutStore

HISTORY_MAX: Final = 50

Judged = Callable[[], Awaitable[Mapping[Scope, Readiness]]]
"""Readiness of every biller and method, as of now."""


class PromotionRefused(InvalidState):
    """The evidence does not allow it; `errors` says where and why. Forced with a reason it is taken all the same."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        told = [{"field": error.field, "message": error.message} for error in errors]
        super().__init__("the evidence does not allow it: see the report, or force it with a reason", errors=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutChange:
    """`version` is the one that its author last saw."""

    document: Document
    version: int
    actor: str
    reason: str
    forced: bool = False
    nonce: Nonce | None = None


class ChangeRollout:
    """`shadow_billers` can be mirrored: those that have a test merchant."""

    def __init__(
        self,
        outside: Outside,
        store: RolloutStore,
        rollout: CurrentRollout,
        judged: Judged,
        *,
        shadow_billers: Collection[str],
    ) -> None:
        self._clock, self._merchants, self._telemetry = outside.clock, outside.merchants, outside.telemetry
        self._payments = outside.payments
        self._store, self._rollout, self._judged = store, rollout, judged
        self._shadow_billers = shadow_billers

    async def change(self, change: RolloutChange) -> RolloutVersion:
        """
        The version that was written. Takes effect here at once, in other processes within seconds.

        Raises InvalidRequest (shadow where it is not set up), StaleVersion, PromotionRefused or Unauthenticated (nonce
        seen before); then the old document stays.
        """
        if problems := shadow_not_set_up(change.document, self._merchants, self._shadow_billers):
            raise InvalidRequest(*problems)
        old, now = await self._rollout.latest(), self._clock.now()
        if old.version != change.version:
            if change.nonce is not None:
                # Who repeats a change that was written hears nothing of what stands now.
                await self._payments.spend(change.nonce)
            raise StaleVersion(f"the document is at version {old.version} now: read it, and decide again")
        readiness = {} if change.forced else await self._judged()
        because = change.reason if change.forced else None
        refusals = promotion_allowed(
            old.document, change.document, readiness, billers=self._merchants, now=now, forced_because=because
        )
        if refusals:
            raise PromotionRefused(refusals)
        new = RolloutVersion(old.version + 1, change.document, now, change.actor, change.reason, change.forced)
        try:
            await self._store.add_version(new, change.nonce)
        except ChangedMeanwhile:
            raise StaleVersion("another version was written a moment ago: read it, and decide again") from None
        self._rollout.written(new)
        told = {"version": new.version, "actor": new.actor, "reason": new.reason, "forced": new.forced}
        self._telemetry.event("rollout.changed", **told, killSwitch=new.document.kill_switch)
        return new

    async def history(self) -> tuple[RolloutVersion, Sequence[RolloutVersion]]:
        """The document as it stands, and the versions before it, newest first."""
        found = await self._store.versions(HISTORY_MAX)
        return (found[0], found[1:]) if found else (await self._rollout.latest(), ())
