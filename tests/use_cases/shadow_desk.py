"""A workshop in which everything is in shadow: what it takes, mirrors and compares."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.database.unit_of_work import Query
from shared.payments.messages import Message, Queue
from shared.payments.outcome import TransactionState
from shared.payments.payment import Payment
from shared.payments.updates import Update, UpdateEvent
from shared.shadow.document import Mode
from shared.shadow.operations import ShadowOperation
from shared.shadow.pair import Control, ControlStatus
from shared.shadow.verdicts import Comparison, read_comparison
from shared.use_cases.calls import FollowUpAnswer, LeftToExisting, SaleAnswer
from shared.use_cases.update_state import UpdateCall
from tests.builders import NOW, approved
from tests.use_cases.rollout_desk import RolloutDesk
from tests.use_cases.workshop import a_call, a_refund, a_void

APPROVED = Control(ControlStatus.APPROVED, "00", 125_99, 200, "ref-1")
_UNSENT = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL AND due_at <= ?"
DECLINED = Control(ControlStatus.DECLINED, "05")


@dataclass
class ShadowDesk(RolloutDesk):
    """Messages are delivered when told; each once, unless `again`."""

    delivered: int = 0

    async def opened(self) -> "ShadowDesk":
        await self.governed(Mode.SHADOW)
        return self

    async def taken(self, key: str = "attempt-1", control: Control | None = None, **changed: Any) -> Payment:
        """A sale that was decided to be in shadow, and waits to be mirrored."""
        await self.decided(key, **changed)
        return (await self.told(key, control, **changed)).payment

    async def told(self, key: str = "attempt-1", control: Control | None = None, **changed: Any) -> SaleAnswer:
        answer = await self.take(replace(a_call(key, **changed), control=control))
        assert isinstance(answer, SaleAnswer)
        return answer

    async def asked_again(self, key: str = "attempt-1", **changed: Any) -> SaleAnswer | LeftToExisting:
        return await self.take(a_call(key, **changed))

    async def mirrored(self, key: str = "attempt-1", control: Control | None = APPROVED, **changed: Any) -> Payment:
        return await self.after_delivery(await self.taken(key, control, **changed))

    async def captured(self, control: Control | None = APPROVED, **changed: Any) -> Payment:
        """A mirrored sale that the test endpoint captured at once."""
        self.workshop.chase.sales.append(approved(125_99, TransactionState.CLOSED))
        return await self.mirrored(control=control, **changed)

    async def voided(self, payment: Payment, key: str = "void-1", **changed: Any) -> FollowUpAnswer:
        return await self.workshop.void.void(a_void(payment, key, **changed))

    async def refunded(
        self, payment: Payment, amount_minor: int | None = None, key: str = "refund-1", **changed: Any
    ) -> FollowUpAnswer:
        return await self.workshop.refund.refund(a_refund(payment, amount_minor, key, **changed))

    async def after_delivery(self, payment: Payment, *, again: bool = False) -> Payment:
        await self.deliver(again=again)
        return await self.workshop.stored(payment)

    async def deliver(self, *, again: bool = False) -> None:
        """Every message that is due, to the mirror; `again`, those too that were delivered before."""
        while True:
            await self.published()
            due = self.messages()[0 if again else self.delivered :]
            if not due:
                return
            self.delivered = len(self.messages())
            again = False
            for message in due:
                await self.workshop.shadow_mirror.consume(message)

    async def published(self) -> None:
        """Return when what is due is on the bus."""
        now = self.workshop.clock.now().replace(tzinfo=None).isoformat(timespec="milliseconds")
        async with asyncio.timeout(5):
            while (await self._read(_UNSENT, now))[0][0][0]:
                await self.workshop.outbox_sweep.run_once()
                await asyncio.sleep(0.001)

    def messages(self) -> Sequence[Message]:
        """Each once, as a broker that knows duplicates keeps them."""
        known = {message.id: message for message in self.workshop.broker.taken}
        return [message for message in known.values() if message.queue is Queue.SHADOW_MIRROR]

    async def operations(self, payment: Payment) -> Sequence[ShadowOperation]:
        return await self.workshop.outside.shadow.of_payment(payment.id)

    async def comparison(self, payment: Payment, at: int = 0) -> Comparison | None:
        """Of the operation at that place."""
        operation = (await self.operations(payment))[at]
        [[(text,)]] = await self._read("SELECT comparison FROM shadow_operations WHERE id = ?", operation.id)
        return None if text is None else read_comparison(json.loads(text))

    async def compare_at(self, payment: Payment, at: int = 0) -> str | None:
        operation = (await self.operations(payment))[at]
        [[(text,)]] = await self._read("SELECT compare_at FROM shadow_operations WHERE id = ?", operation.id)
        return None if text is None else str(text)

    async def losses(self) -> int:
        [[(lost,)]] = await self._read("SELECT SUM(lost) FROM shadow_losses")
        return int(lost or 0)

    async def later(self, seconds: float) -> int:
        """The clock is moved, and the timer comes; how many it looked at."""
        await self.workshop.clock.advance(seconds)
        return await self.workshop.comparison_due.run_once()

    async def reported(
        self, payment: Payment, control: Control = APPROVED, operation_id: str | None = None, **changed: Any
    ) -> Payment:
        update = Update(UpdateEvent.CONTROL_REPORTED, "so it was", {}, NOW, operation_id)
        told = {"payment_id": payment.id, "billers": None, "caller": "ctp", "version": None, **changed}
        return await self.workshop.control_report.report(UpdateCall(update=update, **told), control)

    async def _read(self, sql: str, *values: str) -> Any:
        return await self.workshop.payments._engine.read([Query(sql, values)])
