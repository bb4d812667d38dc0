"""Decide who charges an attempt: once, for ever, before anybody is charged; or close an attempt that was never sold."""

from shared.payments.errors import FieldError, IdempotencyKeyReused, InvalidRequest, InvalidState
from shared.payments.idempotency import Nonce
from shared.payments.next_step import allowed_actions
from shared.payments.payment import Payment
from shared.payments.requests import Merchant
from shared.shadow.decision import decide
from shared.shadow.document import Mode
from shared.shadow.stored_decision import GIVEN_UP, Asked, StoredDecision, decided
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.ports import Outside
from shared.use_cases.shadow_ports import RolloutStore


class AttemptSold(InvalidState):
    """A payment has the attempt's key: it is to be voided, not given up. `payment` is it."""

    def __init__(self, payment: Payment, actions: list[str]) -> None:
        super().__init__("a payment was made under this attempt", state=payment.state, allowedActions=actions)
        self.payment = payment


class DecideRollout:
    def __init__(self, outside: Outside, store: RolloutStore, rollout: CurrentRollout) -> None:
        self._payments, self._clock, self._merchants = outside.payments, outside.clock, outside.merchants
        self._telemetry, self._store, self._rollout = outside.telemetry, store, rollout

    async def decide(self, asked: Asked, nonce: Nonce | None) -> StoredDecision:
        """
        The decision of the attempt, the same for ever.

        Raises InvalidRequest (unknown biller), IdempotencyKeyReused (decided for another bill or method before), or
        PaymentUnresolved where another attempt's live payment for this bill is open.
        """
        self._merchant(asked)
        rollout = await self._rollout.current()
        found = decide(rollout.document, asked.biller_id, asked.method, asked.reference)
        version, now = rollout.version, self._clock.now()
        new = decided(asked, found.mode, why=found.why, config_version=version, now=now)
        return self._told(await self._store.decide(new, nonce), asked)

    async def give_up(self, asked: Asked, nonce: Nonce | None) -> StoredDecision:
        """
        `off` for ever: nothing will be sold under the attempt here.

        Raises AttemptSold where a payment was made under it, and what `decide` raises.
        """
        self._merchant(asked)
        version = (await self._rollout.current()).version
        off = decided(asked, Mode.OFF, why=GIVEN_UP, config_version=version, now=self._clock.now())
        closed = await self._store.give_up(off, nonce)
        if closed is not None:
            return self._told(closed, asked)
        known = await self._payments.by_key(asked.caller, asked.attempt, None)
        assert known is not None, "only what was stored under its key keeps an attempt open"
        assert known.payment is not None, "a refusal leaves the attempt to be closed"
        raise AttemptSold(known.payment, allowed_actions(known.payment, self._clock.now()))

    def _merchant(self, asked: Asked) -> Merchant:
        merchant = self._merchants.get(asked.biller_id)
        if merchant is None:
            raise InvalidRequest(FieldError("billerId", "is not a biller that we charge for"))
        return merchant

    def _told(self, decision: StoredDecision, asked: Asked) -> StoredDecision:
        if not decision.is_about(asked):
            raise IdempotencyKeyReused("this attempt was decided for another bill or method")
        self._telemetry.event(
            "rollout.decided", billerId=asked.biller_id, method=asked.method, mode=decision.mode, why=decision.why
        )
        return decision
