"""The time, waiting for it, and identifiers ordered by it. The only rooms that read a clock are this one and wiring."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta

from shared.payments.ids import OPERATION_PREFIX, PAYMENT_PREFIX, ordered_hex


def boot_s() -> float:
    """Seconds since boot. CLOCK_BOOTTIME goes on while a machine sleeps; elsewhere the monotonic clock must do."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()  # pragma: no cover


class SystemClock:
    """The machine's clock, in UTC, cut to whole milliseconds: what the database keeps."""

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def after(self, wait_s: float) -> datetime:
        return self.now() + timedelta(seconds=wait_s)

    async def sleep_until(self, at: datetime) -> None:
        await asyncio.sleep(max(0.0, (at - self.now()).total_seconds()))

    def boot_s(self) -> float:
        return boot_s()


class TimeOrderedIdentifiers:
    """Ids that sort by the millisecond of their making; the rest is 80 random bits."""

    def payment(self) -> str:
        return PAYMENT_PREFIX + self._next()

    def operation(self) -> str:
        return OPERATION_PREFIX + self._next()

    def _next(self) -> str:
        return ordered_hex(time.time_ns() // 1_000_000, os.urandom(10))
