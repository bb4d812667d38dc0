"""A workshop under a rollout document of the test's own, and what CTP asks of it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from shared.payments.idempotency import Nonce
from shared.payments.payment import Payment
from shared.payments.requests import kept_of
from shared.shadow.document import ALL, Document, Mode, RolloutVersion, Rule
from shared.shadow.stored_decision import Asked, StoredDecision
from shared.use_cases.calls import LeftToExisting, SaleAnswer, SaleCall
from shared.use_cases.decide_rollout import DecideRollout
from tests.builders import a_sale_request
from tests.use_cases.workshop import Workshop, a_call


def asked(key: str = "attempt-1", **changed: Any) -> Asked:
    """As the call of that key would ask; `changed` goes into the sale's request."""
    request = a_sale_request(**changed)
    return Asked("ctp", key, request.biller_id, kept_of(request.method).type, request.reference)


@dataclass
class RolloutDesk:
    """Sales are taken under decisions that were asked for before, unless the desk is told otherwise."""

    workshop: Workshop
    decision_required: bool = True

    @property
    def decisions(self) -> DecideRollout:
        return DecideRollout(self.workshop.outside, self.workshop.rollout, self.workshop.current_rollout)

    async def governed(self, mode: Mode, *, percentage: int = 100, kill_switch: bool = False) -> None:
        """A new version of the document, in force at once."""
        [latest, *_] = await self.workshop.rollout.versions(1) or [None]
        version = 1 if latest is None else latest.version + 1
        document = Document((Rule(ALL, ALL, mode, percentage),), kill_switch)
        written = RolloutVersion(version, document, self.workshop.clock.now(), "operator", "a test")
        await self.workshop.rollout.add_version(written, None)
        self.workshop.current_rollout.written(written)

    async def killed_elsewhere(self) -> None:
        """Another process switches live sales off; this one has not heard of it."""
        known = await self.workshop.current_rollout.current()
        await self.governed(Mode.LIVE, kill_switch=True)
        self.workshop.current_rollout.written(known)

    async def decided(self, key: str = "attempt-1", **changed: Any) -> StoredDecision:
        return await self.decisions.decide(asked(key, **changed), None)

    async def given_up(self, key: str = "attempt-1", nonce: Nonce | None = None, **changed: Any) -> StoredDecision:
        return await self.decisions.give_up(asked(key, **changed), nonce)

    async def take(self, call: SaleCall) -> SaleAnswer | LeftToExisting:
        return await self.workshop.sale(decision_required=self.decision_required).take(call)

    async def sold(self, key: str = "attempt-1", **changed: Any) -> Payment:
        answer = await self.take(a_call(key, **changed))
        assert isinstance(answer, SaleAnswer)
        return answer.payment

    async def left(self, key: str = "attempt-1", **changed: Any) -> LeftToExisting:
        answer = await self.take(a_call(key, **changed))
        assert isinstance(answer, LeftToExisting)
        return answer

    async def stored(self, key: str = "attempt-1") -> StoredDecision:
        found = await self.workshop.rollout.decision("ctp", key)
        assert found is not None
        return found

    async def has_no_payment(self, key: str = "attempt-1") -> bool:
        known = await self.workshop.payments.by_key("ctp", key, None)
        return known is None or known.payment is None

    async def at_chase(self, calls: int = 1) -> None:
        """Return once Chase was asked so often."""
        async with asyncio.timeout(5):
            while len(self.workshop.chase.sold) < calls:
                await asyncio.sleep(0.001)
