"""
Row 7: sales a second at 256 in flight, stub at 200 ms, against `async-aiohttp` and `bare-inline`.

A closed loop of 256 callers, which the stub alone would carry at 1,280/s. Only 2xx count.
"""

from benchmarks.cells import MANY, Cells
from benchmarks.figures import Limit, Row, ratio
from benchmarks.rows.throughput import rate


def rows(cells: Cells) -> list[Row]:
    aiohttp, bare = cells.against("async-aiohttp", MANY, rate), cells.against("bare-inline", MANY, rate)
    return [
        Row(
            7,
            "rate carried, 256 in flight",
            [
                ratio("sales/s / async-aiohttp", aiohttp, Limit(1.0, at_most=False)),
                ratio("sales/s / bare-inline", bare, aim=Limit(0.85, at_most=False)),
            ],
        )
    ]
