"""The timer that publishes what a crash, or a broker that was away, left in the outbox; and what has fallen due."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.use_cases.ports import Outside
from shared.use_cases.publishing import Publishing

# One message of the broker holds so many of ours, and one statement so many ids.
BATCH_MAX: Final = 200
_AT_A_TIME: Final = 4
# The next run comes in 15 s.
BEGIN_WITHIN_S: Final = 12.0
# A sweep that dies leaves its messages to the next one after this.
CLAIMED_FOR_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run did; `left` were taken and the broker did not take them."""

    published: int = 0
    left: int = 0


class OutboxSweep:
    def __init__(self, outside: Outside, publishing: Publishing) -> None:
        self._messages, self._clock, self._identifiers = outside.messages, outside.clock, outside.identifiers
        self._telemetry, self._publishing, self._pace = outside.telemetry, publishing, outside.pace

    async def run_once(self) -> Swept:
        """Until nothing is due, the broker refuses, or the time is over. Tells how old the oldest message is."""
        await self._tell_age()
        begin_before_s = self._clock.boot_s() + BEGIN_WITHIN_S
        published = left = 0
        while not left and self._clock.boot_s() < begin_before_s:
            batches = await asyncio.gather(*(self._batch() for _ in range(_AT_A_TIME)))
            published += sum(batch.published for batch in batches)
            left += sum(batch.left for batch in batches)
            if not any(batch.published for batch in batches):
                break
        if published or left:
            self._telemetry.event("outbox_sweep.run", published=published, left=left)
        return Swept(published, left)

    async def _batch(self) -> Swept:
        now = self._clock.now()
        until = now + timedelta(seconds=self._pace.wait_s(CLAIMED_FOR_S))
        claim = self._identifiers.operation()
        messages = await self._messages.take_due(now, BATCH_MAX, claim=claim, until=until)
        if not messages:
            return Swept()
        if await self._publishing.now(messages):
            return Swept(published=len(messages))
        return Swept(left=len(messages))

    async def _tell_age(self) -> None:
        oldest = await self._messages.oldest_due()
        age_s = 0.0 if oldest is None else max(0.0, (self._clock.now() - oldest).total_seconds())
        self._telemetry.event("outbox.age", ageS=round(age_s, 3))
        self._telemetry.gauge("outbox.oldest_s", age_s)
