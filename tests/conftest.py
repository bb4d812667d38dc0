"""What tests of several rooms share: one set of keys a run, a house of one's own a test, a broker if there is one."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus.aio import ServiceBusClient
from filelock import FileLock

from local.keys import LocalKeys, local_keys
from tests.broker import NO_BROKER, PATIENT_S, Broker
from tests.house import House, open_house
from tests.lines import close_what_clients_left

AloneWith = Callable[[str], AbstractContextManager[Any]]
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


@pytest.fixture(scope="session")
def alone_with(tmp_path_factory: pytest.TempPathFactory) -> AloneWith:
    """Holds a server of which there is but one, while tests on other cores wait for it."""
    # What xdist gives to each of its workers lies in one folder.
    return lambda server: FileLock(tmp_path_factory.getbasetemp().parent / f"{server}.lock")


@pytest.fixture
async def broker(alone_with: AloneWith) -> AsyncIterator[Broker]:
    connection_string = os.environ.get("PAYMENTS_TEST_SERVICEBUS")
    if not connection_string:
        pytest.skip(NO_BROKER)
    with alone_with("broker"):
        async with ServiceBusClient.from_connection_string(connection_string, try_timeout=PATIENT_S) as client:
            broker = Broker(connection_string, client)
            yield broker
        close_what_clients_left(broker.port)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say once per reason what was skipped: a half of the contract that did not run must not go unseen."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, times in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{times} tests {reason[:1].lower()}{reason[1:]}")
