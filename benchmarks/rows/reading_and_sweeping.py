"""
Row 14: round trips of GetPayment, and outbox rows that one sweep publishes a second.

The service in this process. GetPayment through its door, by the engine's counter. The sweep as its timer runs it, on
rows that nobody has claimed, with a broker that takes all at once: what is measured is ours, not the broker's.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Limit, Row
from benchmarks.house import House, open_house
from shared.database.outbox import kept
from shared.payments.messages import Message, Queue

_UNIT: Final = 500
_ROWS_A_SECOND: Final = 2_000


def rows(bench: Bench) -> list[Row]:
    bench.say("look-ups and the sweep")
    with bench.folder() as folder, bench.stub(folder) as stub:

        async def found() -> list[Figure]:
            async with open_house(folder, stub) as house:
                return [await _look_up(house), await _sweep(house, bench.sizes.outbox_rows)]

        return [Row(14, "GetPayment; outbox sweep", asyncio.run(found()))]


async def _look_up(house: House) -> Figure:
    sold = await house.sale(1)
    database = house.services.database
    before = database.round_trips
    status, _ = await house.call("GET", f"/payments/{sold['id']}")
    if status != 200:
        raise RuntimeError(f"GET /payments: {status}")
    return Figure("GetPayment: round trips", database.round_trips - before, "", Limit(1), Limit(1))


async def _sweep(house: House, wanted: int) -> Figure:
    sold = await house.sale(2)
    due_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    messages = [
        Message(Queue.CHASE_RETRY, {"paymentId": sold["id"], "operationId": f"op_{number:032x}"}, due_at)
        for number in range(wanted)
    ]
    for first in range(0, wanted, _UNIT):
        unit = messages[first : first + _UNIT]
        await house.services.database.run(kept(unit, now=due_at - timedelta(minutes=1), lease=timedelta(0)))
    began_s = time.perf_counter()
    swept = await house.services.outbox_sweep.run_once()
    rate = swept.published / (time.perf_counter() - began_s)
    if swept.published != wanted or house.publisher.published != wanted:
        raise RuntimeError(f"{wanted} rows were due, {swept.published} were swept")
    return Figure(f"rows swept a second, of {wanted}", rate, "/s", Limit(_ROWS_A_SECOND, at_most=False))
