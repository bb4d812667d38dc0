"""Work that outlives its call, and how we say how we are."""

import asyncio

import pytest

from local.clock import ManualClock
from shared.telemetry import RecordedTelemetry
from shared.use_cases.readiness import Dependency, Readiness, Status
from shared.use_cases.tasks import TrackedTasks
from tests.builders import NOW


class TestTrackedTasks:
    async def test_shutdown_waits_for_what_must_finish(self) -> None:
        tasks, may_end = TrackedTasks(RecordedTelemetry()), asyncio.Event()
        sale = tasks.start(may_end.wait())
        asyncio.get_running_loop().call_later(0.01, may_end.set)

        await tasks.close(within_s=5)

        assert sale.result() is True

    async def test_shutdown_ends_what_others_will_do(self) -> None:
        tasks = TrackedTasks(RecordedTelemetry())
        waiting = tasks.start(asyncio.Event().wait(), finish=False)

        await tasks.close(within_s=5)

        assert waiting.cancelled()

    async def test_shutdown_waits_no_longer_than_it_may(self) -> None:
        tasks = TrackedTasks(RecordedTelemetry())
        stuck = tasks.start(asyncio.Event().wait())

        await tasks.close(within_s=0.01)

        assert stuck.cancelled()

    async def test_an_error_that_nobody_awaits_is_told_without_its_text(self) -> None:
        async def fails() -> None:
            raise ValueError("4112344112344113")

        telemetry = RecordedTelemetry()
        task = TrackedTasks(telemetry).start(fails())

        with pytest.raises(ValueError, match="4112"):
            await task

        assert telemetry.events == [("task.raised", {"error": "ValueError"})]


class TestReadiness:
    @pytest.mark.parametrize(
        ("database", "chase", "overall"),
        [
            (Status.OK, Status.OK, Status.OK),
            (Status.OK, Status.DEGRADED, Status.DEGRADED),
            (Status.OK, Status.DOWN, Status.DEGRADED),
            (Status.DEGRADED, Status.OK, Status.DEGRADED),
            (Status.DOWN, Status.OK, Status.DOWN),
        ],
    )
    async def test_only_what_is_vital_takes_us_down(self, database: Status, chase: Status, overall: Status) -> None:
        async def tells_database() -> Status:
            return database

        async def tells_chase() -> Status:
            return chase

        readiness = Readiness(
            {"database": Dependency(tells_database, vital=True), "chase": Dependency(tells_chase, vital=False)},
            clock=ManualClock(NOW),
        )

        health = await readiness.check()

        assert health.shown() == {
            "status": overall,
            "dependencies": {
                "database": {"status": database, "latencyMs": 0},
                "chase": {"status": chase, "latencyMs": 0},
            },
        }

    async def test_what_raises_is_down(self) -> None:
        async def raises() -> Status:
            raise OSError("host db-17 is away")

        health = await Readiness({"database": Dependency(raises, vital=True)}, clock=ManualClock(NOW)).check()

        assert health.status is Status.DOWN
        assert "db-17" not in str(health.shown())
