"""One workshop a test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from shared.database.sqlite import SqliteEngine
from tests.use_cases.workshop import Workshop, build_workshop

Built = Callable[..., Workshop]


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
