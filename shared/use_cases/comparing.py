"""Control against candidate: as soon as both are there, and again when the outcome is final."""

from datetime import datetime, timedelta
from typing import Final

from shared.payments.payment import Payment
from shared.shadow.banking_days import final_at
from shared.shadow.comparison import compare
from shared.shadow.explanations import EXPLANATIONS
from shared.shadow.operations import ShadowOperation
from shared.shadow.pair import Candidate, Control, candidate_of
from shared.shadow.verdicts import Comparison, Stage
from shared.use_cases.ports import Outside

# A side that is missing may come within the hour, often; then it is looked for when the pair would be final. What waits
# to be mirrored is never given up.
_OFTEN: Final = timedelta(minutes=10)
_OFTEN_FOR: Final = timedelta(hours=1)
_SELDOM: Final = timedelta(days=1)


class Comparing:
    def __init__(self, outside: Outside) -> None:
        self._store, self._clock, self._telemetry = outside.shadow, outside.clock, outside.telemetry

    async def look(self, operation: ShadowOperation, payment: Payment) -> bool:
        """
        Compare, if both sides are there; and note when to look again. Whether the candidate is there.

        `operation` and `payment` are as they are now.
        """
        now = self._clock.now()
        candidate = _candidate(operation, payment)
        finals = final_at(operation.method, operation.created_at)
        later = next((at for at in finals if at > now), None)
        if candidate is None or operation.control is None:
            again = _again(operation, candidate, later, now)
            if candidate is None:
                await self._store.looked_at(operation.id, waiting=True, compare_at=again)
                return False
            await self._store.control_missing(operation.id, compare_at=again)
            return True
        stage = Stage.FINAL if now >= finals[0] else Stage.FIRST
        comparison = _compared(operation.control, candidate, stage, now)
        await self._store.compared(operation.id, comparison, now, later)
        self._tell(operation, comparison)
        return True

    def _tell(self, operation: ShadowOperation, comparison: Comparison) -> None:
        told = {"paymentId": operation.payment_id, "billerId": operation.biller_id, "method": operation.method}
        self._telemetry.event("shadow.compared", stage=comparison.stage, verdict=comparison.verdict, **told)
        for field in comparison.differing:
            severity = field.severity.name.lower()
            self._telemetry.event("shadow.mismatch", severity=severity, field=field.name, **told)
            self._telemetry.count("shadow.mismatches", severity=severity)


def _again(
    operation: ShadowOperation, candidate: Candidate | None, later: datetime | None, now: datetime
) -> datetime | None:
    if now - operation.created_at < _OFTEN_FOR:
        return now + _OFTEN
    return later if candidate is not None else min(later or now + _SELDOM, now + _SELDOM)


def _candidate(operation: ShadowOperation, payment: Payment) -> Candidate | None:
    try:
        return candidate_of(payment, operation.id)
    except KeyError:
        # Its turn has not come.
        return None


def _compared(control: Control, candidate: Candidate, stage: Stage, now: datetime) -> Comparison:
    return compare(control, candidate, stage=stage, on=now.date(), explanations=EXPLANATIONS)
