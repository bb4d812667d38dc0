"""A running Chase simulator, and a merchant who is signed in to it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local.chase_simulator import ChaseSimulator
from local.clock import ManualClock
from tests.local.chase_calls import LIVE, TEST, Merchant

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

Running = Callable[..., AbstractAsyncContextManager[ChaseSimulator]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    return tmp_path / "chase.sqlite"


@pytest.fixture
def running(books: Path, clock: ManualClock) -> Running:
    """A simulator that runs as long as its block, with settings of one's own."""

    @asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[ChaseSimulator]:
        usual = {"books": books, "clock": clock, "ends_after_s": 70.0, "credentials": [TEST, LIVE]}
        simulator = ChaseSimulator(**{**usual, **settings})
        try:
            await simulator.start()
            yield simulator
        finally:
            await simulator.stop()

    return run


@pytest.fixture
async def simulator(running: Running) -> AsyncIterator[ChaseSimulator]:
    # In memory: a file is for the tests of what outlives the process.
    async with running(books=":memory:") as simulator:
        yield simulator


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest.fixture
async def merchant(simulator: ChaseSimulator, session: aiohttp.ClientSession) -> Merchant:
    merchant = Merchant(simulator, session)
    await merchant.sign_in()
    return merchant
