"""A house that is watched as a laptop is: telemetry in memory, the host's signals, and every alarm by its own query."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from local.alarms import Alarms, Judged
from local.workspace import Workspace
from tests.conftest import OpenHouse
from tests.house import House

MINUTE_S = 60.0


@dataclass(frozen=True)
class Plant:
    """`judge` says what has become of one alarm."""

    house: House
    alarms: Alarms

    def judge(self, name: str) -> Judged:
        [judged] = self.alarms.judged(name)
        assert judged.error == ""
        return judged

    async def healthy(self) -> None:
        """Somebody paid, every timer looked, and nothing is left lying."""
        assert (await self.house.sale("healthy", reference="INV-HEALTHY")).status == 201
        await self.timers()
        self.sample()

    async def timers(self) -> None:
        await self.house.fire("outbox_sweep")
        await self.house.fire("reconciliation")

    def sample(self) -> None:
        fed = {each.function.name for each in self.house.functions.bus}
        self.house.signals.sample(self.house.bus.depths(), fed, self.house.telemetry)

    async def minutes(self, count: int) -> None:
        """Time goes by, and the host samples once a minute."""
        for _ in range(count):
            await self.house.clock.advance(MINUTE_S)
            self.sample()


OpenPlant = Callable[..., AbstractAsyncContextManager[Plant]]


@pytest.fixture
def opened_plant(opened: OpenHouse) -> OpenPlant:
    @asynccontextmanager
    async def plant(**settings: str) -> AsyncIterator[Plant]:
        async with opened(in_memory=True, **settings) as house:
            workspace = Workspace(house.telemetry, house.signals)
            yield Plant(house, Alarms(workspace, house.clock.now))
            workspace.close()

    return plant
