"""
Rows 2, 3 and 4: sales a second at 64 connections, stub at 0 ms, against `sync`, `async-aiohttp` and `bare-inline`.

A closed loop over real HTTP; service, stub and generator share the machine's cores, for every candidate alike. Only
2xx count.
"""

from benchmarks.candidates import OURS
from benchmarks.cells import FAST, Cell, Cells
from benchmarks.figures import Figure, Limit, Row, ratio


def rate(cell: Cell) -> float:
    return cell.loaded.rate


def rows(cells: Cells) -> list[Row]:
    ours = cells.of(OURS, FAST, rate)
    absolute = Figure("sales a second", ours.median if ours else None, "/s", spread=ours)
    limits = (
        (2, "sync", Limit(1.0, at_most=False), Limit(2.0, at_most=False)),
        (3, "async-aiohttp", Limit(0.5, at_most=False), Limit(0.7, at_most=False)),
        (4, "bare-inline", None, Limit(0.25, at_most=False)),
    )
    made = [
        Row(number, f"sales/s against {style}", [ratio(f"sales/s / {style}", cells.against(style, FAST, rate), *lim)])
        for number, style, *lim in limits
    ]
    return [Row(2, made[0].title, [*made[0].figures, absolute]), *made[1:]]
