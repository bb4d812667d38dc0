"""A payment that stands, for what may follow it."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import OpenHouse
from tests.functions.writes import Desk, at_a_desk


@pytest.fixture
async def desk(opened: OpenHouse) -> AsyncIterator[Desk]:
    async with at_a_desk(opened) as desk:
        yield desk
