"""The laptop's clock: moved by hand, kept, and never early."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from local.clock import LocalClock, ManualClock
from shared.use_cases.ports import Clock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Kept:
    """An offset store in memory."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def load_offset(self) -> timedelta:
        return self.offset

    def save_offset(self, offset: timedelta) -> None:
        self.offset = offset


def test_both_clocks_fit_the_port() -> None:
    clocks: list[Clock] = [LocalClock(), ManualClock(NOON)]

    assert all(clock.now().tzinfo is UTC for clock in clocks)


def test_the_local_time_is_real_time_in_whole_milliseconds() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)

    now = LocalClock().now()

    assert before <= now <= datetime.now(UTC)
    assert now.microsecond % 1000 == 0


async def test_advancing_moves_the_local_time_and_leaves_real_time_alone() -> None:
    clock = ManualClock(NOON)

    await clock.advance(90.5)

    assert clock.now() == NOON + timedelta(seconds=90.5)
    assert clock.real_now() == NOON
    assert clock.boot_s() == 90.5


async def test_time_never_moves_backwards() -> None:
    clock = ManualClock(NOON)

    with pytest.raises(ValueError, match="forward"):
        await clock.advance(-1)

    assert clock.now() == NOON


def test_waits_are_scaled_and_times_are_not() -> None:
    clock = ManualClock(NOON, scale=0.01)

    over = clock.after(90)

    assert over == NOON + timedelta(seconds=0.9)


def test_boot_time_goes_on_by_itself_on_a_local_clock() -> None:
    clock = LocalClock()
    earlier = clock.boot_s()

    later = clock.boot_s()

    assert 0 <= later - earlier < 60


async def test_what_is_due_already_does_not_wait() -> None:
    clock = ManualClock(NOON)

    await clock.sleep_until(NOON)

    assert clock.now() == NOON


async def test_real_time_wakes_a_sleeper() -> None:
    clock = LocalClock()
    at = clock.after(0.005)

    await clock.sleep_until(at)

    assert clock.now() >= at


async def test_a_sleeper_whose_time_has_come_runs_before_advance_returns() -> None:
    clock = ManualClock(NOON)
    ran: list[str] = []

    async def sleeper(name: str, wait_s: float) -> None:
        await clock.sleep_until(clock.after(wait_s))
        await asyncio.sleep(0.002)
        ran.append(name)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper("soon", 5))
        tasks.create_task(sleeper("later", 60))
        await asyncio.sleep(0)
        await clock.advance(5)
        after_five_seconds = list(ran)
        await clock.advance(55)

    assert after_five_seconds == ["soon"]
    assert ran == ["soon", "later"]


async def test_a_sleeper_on_real_time_is_woken_by_advancing_too() -> None:
    clock = LocalClock()
    sleeper = asyncio.create_task(clock.sleep_until(clock.after(3600)))
    await asyncio.sleep(0)

    await clock.advance(3600)

    assert sleeper.done()


async def test_a_sleeper_that_sleeps_again_is_not_waited_for() -> None:
    clock = ManualClock(NOON, settle_within_s=30)
    rounds: list[datetime] = []

    async def every_minute() -> None:
        while True:
            await clock.sleep_until(clock.after(60))
            rounds.append(clock.now())

    task = asyncio.create_task(every_minute())
    await asyncio.sleep(0)
    await clock.advance(60)
    await clock.advance(60)
    task.cancel()

    assert rounds == [NOON + timedelta(seconds=60), NOON + timedelta(seconds=120)]


async def test_advancing_does_not_wait_for_ever_for_what_it_woke() -> None:
    clock = ManualClock(NOON, settle_within_s=0.005)

    async def never_done() -> None:
        await clock.sleep_until(clock.after(1))
        await asyncio.Event().wait()

    task = asyncio.create_task(never_done())
    await asyncio.sleep(0)
    await clock.advance(1)
    still_at_work = not task.done()
    task.cancel()

    assert still_at_work


async def test_registered_actions_are_awaited_after_the_time_has_moved() -> None:
    clock = ManualClock(NOON)
    seen: list[datetime] = []

    async def run_due_timers() -> None:
        await asyncio.sleep(0)
        seen.append(clock.now())

    clock.on_advance(run_due_timers)
    await clock.advance(15)

    assert seen == [NOON + timedelta(seconds=15)]


async def test_time_does_not_leave_the_calendar() -> None:
    clock = ManualClock(NOON)

    with pytest.raises(OverflowError):
        await clock.advance(8000 * 366 * 24 * 3600)

    assert clock.now() == NOON


async def test_the_offset_is_taken_up_from_its_store_and_kept_there() -> None:
    store = Kept(timedelta(hours=2))
    clock = ManualClock(NOON)
    clock.remember_in(store)

    await clock.advance(60)

    assert clock.now() == NOON + timedelta(hours=2, minutes=1)
    assert store.offset == timedelta(hours=2, minutes=1)


async def test_a_cancelled_sleeper_leaves_nothing_behind() -> None:
    clock = ManualClock(NOON)
    sleeper = asyncio.create_task(clock.sleep_until(clock.after(10)))
    await asyncio.sleep(0)

    sleeper.cancel()
    await asyncio.wait([sleeper])
    await clock.advance(10)

    assert sleeper.cancelled()
