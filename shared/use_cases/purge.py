"""The daily timer: forgets what has had its time, anchors what must never be forgotten, asks whether all holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.use_cases.audit_anchor import AuditAnchor
from shared.use_cases.invariants import CheckInvariants
from shared.use_cases.ports import Outside, Purging

# How long each kind is of use.
NONCES_FOR: Final = timedelta(seconds=900)  # twice the clock tolerance, and a margin
INBOX_FOR: Final = timedelta(days=30)  # longer than any message may be replayed
SENT_FOR: Final = timedelta(days=7)  # to be looked at after an incident
# An instrument is erased by the step that ends its payment. One that is older than any wait belongs to a fault.
INSTRUMENTS_FOR: Final = timedelta(days=3)

# Rows of one statement: it holds its locks for milliseconds.
BATCH_MAX: Final = 1000
_BEGIN_WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows of each kind were forgotten."""

    nonces: int = 0
    inbox: int = 0
    outbox: int = 0
    instruments: int = 0


class Purge:
    def __init__(
        self,
        outside: Outside,
        purging: Purging,
        anchor: AuditAnchor | None,
        invariants: CheckInvariants | None = None,
    ) -> None:
        self._clock, self._telemetry = outside.clock, outside.telemetry
        self._purging, self._anchor, self._invariants = purging, anchor, invariants

    async def run_once(self) -> Purged:
        """Forget, in small steps, and make yesterday's anchor if it is missing. What one run leaves, the next takes."""
        now, begin_before_s = self._clock.now(), self._clock.boot_s() + _BEGIN_WITHIN_S
        purged = Purged(
            nonces=await self._all("nonces", now - NONCES_FOR, begin_before_s),
            inbox=await self._all("inbox", now - INBOX_FOR, begin_before_s),
            outbox=await self._all("outbox", now - SENT_FOR, begin_before_s),
            instruments=await self._all("instruments", now - INSTRUMENTS_FOR, begin_before_s),
        )
        await self._purging.forget_attempts(now)
        self._telemetry.event("purge.run", **{name: getattr(purged, name) for name in purged.__slots__})
        if purged.instruments:
            self._telemetry.alarm("purge.instruments_left", instruments=purged.instruments)
        await self._anchored()
        if self._invariants is not None:
            await self._invariants.run_once()
        return purged

    async def _all(self, kind: str, before: datetime, begin_before_s: float) -> int:
        total = 0
        while self._clock.boot_s() <= begin_before_s:
            forgotten = await self._purging.forget(kind, before, BATCH_MAX)
            total += forgotten
            if forgotten < BATCH_MAX:
                break
        return total

    async def _anchored(self) -> None:
        if self._anchor is None:
            return
        try:
            await self._anchor.run_once()
        except Exception as error:
            # The next run makes up for it; that it keeps failing must be seen.
            self._telemetry.alarm("audit.anchor_failed", error=type(error).__name__)
