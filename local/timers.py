"""Timer triggers on the local clock: fired when due, and at once when the clock is moved past that."""

import asyncio
import json
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from azure.functions.meta import Datum
from azure.functions.timer import TimerRequestConverter
from croniter import croniter  # type: ignore[import-untyped]  # it ships no types

from local.registered import CannotBeServed, TimerFunction

# NCRONTAB: seconds first.
_FIELDS: Final = 6
# A firing later than this is told so (TimerRequest.past_due).
_PAST_DUE: Final = timedelta(seconds=1)
# How long a function at work may still take after the host was told to stop.
STOP_WITHIN_S: Final = 5.0

log = logging.getLogger(__name__)


class TimerClock(Protocol):
    def now(self) -> datetime: ...

    def after(self, wait_s: float) -> datetime: ...

    async def sleep_until(self, at: datetime) -> None: ...


class Timers:
    """Every registered timer, each on a task of its own; no timer ever runs twice at a time."""

    def __init__(self, functions: Iterable[TimerFunction], *, clock: TimerClock) -> None:
        """Raises CannotBeServed for a schedule that is not NCRONTAB of six fields."""
        self._timers = [_Timer(function, clock) for function in functions]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for timer in self._timers:
            timer.schedule_next()
            self._tasks.append(asyncio.create_task(timer.run_forever(), name=timer.name))

    async def run_due(self) -> None:
        """Run each timer that is due, and return when they have ended: for a clock that was moved."""
        if self._tasks:
            await asyncio.gather(*(timer.run_if_due() for timer in self._timers))

    async def stop(self) -> None:
        """Fire nothing more; functions at work have STOP_WITHIN_S to end."""
        tasks, self._tasks = self._tasks, []
        for timer in self._timers:
            timer.stopped = True
        at_work = [asyncio.create_task(timer.at_rest()) for timer in self._timers]
        if at_work:
            await asyncio.wait(at_work, timeout=STOP_WITHIN_S)
        for task in (*at_work, *tasks):
            task.cancel()
        await asyncio.gather(*at_work, *tasks, return_exceptions=True)


class _Timer:
    def __init__(self, timer: TimerFunction, clock: TimerClock) -> None:
        if len(timer.schedule.split()) != _FIELDS or not croniter.is_valid(timer.schedule, second_at_beginning=True):
            raise CannotBeServed(f"{timer.function.name}: {timer.schedule!r} is not NCRONTAB of six fields")
        self.name = timer.function.name
        self.stopped = False
        self._timer = timer
        self._clock = clock
        self._due = clock.now()
        self._last = clock.now()
        self._running = asyncio.Lock()

    def schedule_next(self) -> None:
        """
        Due at the schedule's next instant. Where waits are shortened, a place in the hour means nothing: then only the
        interval counts, shortened.
        """
        now = self._clock.now()
        instants = croniter(self._timer.schedule, now, second_at_beginning=True)
        following: datetime = instants.get_next(datetime)
        interval = instants.get_next(datetime) - following
        shortened = self._clock.after(interval.total_seconds())
        self._due = shortened if shortened < now + interval else following

    async def run_forever(self) -> None:
        if self._timer.run_on_startup:
            async with self._running:
                await self._run(self._clock.now())
        while True:
            await self._clock.sleep_until(self._due)
            await self.run_if_due()

    async def run_if_due(self) -> None:
        async with self._running:
            due = self._due
            if self.stopped or self._clock.now() < due:
                return
            # Before the run: a clock moved during it makes the timer due again, for what this run did not see.
            self.schedule_next()
            await self._run(due)

    async def at_rest(self) -> None:
        async with self._running:
            pass

    async def _run(self, due: datetime) -> None:
        try:
            returned = await self._timer.function.call(self._request(due))
            if returned is not None:
                log.error("%s returned a value: a failure", self.name)
        except Exception:
            log.exception("%s failed", self.name)

    def _request(self, due: datetime) -> Any:
        now = self._clock.now()
        last, self._last = self._last, now
        status = {"Last": last.isoformat(), "Next": self._due.isoformat(), "LastUpdated": last.isoformat()}
        sent = {"IsPastDue": now - due > _PAST_DUE, "ScheduleStatus": status, "Schedule": {"AdjustForDST": True}}
        return TimerRequestConverter.decode(Datum(json.dumps(sent), "json"), trigger_metadata=None)
