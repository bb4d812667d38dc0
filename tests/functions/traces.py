"""What a call leaves behind: rows, charges in Chase's books, and calls that reached Chase."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from shared.database.rows import time_text
from shared.database.unit_of_work import Query
from tests.house import House

_UNSENT = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL AND due_at <= ?"
_TABLES = Query("SELECT name FROM sqlite_master WHERE type = 'table'")


@dataclass(frozen=True)
class Traces:
    """`rows` counts each table; `calls` counts what reached Chase, per operation."""

    rows: Mapping[str, int]
    calls: Mapping[str, int]
    charges: int

    @property
    def payments(self) -> int:
        return self.rows["payments"]


async def traces(house: House) -> Traces:
    database = house.services.database
    [tables] = await database.read([_TABLES])
    counts = await database.read([Query(f'SELECT COUNT(*) FROM "{name}"') for (name,) in tables])  # noqa: S608 - ours
    rows = {name: count for (name,), [(count,)] in zip(tables, counts, strict=True)}
    return Traces(rows, dict(house.simulator.calls), len(house.books()))


async def at_rest(house: House) -> None:
    """Until the messages of what was done before are acted on: they leave rows of their own."""
    due = Query(_UNSENT, (time_text(house.clock.now()),))
    async with asyncio.timeout(10):
        while (await house.services.database.read([due]))[0][0][0]:
            await asyncio.sleep(0)
    await house.bus.idle()


@asynccontextmanager
async def no_trace(house: House, *, but: Sequence[str] = ()) -> AsyncIterator[None]:
    """Asserts that what is done inside stores nothing, `but` in these tables, and sends nothing."""
    await at_rest(house)
    before = await traces(house)
    yield
    after = await traces(house)
    left = {table: count for table, count in after.rows.items() if table not in but}
    assert replace(after, rows={**before.rows, **left}) == before
