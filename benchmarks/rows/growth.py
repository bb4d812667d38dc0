"""
Row 11: CPU of a sale and of a look-up at 1,000,000 payments against 10,000.

The real service over HTTP on two databases in turn, one of few payments and one of many (BENCH_PAYMENTS), the stub at
0 ms: so many sales, and four times as many look-ups by id, spread over all payments. Medians of rounds.
"""

import json
import shutil
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench, Loading, the_service
from benchmarks.big_database import big_database, some_ids
from benchmarks.cells import Spread
from benchmarks.figures import Limit, Row, ratio
from benchmarks.load import Loaded, settled

_MUST, _AIM = Limit(1.5), Limit(1.25)
_LOOK_UPS_A_SALE: Final = 4
_SLICES: Final = 8
# Captured at once: sales that this row leaves behind in a kept database are due for nothing later.
_MERCHANTS: Final = {"city-water": {"merchant_id": "998482157630", "currencies": ["USD"], "capture_method": "NOW"}}


@dataclass(frozen=True, slots=True)
class Grown:
    """CPU in microseconds at a size."""

    payments: int
    sale_us: float
    look_up_us: float


@dataclass(slots=True)
class _Size:
    """A service on a database of that size, and what its slices took so far."""

    payments: int
    loading: Loading
    ids: list[str]
    sold: list[Loaded] = field(default_factory=list)
    looked_up: list[Loaded] = field(default_factory=list)

    def slice(self, sales: int, connections: int) -> None:
        child = self.loading.running.child
        settled(child)
        self.sold.append(self.loading.sell(connections=connections, count=sales))
        settled(child)
        count = _LOOK_UPS_A_SALE * sales
        self.looked_up.append(self.loading.look_up(self.ids, connections=connections, count=count))

    def grown(self) -> Grown:
        """All slices but the first, which warms up."""
        return Grown(self.payments, _cpu_us(self.sold[1:]), _cpu_us(self.looked_up[1:]))


def rows(bench: Bench) -> tuple[list[Row], list[Grown]]:
    """The row, and for the plot each size's medians."""
    few, many = bench.sizes.payments_few, bench.sizes.payments_many
    rounds = []
    for number in range(bench.sizes.growth_rounds):
        bench.say(f"growth, round {number + 1} of {bench.sizes.growth_rounds}")
        found = _round(bench, (few, many) if number % 2 else (many, few))
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


def _round(bench: Bench, order: tuple[int, int]) -> dict[int, Grown]:
    """Both at once, slice by slice in turn: a machine that changes its pace changes it for both."""
    sales, connections = bench.sizes.growth_sales // _SLICES, min(16, bench.sizes.connections)
    with ExitStack() as stack:
        sizes = [stack.enter_context(_running(bench, payments)) for payments in order]
        for _ in range(1 + _SLICES):
            for size in sizes:
                size.slice(sales, connections)
    return {size.payments: size.grown() for size in sizes}


@contextmanager
def _running(bench: Bench, payments: int) -> Iterator[_Size]:
    data, service = big_database(bench, payments), the_service(MERCHANTS=json.dumps(_MERCHANTS))
    with bench.folder() as folder, bench.stub(folder) as stub:
        if payments != bench.sizes.payments_many:
            # Small, and it must stay so: what is sold here does not stay.
            data = Path(shutil.copytree(data, folder / "data"))
        with bench.running(service, data, stub) as loading:
            yield _Size(payments, loading, some_ids(data, 2_000))


def _cpu_us(slices: list[Loaded]) -> float:
    return 1e6 * sum(each.cpu_s for each in slices) / sum(each.answered for each in slices)
