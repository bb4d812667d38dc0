"""What the timers ask of the database, and what a round trip tells of itself."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.database.measured import MeasuredEngine
from shared.database.oversight import SqlInvariants, unknowns
from shared.database.unit_of_work import DatabaseUnavailable, GuardFailed, Query, Statement
from shared.payments.inquiry import Unknowns
from shared.payments.outcome import Unknown
from shared.telemetry import RecordedTelemetry
from tests.builders import NOW
from tests.use_cases.workshop import build_workshop


async def test_unknowns_are_counted_with_the_age_of_the_oldest(tmp_path: Path) -> None:
    workshop, engine = build_workshop(tmp_path / "payments.sqlite3")
    try:
        assert await unknowns(engine) == Unknowns(0, None)
        workshop.chase.sales = [Unknown("READ_TIMEOUT", "no answer")]
        await workshop.sold()

        found = await unknowns(engine)
        assert (found.count, found.since) == (1, NOW)
        assert found.oldest_s(NOW + timedelta(minutes=16)) == 960.0
        assert found.oldest_s(NOW - timedelta(minutes=1)) == 0.0
    finally:
        await workshop.tasks.close(0)
        await engine.close()


def test_messages_are_no_invariant_of_payments() -> None:
    rules = SqlInvariants(None).rules  # type: ignore[arg-type]  # it is not asked

    assert "refunds-over-capture" in rules
    assert [rule for rule in rules if "message" in rule or "exposure" in rule] == []


class TestAMeasuredEngine:
    async def test_is_the_engine_and_tells_how_long_each_round_trip_took(self, tmp_path: Path) -> None:
        _, engine = build_workshop(tmp_path / "payments.sqlite3")
        telemetry = RecordedTelemetry()
        measured = MeasuredEngine(engine, telemetry)

        await measured.ping()
        await measured.read([Query("SELECT 1")])
        with pytest.raises(GuardFailed):
            await measured.run([Statement("DELETE FROM payments", (), rows=1, guard="one")])
        before = (measured.round_trips, measured.commits, measured.connections_in_use, measured.flushes)
        await measured.close()

        assert [of["operation"] for _, _, of in telemetry.observed] == ["ping", "read", "run"]
        assert telemetry.counts == []
        assert before == (engine.round_trips, engine.commits, engine.connections_in_use, engine.flushes)

    async def test_counts_what_failed_by_its_kind(self, tmp_path: Path) -> None:
        _, engine = build_workshop(tmp_path / "payments.sqlite3")
        await engine.close()
        telemetry = RecordedTelemetry()
        measured = MeasuredEngine(engine, telemetry)
        for work in (measured.ping(), measured.read([Query("SELECT 1")]), measured.run([])):
            with pytest.raises(DatabaseUnavailable):
                await work

        assert telemetry.counts == [
            ("db.failures", 1, {"operation": operation, "error": "DatabaseUnavailable"})
            for operation in ("ping", "read", "run")
        ]
