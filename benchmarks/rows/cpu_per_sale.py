"""
Row 1: CPU per sale against the yardstick's `sync`.

User and system time of the service's process over a cell (64 connections, stub at 0 ms), by /proc, over the requests
answered in it. What the service does after its answers (publishing) falls into the same time and is counted.
"""

from benchmarks.candidates import OURS
from benchmarks.cells import FAST, Cell, Cells
from benchmarks.figures import Figure, Limit, Row, ratio


def cpu_us(cell: Cell) -> float:
    return cell.loaded.cpu_us


def rows(cells: Cells) -> list[Row]:
    against = ratio("CPU per sale / sync", cells.against("sync", FAST, cpu_us), Limit(1.0), Limit(0.5))
    ours = cells.of(OURS, FAST, cpu_us)
    absolute = Figure("CPU per sale", ours.median if ours else None, "us", spread=ours)
    return [Row(1, "CPU per sale", [against, absolute])]
