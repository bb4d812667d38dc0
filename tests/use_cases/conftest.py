"""One workshop a test, or one audited database."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from local.clock import ManualClock
from shared.anchors.directory import DirectoryAnchors
from shared.database.audit import SqlAuditTrail
from shared.database.migrations import migrate_sqlite
from shared.database.payments import SqlPayments
from shared.database.refusals import UNIQUE_RULES
from shared.database.sqlite import SqliteEngine
from shared.database.statements import first_by_limit
from shared.telemetry import RecordedTelemetry
from tests.builders import CHAIN, NOW
from tests.use_cases.audited import TOMORROW, Audit
from tests.use_cases.workshop import MIGRATIONS, Workshop, build_workshop

Built = Callable[..., Workshop]


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


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[Built]:
    """Builds a workshop with settings of the test's own; once more on the same file is another process."""
    made: list[tuple[Workshop, SqliteEngine]] = []

    def build(**settings: Any) -> Workshop:
        made.append(build_workshop(tmp_path / "payments.sqlite3", **settings))
        return made[-1][0]

    yield build
    for workshop, engine in made:
        await workshop.tasks.close(1.0)
        await engine.close()


@pytest.fixture
def workshop(built: Built) -> Workshop:
    return built()
