"""What tests of several rooms share: one set of keys a run, a house of one's own a test, a broker if there is one."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus.aio import ServiceBusClient

from local.keys import LocalKeys, local_keys
from tests.broker import NO_BROKER, PATIENT_S, Broker
from tests.house import House, open_house

OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> LocalKeys:
    return local_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def opened(tmp_path: Path, keys: LocalKeys) -> OpenHouse:
    """Opens a house on this test's own files, with settings of one's own; once more is a restart."""
    return partial(open_house, tmp_path, keys)


@pytest.fixture
async def house(opened: OpenHouse) -> AsyncIterator[House]:
    async with opened() as house:
        yield house


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    connection_string = os.environ.get("PAYMENTS_TEST_SERVICEBUS")
    if not connection_string:
        pytest.skip(NO_BROKER)
    async with ServiceBusClient.from_connection_string(connection_string, try_timeout=PATIENT_S) as client:
        yield Broker(connection_string, client)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say once per reason what was skipped: a half of the contract that did not run must not go unseen."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, times in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{times} tests {reason[:1].lower()}{reason[1:]}")
