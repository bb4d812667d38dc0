"""
Row 11: CPU of a sale and of a look-up at 1,000,000 payments against 10,000.

The real service over HTTP on two databases in turn, one of few payments and one of many (BENCH_PAYMENTS), the stub at
0 ms: so many sales, then four times as many look-ups by id, spread over all payments. Medians of interleaved rounds.
"""

import json
import shutil
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench, the_service
from benchmarks.big_database import big_database, some_ids
from benchmarks.cells import Spread
from benchmarks.figures import Limit, Row, ratio
from benchmarks.load import settled

_MUST, _AIM = Limit(1.5), Limit(1.25)
_LOOK_UPS_A_SALE: Final = 4
# Captured at once: sales that this row leaves behind in a kept database are due for nothing later.
_MERCHANTS: Final = {"city-water": {"merchant_id": "998482157630", "currencies": ["USD"], "capture_method": "NOW"}}


@dataclass(frozen=True, slots=True)
class Grown:
    """CPU in microseconds at a size."""

    payments: int
    sale_us: float
    look_up_us: float


def rows(bench: Bench) -> tuple[list[Row], list[Grown]]:
    """The row, and for the plot each size's medians."""
    few, many = bench.sizes.payments_few, bench.sizes.payments_many
    rounds = []
    for number in range(bench.sizes.growth_rounds):
        order = (few, many) if number % 2 else (many, few)
        bench.say(f"growth, round {number + 1} of {bench.sizes.growth_rounds}")
        found = {payments: _at(bench, payments) for payments in order}
        rounds.append((found[few], found[many]))
    sales = Spread.of([large.sale_us / small.sale_us for small, large in rounds])
    look_ups = Spread.of([large.look_up_us / small.look_up_us for small, large in rounds])
    sizes = f"{many} payments against {few}"
    figures = [
        ratio("CPU of a sale", sales, _MUST, _AIM, note=sizes),
        ratio("CPU of a look-up", look_ups, _MUST, _AIM),
    ]
    medians = [
        Grown(
            each[0].payments,
            statistics.median(grown.sale_us for grown in each),
            statistics.median(grown.look_up_us for grown in each),
        )
        for each in zip(*rounds, strict=True)
    ]
    return [Row(11, "growth", figures)], medians


def _at(bench: Bench, payments: int) -> Grown:
    kept = big_database(bench, payments)
    if payments == bench.sizes.payments_many:
        return _on(bench, kept, payments)
    with bench.folder() as folder:
        # Small, and it must stay so: what is sold here does not stay.
        copy = shutil.copytree(kept, folder / "data")
        return _on(bench, Path(copy), payments)


def _on(bench: Bench, data: Path, payments: int) -> Grown:
    sales, connections = bench.sizes.growth_sales, min(16, bench.sizes.connections)
    ids, service = some_ids(data, 2_000), the_service(MERCHANTS=json.dumps(_MERCHANTS))
    with bench.folder() as folder, bench.stub(folder) as stub, bench.running(service, data, stub) as loading:
        child = loading.running.child
        loading.sell(connections=connections, count=sales // 4)
        loading.look_up(ids, connections=connections, count=sales // 4)
        settled(child)
        sold = loading.sell(connections=connections, count=sales)
        settled(child)
        looked_up = loading.look_up(ids, connections=connections, count=_LOOK_UPS_A_SALE * sales)
    return Grown(payments, sold.cpu_us, looked_up.cpu_us)
