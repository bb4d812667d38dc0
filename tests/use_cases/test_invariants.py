"""What must hold of stored payments is asked rule by rule, and whoever broke it is told."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from shared.database.oversight import SqlInvariants
from shared.database.sqlite import SqliteEngine
from shared.database.unit_of_work import Statement
from shared.use_cases.invariants import CheckInvariants
from tests.use_cases.workshop import Workshop, build_workshop


class Rules:
    """Two rules; one of them cannot be asked."""

    rules: Sequence[str] = ("cannot-be-asked", "broken", "holds")

    async def offenders(self, rule: str, now: datetime) -> int:
        if rule == "cannot-be-asked":
            raise ConnectionError("away")
        return 3 if rule == "broken" else 0


async def test_a_question_that_fails_stops_no_other(workshop: Workshop) -> None:
    broken = await CheckInvariants(workshop.outside, Rules()).run_once()

    assert broken == {"broken": 3}
    assert workshop.telemetry.alarms == [
        ("invariants.not_asked", {"rule": "cannot-be-asked", "error": "ConnectionError"}),
        ("invariants.broken", {"rule": "broken", "count": 3}),
    ]
    assert workshop.telemetry.events[-1] == ("invariants.run", {"asked": 3, "broken": 1})


async def test_what_the_service_writes_breaks_none(tmp_path: Path) -> None:
    workshop, engine = build_workshop(tmp_path / "payments.sqlite3")
    try:
        await workshop.sold()

        assert await CheckInvariants(workshop.outside, SqlInvariants(engine)).run_once() == {}

        await _changed(engine, "UPDATE operations SET inquire_at = NULL")
        broken = await CheckInvariants(workshop.outside, SqlInvariants(engine)).run_once()
        assert broken == {"authorized-and-not-asked-about": 1}
    finally:
        await engine.close()


async def test_every_run_of_reconciliation_says_how_much_is_unknown_and_since_when(workshop: Workshop) -> None:
    await workshop.reconciliation.run_once()

    [(_, told)] = [event for event in workshop.telemetry.events if event[0] == "reconciliation.run"]
    assert (told["unknown"], told["oldestUnknownS"], told["left"]) == (0, 0.0, 0)
    assert ("payments.unknown", 0, {}) in workshop.telemetry.gauges


async def _changed(engine: SqliteEngine, sql: str) -> None:
    await engine.run([Statement(sql, (), rows=None)])
