"""A broker and a database that go away in the middle of the work, and come back."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from local.bus_publisher import BusPublisher
from shared import wiring
from shared.clock import SystemClock
from shared.database.unit_of_work import DatabaseUnavailable, Engine, Query, Row, Statement
from shared.payments.messages import Message, NotPublished
from shared.use_cases.ports import Publisher
from shared.wiring.build import build
from shared.wiring.database import database
from tests.house import House


class UnsteadyPublisher:
    """As `whole`, while `up`. With `forgets`, the broker takes the messages, and its word for that is lost."""

    def __init__(self, whole: Publisher) -> None:
        self.up, self.forgets, self.refused = True, False, 0
        self._whole = whole

    async def publish(self, messages: Sequence[Message]) -> None:
        if not self.up:
            self.refused += 1
            raise NotPublished("the broker is away")
        await self._whole.publish(messages)
        if self.forgets:
            raise NotPublished("the broker's answer was lost")


class UnsteadyEngine:
    """
    As `whole`, until `runs_left` more writes were asked for (None: for ever): then nothing is written or read any more.

    With `stores`, the write at that moment is still stored, and only its answer is lost.
    """

    def __init__(self, whole: Engine) -> None:
        self.runs_left: int | None = None
        self.stores = False
        self.refused = 0
        self._whole = whole

    def fail_after(self, runs: int, *, stores: bool = False) -> None:
        self.runs_left, self.stores = runs, stores

    def mend(self) -> None:
        self.runs_left = None

    async def run(self, statements: Sequence[Statement], *answers: Query) -> list[list[Row]]:
        if self.runs_left is None:
            return await self._whole.run(statements, *answers)
        if self.runs_left > 0:
            self.runs_left -= 1
            return await self._whole.run(statements, *answers)
        if self.stores:
            self.stores = False
            await self._whole.run(statements, *answers)
        return self._unavailable()

    async def read(self, queries: Sequence[Query]) -> list[list[Row]]:
        return self._unavailable() if self.runs_left == 0 else await self._whole.read(queries)

    async def ping(self) -> None:
        if self.runs_left == 0:
            self._unavailable()
        await self._whole.ping()

    async def close(self) -> None:
        await self._whole.close()

    def _unavailable(self) -> Any:
        self.refused += 1
        raise DatabaseUnavailable("the database is away")

    @property
    def round_trips(self) -> int:
        return self._whole.round_trips

    @property
    def commits(self) -> int:
        return self._whole.commits

    @property
    def connections_in_use(self) -> int:
        return self._whole.connections_in_use


@asynccontextmanager
async def unsteady(
    house: House, *, over: Publisher | None = None
) -> AsyncIterator[tuple[House, UnsteadyPublisher, UnsteadyEngine]]:
    """
    The house, its doors served by parts whose broker and database may go away; afterwards by its own again.

    Messages leave by `over`, or on the house's own bus.
    """
    whole, first = database(house.settings, SystemClock())
    engine, bus = UnsteadyEngine(whole), BusPublisher()
    bus.attach(house.bus)
    publisher = UnsteadyPublisher(over or bus)
    services = build(
        house.settings, publisher=publisher, clock=house.clock, telemetry=house.telemetry, stored_in=(engine, first)
    )
    wiring.use(services)
    try:
        yield replace(house, services=services), publisher, engine
    finally:
        engine.mend()
        wiring.use(house.services)
        await services.close()
