"""
The timer that leaves nothing behind: what a crash left `submitted` becomes `unknown`; what is unknown, or authorized
and due for its capture, is asked about; what waits to be sent and was not brought out by its message is sent; and so is
what the ledger was not told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.payments.errors import ChangedMeanwhile
from shared.payments.operations import OperationState
from shared.payments.outcome import Unknown
from shared.payments.payment import Payment
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording
from shared.use_cases.sending_again import SendingAgain
from shared.use_cases.unposted import Unposted

# 1,000 inquiries, 40 at a time, 1 s each at p99, take 25 s of the timer's minute. So many payments are confirmed as
# captured in one run; docs/scale.md says what a day of that comes to.
BATCH_MAX: Final = 1_000
_AT_A_TIME: Final = 40
# While Chase hangs, an inquiry takes minutes: none is begun after this, so that the run ends before the host ends it
# (host.json: functionTimeout). What is left is due in the next run.
BEGIN_WITHIN_S: Final = 45.0
# A message that is due is delivered within seconds; the sweep that publishes it comes every 15 s.
OVERDUE_AFTER_S: Final = 120.0

ACTOR: Final = "reconciliation"
ABANDONED: Final = Unknown("ABANDONED", "the process that sent this ended before Chase's answer was stored")

Step = Callable[[Payment], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Counts:
    """What one run did. What was `left`, failed or not begun, is for the next run; one bad payment stops no batch."""

    abandoned: int = 0
    inquired: int = 0
    sent: int = 0
    posted: int = 0
    left: int = 0


class Reconciliation:
    def __init__(
        self,
        outside: Outside,
        recording: Recording,
        inquiries: Inquiries,
        sending_again: SendingAgain,
        unposted: Unposted,
    ) -> None:
        self._payments, self._clock, self._pace = outside.payments, outside.clock, outside.pace
        self._telemetry, self._recording = outside.telemetry, recording
        self._inquiries, self._sending_again, self._unposted = inquiries, sending_again, unposted

    async def run_once(self, limit: int = BATCH_MAX) -> Counts:
        """Sweep what belongs to nobody, ask about what is due, send what is overdue; the ledger comes last."""
        now = self._clock.now()
        abandoned = await self._payments.abandoned(now - timedelta(seconds=self._pace.abandoned_after_s), limit)
        swept = await self._each(abandoned, self._mark_unknown)
        due = await self._payments.inquiries_due(self._clock.now(), limit)
        asked = await self._each(due, self._inquiries.due)
        overdue_before = self._clock.now() - timedelta(seconds=self._pace.wait_s(OVERDUE_AFTER_S))
        overdue = await self._payments.overdue(overdue_before, limit)
        sent = await self._each(overdue, self._send)
        ledger = await self._unposted.post(limit)
        left = len(abandoned) + len(due) + len(overdue) + ledger.found - swept - asked - sent - ledger.posted
        counts = Counts(abandoned=swept, inquired=asked, sent=sent, posted=ledger.posted, left=left)
        await self._tell(counts)
        return counts

    async def _tell(self, counts: Counts) -> None:
        """On every run: that nothing is old means little where nobody looked."""
        unknowns = await self._payments.unknowns()
        oldest_s = round(unknowns.oldest_s(self._clock.now()), 3)
        told = {name: getattr(counts, name) for name in counts.__slots__}
        self._telemetry.event("reconciliation.run", **told, unknown=unknowns.count, oldestUnknownS=oldest_s)
        self._telemetry.gauge("payments.unknown", unknowns.count)
        self._telemetry.gauge("payments.unknown_oldest_s", oldest_s)

    async def _mark_unknown(self, payment: Payment) -> None:
        operation = payment.unresolved
        if operation is not None and operation.state is OperationState.SUBMITTED:
            await self._recording.record(payment, operation, ABANDONED, actor=ACTOR)

    async def _send(self, payment: Payment) -> None:
        operation = payment.unresolved
        if operation is None:
            return
        try:
            await self._sending_again.send(payment, operation)
        except ChangedMeanwhile:
            # Its message came after all.
            return

    async def _each(self, payments: Sequence[Payment], step: Step) -> int:
        gate = asyncio.Semaphore(_AT_A_TIME)
        begin_before_s = self._clock.boot_s() + BEGIN_WITHIN_S

        async def guarded(payment: Payment) -> bool:
            async with gate:
                if self._clock.boot_s() > begin_before_s:
                    return False
                try:
                    await step(payment)
                except Exception as error:
                    self._telemetry.alarm("reconciliation.failed", paymentId=payment.id, error=type(error).__name__)
                    return False
                return True

        return sum(await asyncio.gather(*(guarded(payment) for payment in payments)))
