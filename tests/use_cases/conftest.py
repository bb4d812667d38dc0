"""One workshop a test, or one audited database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.clock import ManualClock
from shared.anchors.directory import DirectoryAnchors
from shared.database.audit import SqlAuditTrail
from shared.database.migrations import migrate_sqlite
from shared.database.payments import UNIQUE_RULES, SqlPayments
from shared.database.sqlite import SqliteEngine
from shared.database.statements import first_by_limit
from shared.telemetry import RecordedTelemetry
from tests.builders import CHAIN, NOW
from tests.use_cases.audited import TOMORROW, Audit
from tests.use_cases.workshop import MIGRATIONS, Workshop, build_workshop


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    workshop, engine = build_workshop(tmp_path / "payments.sqlite3")
    yield workshop
    await workshop.tasks.close(1.0)
    await engine.close()


@pytest.fixture
async def audit(tmp_path: Path) -> AsyncIterator[Audit]:
    path = tmp_path / "payments.sqlite3"
    migrate_sqlite(path, MIGRATIONS, now=NOW)
    engine = SqliteEngine(path, constraints=UNIQUE_RULES)
    yield Audit(
        path,
        DirectoryAnchors(tmp_path / "anchors"),
        SqlPayments(engine, first=first_by_limit, chain=CHAIN),
        SqlAuditTrail(engine, first=first_by_limit),
        ManualClock(TOMORROW),
        RecordedTelemetry(),
    )
    await engine.close()
