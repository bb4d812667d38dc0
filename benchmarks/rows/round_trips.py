"""
Row 8: database round trips and durable commits per sale, void and refund; and that flushes are shared under load.

The service in this process, its engine's own counters around one call, from the request to the answer. What is
published after the answer is told beside it. Then 64 sales at once: units stored for each flush made.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Limit, Row
from benchmarks.house import House, open_house
from shared.database.measured import MeasuredEngine
from shared.database.sqlite import SqliteEngine

_TIMES: Final = 3
_TWO: Final = Limit(2)
# Long enough for a task that was begun after an answer to reach its end; it takes two milliseconds.
_SETTLED_AFTER_S: Final = 0.03


def rows(bench: Bench) -> list[Row]:
    with bench.folder() as folder, bench.stub(folder) as stub:

        async def counted() -> list[Figure]:
            async with open_house(folder, stub) as house:
                return await _counted(house, bench.sizes.connections)

        return [Row(8, "round trips / durable commits", asyncio.run(counted()))]


async def _counted(house: House, connections: int) -> list[Figure]:
    numbers = iter(range(1, 1_000_000))
    # The first call imports and connects.
    await house.sale(next(numbers))
    await asyncio.sleep(_SETTLED_AFTER_S)

    async def sale() -> None:
        await house.sale(next(numbers))

    figures = await _spent(house, "sale", [sale] * _TIMES)
    figures += await _spent(house, "void", [await _void(house, next(numbers)) for _ in range(_TIMES)])
    figures += await _spent(house, "refund", [await _refund(house, next(numbers)) for _ in range(_TIMES)])
    return [*figures, await _sharing(house, [next(numbers) for _ in range(connections)])]


async def _spent(house: House, what: str, calls: list[Callable[[], Awaitable[Any]]]) -> list[Figure]:
    """The most that any of `calls` took."""
    database = house.services.database
    trips, commits, after = [], [], []
    for call in calls:
        await asyncio.sleep(_SETTLED_AFTER_S)
        before = (database.round_trips, database.commits)
        await call()
        trips.append(database.round_trips - before[0])
        commits.append(database.commits - before[1])
        await asyncio.sleep(_SETTLED_AFTER_S)
        after.append(database.round_trips - before[0] - trips[-1])
    later = f"{max(after)} more after the answer, to mark what was published" if max(after) else ""
    return [
        Figure(f"{what}: round trips", max(trips), "", _TWO, _TWO, note=f"{what}: {later}" if later else ""),
        Figure(f"{what}: commits", max(commits), "", _TWO, _TWO),
    ]


async def _void(house: House, number: int) -> Callable[[], Awaitable[Any]]:
    sold = await house.sale(number)
    body = {"reason": "the payer asked for it"}
    return lambda: house.write(f"/payments/{sold['id']}/void", f"void-{number}", body)


async def _refund(house: House, number: int) -> Callable[[], Awaitable[Any]]:
    sold = await house.sale(number, "county-tax")
    body = {"reason": "the payer asked for it", "amountMinor": 100}
    return lambda: house.write(f"/payments/{sold['id']}/refunds", f"refund-{number}", body)


async def _sharing(house: House, numbers: list[int]) -> Figure:
    engine = house.services.database
    if isinstance(engine, MeasuredEngine):
        engine = engine.unmeasured
    if not isinstance(engine, SqliteEngine):
        raise TypeError("the benchmark runs on the embedded database")
    stored, flushed = engine.commits, engine.flushes
    await asyncio.gather(*(house.sale(number) for number in numbers))
    shared = (engine.commits - stored) / max(1, engine.flushes - flushed)
    return Figure(f"commits a flush, {len(numbers)} at once", shared, "", aim=Limit(1.5, at_most=False))
