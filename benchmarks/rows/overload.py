"""
Row 13: goodput at twice the capacity, against its peak; how fast what is too much is refused; nothing lost or doubled.

One service as it ships (SALES_IN_FLIGHT_MAX by default), stub at 200 ms. Its peak: a closed loop of 256 callers. Then
arrivals by the clock at twice that rate, each timed from when it was due, whatever became of the others. Every 2xx of
both is checked against the database and the stub's books: a sale lost or charged twice fails the row.
"""

from typing import Final

from benchmarks.bench import Bench, the_service
from benchmarks.figures import Figure, Limit, Row
from benchmarks.load import Loaded, percentile, settled

# More callers than twice the capacity keeps waiting, as long as it is refused in time; fewer than file handles.
_CALLERS: Final = 3
_REFUSED_WITHIN_MS: Final = 50


def rows(bench: Bench) -> list[Row]:
    sizes = bench.sizes
    bench.say("overload")
    with bench.folder() as folder, bench.stub(folder) as stub:
        with bench.running(the_service(), folder, stub) as loading:
            stub.answer_after(sizes.latency_ms)
            loading.sell(connections=sizes.connections_many, seconds=max(sizes.warm_s, 2.5 * sizes.latency_ms / 1000))
            settled(loading.running.child)
            peak = loading.sell(connections=sizes.connections_many, seconds=sizes.cell_s)
            settled(loading.running.child)
            over = loading.sell(
                connections=_CALLERS * sizes.connections_many, seconds=sizes.overload_s, rate=2 * peak.rate
            )
        return [Row(13, "twice the capacity", _figures(peak, over, bench.checks[-1].holds))]


def _figures(peak: Loaded, over: Loaded, holds: bool) -> list[Figure]:
    kept = over.rate / peak.rate if peak.rate else 0.0
    refused, others = over.statuses.get(503, 0), over.answered - over.good - over.statuses.get(503, 0)
    refused_ms = 1000 * percentile(over.refused_took_s, 0.99) if refused else None
    told = f"{over.answered} arrivals at {2 * peak.rate:.0f}/s: {over.good} sold, {refused} refused, {others} other"
    return [
        Figure("goodput / peak", kept, "x", Limit(0.8, at_most=False), Limit(0.9, at_most=False), note=told),
        Figure(
            "refused within, p99", refused_ms, "ms", Limit(_REFUSED_WITHIN_MS), note="" if refused else "none refused"
        ),
        Figure("lost, doubled or failed", over.failed + (not holds), "", Limit(0), Limit(0)),
        Figure("answered p99, sold", over.at_ms(0.99), "ms"),
    ]
