"""
Row 13: goodput at twice the capacity, against its peak; how fast what is too much is refused; nothing lost or doubled.

One service as it ships (SALES_IN_FLIGHT_MAX by default), stub at 200 ms. A round is its peak, a closed loop of 256
callers, and then arrivals by the clock at twice that rate, each timed from when it was due, whatever became of the
others: of a machine that is fast for some seconds and slow for some, neither is all. Every 2xx is checked against the
database and the stub's books: a sale lost or charged twice fails the row.
"""

from collections.abc import Sequence
from typing import Final

from benchmarks.bench import Bench, the_service
from benchmarks.cells import Spread
from benchmarks.figures import Figure, Limit, Row
from benchmarks.load import Loaded, percentile, settled

# More callers than twice the capacity keeps waiting, as long as it is refused in time; fewer than file handles.
_CALLERS: Final = 3
_REFUSED_WITHIN_MS: Final = 50

Round = tuple[Loaded, Loaded]
"""At the peak, and beyond it."""


def rows(bench: Bench) -> list[Row]:
    sizes = bench.sizes
    bench.say("overload")
    found: list[Round] = []
    with bench.folder() as folder, bench.stub(folder) as stub:
        with bench.running(the_service(), folder, stub) as loading:
            stub.answer_after(sizes.latency_ms)
            loading.sell(connections=sizes.connections_many, seconds=max(sizes.warm_s, 2.5 * sizes.latency_ms / 1000))
            for _ in range(sizes.rounds):
                settled(loading.running.child)
                peak = loading.sell(connections=sizes.connections_many, seconds=sizes.cell_s)
                settled(loading.running.child)
                callers = _CALLERS * sizes.connections_many
                found.append((peak, loading.sell(connections=callers, seconds=sizes.overload_s, rate=2 * peak.rate)))
        return [Row(13, "twice the capacity", _figures(found, bench.checks[-1].holds))]


def _figures(rounds: Sequence[Round], holds: bool) -> list[Figure]:
    kept = Spread.of([over.rate / peak.rate if peak.rate else 0.0 for peak, over in rounds])
    refused = Spread.of([1000 * percentile(over.refused_took_s, 0.99) for _, over in rounds if over.refused_took_s])
    answered = Spread.of([over.at_ms(0.99) for _, over in rounds])
    overs = [over for _, over in rounds]
    lost = sum(over.failed for over in overs) + (not holds)
    at_least = Limit(0.8, at_most=False), Limit(0.9, at_most=False)
    in_time = Limit(_REFUSED_WITHIN_MS)
    return [
        _figure("goodput / peak", kept, "x", *at_least, note=_told(overs)),
        _figure("refused within, p99", refused, "ms", in_time, note="" if refused else "none refused"),
        Figure("lost, doubled or failed", lost, "", Limit(0), Limit(0)),
        _figure("answered p99, sold", answered, "ms"),
    ]


def _figure(
    what: str, spread: Spread | None, unit: str, must: Limit | None = None, aim: Limit | None = None, *, note: str = ""
) -> Figure:
    return Figure(what, None if spread is None else spread.median, unit, must, aim, spread, note)


def _told(overs: Sequence[Loaded]) -> str:
    sold, refused = sum(over.good for over in overs), sum(over.statuses.get(503, 0) for over in overs)
    answered = sum(over.answered for over in overs)
    return f"{answered} arrivals: {sold} sold, {refused} refused, {answered - sold - refused} other"
