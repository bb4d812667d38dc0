"""
Row 12: resident memory: its growth between 10,000 and 100,000 sales (BENCH_SALES), and against `async-aiohttp`.

The real service under 64 connections, stub at 0 ms; VmRSS once it has come to rest. The style is measured after as many
sales as the service's first mark. Ours holds the laptop's simulator and bus in the same process.
"""

from typing import Final

from benchmarks.bench import Bench, the_service
from benchmarks.candidates import Candidate
from benchmarks.figures import Figure, Limit, Row
from benchmarks.load import settled

_STEPS: Final = 6


def rows(bench: Bench) -> tuple[list[Row], list[tuple[int, float]]]:
    """The row, and for the plot (sales, MB) on the way."""
    before, after = bench.sizes.sales_before, bench.sizes.sales_after
    marks = [before, *(before + (after - before) * step // _STEPS for step in range(1, _STEPS + 1))]
    bench.say(f"memory over {after} sales")
    ours = _memory(bench, the_service(), marks)
    rss = ours[0][1]
    growth = Figure(f"growth, {before} to {after} sales", ours[-1][1] - rss, "MB", Limit(5), Limit(2))
    style = bench.style("async-aiohttp")
    if style is None:
        against = Figure("RSS / async-aiohttp", None, "x", Limit(1.5), Limit(1.25), note="no yardstick")
    else:
        bench.say("memory of async-aiohttp")
        against = Figure(
            "RSS / async-aiohttp", rss / _memory(bench, style, [before])[0][1], "x", Limit(1.5), Limit(1.25)
        )
    return [Row(12, "memory", [growth, against, Figure(f"RSS after {before} sales", rss, "MB")])], ours


def _memory(bench: Bench, candidate: Candidate, marks: list[int]) -> list[tuple[int, float]]:
    """(sales, MB) at each of `marks`."""
    found, sold = [], 0
    with bench.folder() as folder, bench.stub(folder) as stub, bench.running(candidate, folder, stub) as loading:
        for mark in marks:
            if mark > sold:
                loading.sell(connections=bench.sizes.connections, count=mark - sold)
                sold = mark
            settled(loading.running.child)
            found.append((mark, loading.running.child.rss_mb()))
    return found
