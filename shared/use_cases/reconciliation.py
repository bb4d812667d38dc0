"""The timer that leaves no sale behind: what a crash left `submitted` becomes `unknown`, and is asked about."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.payments.outcome import Unknown
from shared.payments.payment import Payment
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording

# 200 inquiries, 10 at a time, 1 s each at p99, take 20 s of the timer's minute.
BATCH_MAX: Final = 200
_AT_A_TIME: Final = 10
# While Chase hangs, an inquiry takes minutes: none is begun after this, so that the run ends before the host ends it
# (host.json: functionTimeout). What is left is due in the next run.
BEGIN_WITHIN_S: Final = 45.0

ACTOR: Final = "reconciliation"
ABANDONED: Final = Unknown("ABANDONED", "the process that sent this sale ended before Chase's answer was stored")


@dataclass(frozen=True, slots=True)
class Counts:
    """What one run did. What was `left`, failed or not begun, is for the next run; one bad payment stops no batch."""

    abandoned: int = 0
    inquired: int = 0
    left: int = 0


class Reconciliation:
    def __init__(self, outside: Outside, recording: Recording, inquiries: Inquiries) -> None:
        self._payments, self._clock, self._pace = outside.payments, outside.clock, outside.pace
        self._telemetry, self._recording, self._inquiries = outside.telemetry, recording, inquiries

    async def run_once(self, limit: int = BATCH_MAX) -> Counts:
        """Sweep what belongs to nobody, then ask about what is due."""
        claimed_before = self._clock.now() - timedelta(seconds=self._pace.abandoned_after_s)
        abandoned = await self._payments.abandoned(claimed_before, limit)
        swept = await self._each(abandoned, self._mark_unknown)
        due = await self._payments.inquiries_due(self._clock.now(), limit)
        asked = await self._each(due, self._inquiries.inquire)
        counts = Counts(abandoned=swept, inquired=asked, left=len(abandoned) + len(due) - swept - asked)
        if abandoned or due:
            self._telemetry.event("reconciliation.run", **{name: getattr(counts, name) for name in counts.__slots__})
        return counts

    async def _mark_unknown(self, payment: Payment) -> Payment:
        return await self._recording.record(payment, ABANDONED, actor=ACTOR)

    async def _each(self, payments: Sequence[Payment], step: Callable[[Payment], Awaitable[Payment]]) -> int:
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
