"""
The timer of shadow: pairs that are final are compared again, sides that came late are found, what no message brought
out is mirrored, and how much of all is compared is told.
"""

from datetime import timedelta
from typing import Final

from shared.payments.errors import ChangedMeanwhile
from shared.shadow.operations import ShadowOperation
from shared.use_cases.comparing import Comparing
from shared.use_cases.ports import Outside
from shared.use_cases.shadow_mirror import ShadowMirror

BATCH_MAX: Final = 500
# The next run comes in ten minutes; the host would end one that takes longer.
BEGIN_WITHIN_S: Final = 240.0
_COVERED: Final = timedelta(days=1)


class ComparisonDue:
    def __init__(self, outside: Outside, comparing: Comparing, mirror: ShadowMirror) -> None:
        self._payments, self._store, self._clock = outside.payments, outside.shadow, outside.clock
        self._telemetry, self._comparing, self._mirror = outside.telemetry, comparing, mirror

    async def run_once(self, limit: int = BATCH_MAX) -> int:
        """Look at all that is due; how many were looked at. One bad pair stops no batch."""
        begin_before_s, looked = self._clock.boot_s() + BEGIN_WITHIN_S, 0
        while due := await self._store.due(self._clock.now(), limit):
            for operation in due:
                if self._clock.boot_s() > begin_before_s:
                    return looked
                await self._guarded(operation)
                looked += 1
        await self._tell()
        return looked

    async def _guarded(self, operation: ShadowOperation) -> None:
        try:
            await self._look(operation)
        except Exception as error:
            told = {"paymentId": operation.payment_id, "error": type(error).__name__}
            self._telemetry.alarm("comparison_due.failed", **told)
            again = self._clock.now() + timedelta(hours=1)
            await self._store.looked_at(operation.id, waiting=operation.waiting, compare_at=again)

    async def _look(self, operation: ShadowOperation) -> None:
        if operation.waiting:
            try:
                await self._mirror.mirror(operation.payment_id)
            except ChangedMeanwhile:
                self._telemetry.event("comparison_due.left_to_another", paymentId=operation.payment_id)
        payment = await self._payments.get(operation.payment_id)
        known = await self._store.get(operation.id)
        assert payment is not None, "rows of shadow are never deleted before their payment"
        assert known is not None, "rows of shadow are never deleted before their payment"
        await self._comparing.look(known, payment)

    async def _tell(self) -> None:
        found = await self._store.coverage(self._clock.now() - _COVERED)
        self._telemetry.event(
            "shadow.coverage",
            # What was to be shadowed: what was lost left no row, and must not leave the sum too.
            received=found.received + found.lost,
            compared=found.compared,
            pending=found.pending,
            lost=found.lost,
        )
        self._telemetry.gauge("shadow.backlog", found.pending)
        self._telemetry.gauge("shadow.compared", found.compared)
