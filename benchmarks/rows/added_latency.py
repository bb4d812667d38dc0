"""
Rows 5 and 6: what the service adds to Chase's 200 ms, 64 in flight: at the median, and at the 99th percentile.

The latency of the service less that of the stub alone in the same round. All 64 callers begin in one instant and Chase
always takes as long, so the arrivals stay in step: each is a burst of 64, harsher than life. "Two flushes" are two
durable writes on this very disk, measured in the same round while nothing else of ours runs.
"""

import statistics

from benchmarks.candidates import OURS, STUB
from benchmarks.cells import SLOW, Cell, Cells, Spread
from benchmarks.figures import Figure, Limit, Row, ratio

_ALLOWED_MS = 5.0


def p50_ms(cell: Cell) -> float:
    return cell.loaded.at_ms(0.5)


def p99_ms(cell: Cell) -> float:
    return cell.loaded.at_ms(0.99)


def added_ms(cells: Cells, candidate: str, at: float) -> Spread | None:
    """Over the rounds; None where the candidate was not measured."""
    found = [
        cells_of_round[candidate, SLOW].loaded.at_ms(at) - cells_of_round[STUB, SLOW].loaded.at_ms(at)
        for cells_of_round in cells.rounds
        if (candidate, SLOW) in cells_of_round
    ]
    return Spread.of(found)


def rows(cells: Cells) -> list[Row]:
    flush_ms = statistics.median(cells.flushes_ms)
    allowed_ms = 2 * flush_ms + _ALLOWED_MS
    must = Limit(allowed_ms, text=f"<= {allowed_ms:.1f} (2 flushes of {flush_ms:.2f} ms + {_ALLOWED_MS:g} ms)")
    middle, tail = added_ms(cells, OURS, 0.5), added_ms(cells, OURS, 0.99)
    bare = cells.against("bare-inline", SLOW, p50_ms, minus=STUB)
    aiohttp = cells.against("async-aiohttp", SLOW, p99_ms, minus=STUB)
    return [
        Row(
            5,
            "added p50, 64 in flight",
            [
                Figure("added p50", middle.median if middle else None, "ms", must, spread=middle),
                ratio("added p50 / bare-inline", bare, aim=Limit(1.5)),
            ],
        ),
        Row(
            6,
            "added p99, 64 in step",
            [
                ratio("added p99 / async-aiohttp", aiohttp, aim=Limit(1.5)),
                Figure("added p99", tail.median if tail else None, "ms", spread=tail),
            ],
        ),
    ]
