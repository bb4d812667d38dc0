"""Under which decision a sale is taken: the one that was made for its key as attempt, or one that its commit makes."""

from shared.payments.errors import DecisionExpired, DecisionRequired, IdempotencyInProgress, IdempotencyKeyReused
from shared.shadow.decision import Decided, Why, decide
from shared.shadow.document import Mode
from shared.shadow.stored_decision import EXPIRED, Asked, StoredDecision, decided
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.ports import Outside
from shared.use_cases.shadow_ports import RolloutStore
from shared.use_cases.standing import IN_PROGRESS_RETRY_AFTER_S


class SaleRollout:
    """With `decision_required`, a sale is taken only under a decision that was asked for before."""

    def __init__(
        self, outside: Outside, store: RolloutStore, rollout: CurrentRollout, *, decision_required: bool
    ) -> None:
        self._clock, self._store, self._rollout = outside.clock, store, rollout
        self._required = decision_required

    @property
    def is_made_before(self) -> bool:
        """Whether a decision that `terms` returns is stored already; else the sale's own commit makes it."""
        return self._required

    async def terms(self, asked: Asked) -> Asked | StoredDecision:
        """
        What commit 1 goes by: `asked`, where a live decision is taken to stand; else the decision that is to be made.

        While the document says `live`, no decision is read: the sale's own commit finds out. Raises DecisionExpired.
        """
        found, version = await self._by_the_document(asked)
        if found.mode is Mode.LIVE and self._required:
            return asked
        if not self._required:
            return decided(asked, found.mode, why=found.why, config_version=version, now=self._clock.now())
        made = await self._store.decision(asked.caller, asked.attempt)
        if made is None or made.mode is Mode.LIVE or not made.is_about(asked):
            # The key may stand for a payment, to which none of this matters: its commit tells.
            return asked
        return _in_time(made)

    async def is_switched_off(self) -> bool:
        """Whether live sales are switched off, as far as this process has heard."""
        return await self._rollout.is_switched_off()

    async def standing(self, asked: Asked) -> StoredDecision:
        """
        The decision for which a sale's commit was refused; `live` where live sales are switched off.

        Raises DecisionRequired, DecisionExpired (then it is `off` for ever), or IdempotencyKeyReused where it was made
        for another bill or method.
        """
        made = await self._store.decision(asked.caller, asked.attempt)
        if made is None and self._required:
            raise DecisionRequired
        if made is None:
            # The document that we had read said `live`; the switch is newer.
            return await self._made_off(asked)
        if not made.is_about(asked):
            raise IdempotencyKeyReused("this attempt was decided for another bill or method")
        if made.expires_at is not None and made.expires_at <= self._clock.now():
            if await self._store.expire(asked, self._clock.now()):
                raise DecisionExpired
            raise IdempotencyInProgress(retry_after_s=IN_PROGRESS_RETRY_AFTER_S)
        return _in_time(made)

    async def make(self, decision: StoredDecision) -> StoredDecision:
        """The decision that stands for the attempt: this one, if there was none. Raises PaymentUnresolved."""
        made = await self._store.decide(decision, None)
        if not made.is_about(decision.asked):
            raise IdempotencyKeyReused("this attempt was decided for another bill or method")
        return made

    async def _made_off(self, asked: Asked) -> StoredDecision:
        version = (await self._rollout.current()).version
        now = self._clock.now()
        return await self.make(decided(asked, Mode.OFF, why=Why.KILL_SWITCH, config_version=version, now=now))

    async def _by_the_document(self, asked: Asked) -> tuple[Decided, int]:
        version = await self._rollout.current()
        return decide(version.document, asked.biller_id, asked.method, asked.reference), version.version


def _in_time(made: StoredDecision) -> StoredDecision:
    if made.why == EXPIRED:
        raise DecisionExpired
    return made
