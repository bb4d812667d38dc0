"""The time, waiting for it, and identifiers ordered by it. The only rooms that read a clock are this one and wiring."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.payments.ids import OPERATION_PREFIX, PAYMENT_PREFIX, ordered_hex

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


# CLOCK_BOOTTIME goes on while a machine sleeps; where there is none, the monotonic clock must do.
_BOOT_CLOCK: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


def boot_s() -> float:
    """Seconds since boot."""
    return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)


class SystemClock:
    """The machine's clock, in UTC, cut to whole milliseconds: what the database keeps."""

    def __init__(self) -> None:
        self._latest = (0, _EPOCH)

    def now(self) -> datetime:
        now_ms = time.time_ns() // 1_000_000
        latest_ms, latest = self._latest
        if now_ms != latest_ms:
            # A sale asks ten times, most of them within the same millisecond.
            latest = _EPOCH + timedelta(milliseconds=now_ms)
            self._latest = (now_ms, latest)
        return latest

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
