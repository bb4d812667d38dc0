"""Timer triggers on a clock that tests move."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import azure.functions as func
import pytest

from local.clock import ManualClock
from local.registered import CannotBeServed, TimerFunction
from local.timers import Timers

ByTimer = Callable[..., list[TimerFunction]]


@asynccontextmanager
async def ticking(functions: list[TimerFunction], clock: ManualClock) -> AsyncIterator[Timers]:
    timers = Timers(functions, clock=clock)
    clock.on_advance(timers.run_due)
    await timers.start()
    try:
        yield timers
    finally:
        await timers.stop()


@pytest.fixture
def fired(clock: ManualClock) -> "Fired":
    return Fired(clock)


class Fired:
    """A handler that notes when it was called, in seconds since the clock began, and with what."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.at_s: list[float] = []
        self.requests: list[func.TimerRequest] = []

    async def __call__(self, timer: func.TimerRequest) -> None:
        self.at_s.append(self._clock.offset.total_seconds())
        self.requests.append(timer)


async def test_a_timer_fires_at_the_instants_of_its_schedule(
    by_timer: ByTimer, clock: ManualClock, fired: Fired
) -> None:
    async with ticking(by_timer(fired), clock):
        for _ in range(150):
            await clock.advance(1)

    # The clock begins at 12:00:30.
    assert fired.at_s == [30, 90, 150]


async def test_a_clock_moved_past_several_instants_fires_once_and_at_once(
    by_timer: ByTimer, clock: ManualClock, fired: Fired
) -> None:
    async with ticking(by_timer(fired), clock):
        await clock.advance(3600)
        at_once = list(fired.at_s)
        await clock.advance(29)
        await clock.advance(1)

    assert at_once == [3600]
    assert fired.at_s == [3600, 3630]


async def test_a_daily_timer_keeps_its_hour_after_the_clock_was_moved(
    by_timer: ByTimer, clock: ManualClock, fired: Fired
) -> None:
    async with ticking(by_timer(fired, "0 0 3 * * *"), clock):
        await clock.advance(14 * 3600)
        await clock.advance(3600 - 31)
        before = list(fired.at_s)
        await clock.advance(1)

    assert before == []
    assert fired.at_s == [timedelta(hours=14, minutes=59, seconds=30).total_seconds()]


async def test_shortened_waits_shorten_the_interval_between_two_firings(by_timer: ByTimer) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-11-23T12:00:30Z"), scale=0.01)
    fired = Fired(clock)

    async with ticking(by_timer(fired), clock):
        for _ in range(20):
            await clock.advance(0.1)

    assert fired.at_s == [0.6, 1.2, 1.8]


async def test_a_timer_learns_how_late_it_is(by_timer: ByTimer, clock: ManualClock, fired: Fired) -> None:
    async with ticking(by_timer(fired), clock):
        await clock.advance(30)
        await clock.advance(600)

    assert [request.past_due for request in fired.requests] == [False, True]


async def test_only_a_timer_that_asks_for_it_fires_at_the_start(by_timer: ByTimer, clock: ManualClock) -> None:
    eager, patient = Fired(clock), Fired(clock)

    async with ticking([*by_timer(eager, run_on_startup=True), *by_timer(patient)], clock):
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    assert (len(eager.at_s), len(patient.at_s)) == (1, 0)


async def test_a_timer_that_fails_goes_on(
    by_timer: ByTimer, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    runs = []

    async def fails(timer: func.TimerRequest) -> None:
        runs.append(timer)
        raise RuntimeError("on purpose")

    async with ticking(by_timer(fails), clock):
        await clock.advance(30)
        await clock.advance(60)

    assert len(runs) == 2
    assert "Tick failed" in caplog.text


async def test_a_timer_that_returns_a_value_is_told_so_in_the_log(
    by_timer: ByTimer, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def returns(timer: func.TimerRequest) -> int:
        return 1

    async with ticking(by_timer(returns), clock):
        await clock.advance(30)

    assert "Tick returned a value: a failure" in caplog.messages


async def test_a_clock_moved_during_a_run_makes_a_second_run_after_it_never_beside_it(
    by_timer: ByTimer, clock: ManualClock
) -> None:
    steps: list[str] = []
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(timer: func.TimerRequest) -> None:
        steps.append("begins")
        begun.set()
        await may_end.wait()
        steps.append("ends")

    async with ticking(by_timer(slow), clock):
        first = asyncio.create_task(clock.advance(30))
        await begun.wait()
        second = asyncio.create_task(clock.advance(60))
        await asyncio.sleep(0)
        may_end.set()
        await asyncio.gather(first, second)

    assert steps == ["begins", "ends", "begins", "ends"]


async def test_a_stop_lets_a_run_end_and_nothing_fires_after_it(by_timer: ByTimer, clock: ManualClock) -> None:
    steps: list[Any] = []

    async def slow(timer: func.TimerRequest) -> None:
        steps.append("begins")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        steps.append("ends")

    timers = Timers(by_timer(slow), clock=clock)
    await timers.start()
    await clock.advance(30)
    await timers.stop()
    await clock.advance(3600)
    await timers.run_due()

    assert steps == ["begins", "ends"]


@pytest.mark.parametrize("schedule", ["* * * * *", "every minute", "00:01:00", "61 * * * * *"])
def test_a_schedule_of_another_kind_is_refused(by_timer: ByTimer, clock: ManualClock, schedule: str) -> None:
    with pytest.raises(CannotBeServed, match=r"Tick: .* is not NCRONTAB of six fields"):
        Timers(by_timer(lambda _: None, schedule), clock=clock)
