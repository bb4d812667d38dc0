"""One workshop a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.use_cases.workshop import Workshop, build_workshop


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    workshop, engine = build_workshop(tmp_path / "payments.sqlite3")
    yield workshop
    await workshop.tasks.close(1.0)
    await engine.close()
