"""
`make bench`: the real service beside the yardstick, the table of issue 7, plots and latest.json.

Exit 0 if every `must` that could be judged is met and every sale is where it belongs, 1 if not, 2 if a variable is
wrong.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks import cells as measured_cells
from benchmarks import plots
from benchmarks.bench import SCRATCH, Bench
from benchmarks.candidates import yardstick_at
from benchmarks.report import RESULTS, Report, verdict
from benchmarks.rows import (
    added_latency,
    carried_rate,
    cold_import,
    connections,
    cpu_per_sale,
    growth,
    memory,
    overload,
    reading_and_sweeping,
    round_trips,
    throughput,
)
from benchmarks.sizes import sizes_of


def main(environ: Mapping[str, str] = os.environ, *, results: Path = RESULTS, scratch: Path = SCRATCH) -> int:
    try:
        bench = Bench(sizes_of(environ), yardstick_at(environ), scratch)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if bench.yardstick is None:
        bench.say("no yardstick (YARDSTICK): rows 1 to 4, 6 and 7 are reported without it")
    report = _measured(bench, results)
    report.write(results)
    print(report.text())
    print(verdict(report))
    return 0 if report.passed else 1


def _measured(bench: Bench, results: Path) -> Report:
    before = os.getloadavg()
    cells = measured_cells.measure(bench)
    rows = [
        *cpu_per_sale.rows(cells),
        *throughput.rows(cells),
        *added_latency.rows(cells),
        *carried_rate.rows(cells),
        *connections.rows(cells),
        *round_trips.rows(bench),
        *cold_import.rows(bench),
        *overload.rows(bench),
        *reading_and_sweeping.rows(bench),
    ]
    growth_rows, grown = growth.rows(bench)
    memory_rows, resident = memory.rows(bench)
    plots.draw(results, cells, grown, resident)
    rows = sorted([*rows, *growth_rows, *memory_rows], key=lambda row: row.number)
    return Report(rows, cells, bench, before, os.getloadavg())


if __name__ == "__main__":
    sys.exit(main())
