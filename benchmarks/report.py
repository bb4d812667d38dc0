"""What a run found: the table on stdout, and latest.md and latest.json with the conditions it was found under."""

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.candidates import OURS, STUB, STYLES
from benchmarks.cells import FAST, MANY, SLOW, Cell, Cells
from benchmarks.figures import Figure, Row
from benchmarks.processes import ROOT

RESULTS: Final = ROOT / "benchmarks" / "results"

_MARK: Final = {True: "yes", False: "**NO**", None: "-"}
_HEADS: Final = (
    "# What the service costs, measured\n\n"
    "Made by `make bench`; how to read it: [../README.md](../README.md). Ratios are of one run, medians over rounds.\n"
)


@dataclass(frozen=True, slots=True)
class Report:
    """`checks_hold`: every 2xx of the run is in the database and in the stub's books, with its amount, once."""

    rows: Sequence[Row]
    cells: Cells
    bench: Bench
    load_before: tuple[float, float, float]
    load_after: tuple[float, float, float]

    @property
    def checks_hold(self) -> bool:
        return all(checked.holds for checked in self.bench.checks)

    @property
    def passed(self) -> bool:
        return self.checks_hold and all(row.met is not False for row in self.rows)

    def write(self, folder: Path = RESULTS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "latest.md").write_text(f"{_HEADS}\n{self.text()}", "utf-8")
        (folder / "latest.json").write_text(json.dumps(self._as_json(), indent=1) + "\n", "utf-8")

    def text(self) -> str:
        sold = sum(checked.answered for checked in self.bench.checks)
        holds = "all hold" if self.checks_hold else "**NOT ALL HOLD**"
        checked = f"{sold} sales in {len(self.bench.checks)} databases checked by count and amount: {holds}.\n"
        broken = "".join(f"- {each}\n" for each in self.bench.checks if not each.holds)
        conditions = "".join(f"- {name}: {value}\n" for name, value in self._conditions().items())
        return "\n".join((_table(self.rows), _cells_table(self.cells), checked + broken, "Conditions:\n", conditions))

    def _as_json(self) -> dict[str, Any]:
        return {
            "rows": [row.as_json() for row in self.rows],
            "passed": self.passed,
            "checksHold": self.checks_hold,
            "conditions": self._conditions(),
        }

    def _conditions(self) -> dict[str, Any]:
        sizes = asdict(self.bench.sizes)
        return {
            "size": sizes.pop("name"),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "cores": os.cpu_count(),
            "load average before and after": f"{_loads(self.load_before)} - {_loads(self.load_after)}",
            "yardstick": "beside it" if self.bench.yardstick else "none: what is measured against it is left out",
            "flush, ms (median of rounds; least-most)": _flushes(self.cells),
            "sizes": ", ".join(f"{name} {value}" for name, value in sizes.items()),
        }


def _table(rows: Sequence[Row]) -> str:
    lines = ["| # | what | value | spread | must | aim | met | aim met |", "|---|---|---:|---|---|---|---|---|"]
    for row in rows:
        for figure in row.figures:
            lines.append(_line(row, figure))
    return "\n".join(lines) + "\n"


def _line(row: Row, figure: Figure) -> str:
    value = "not measured" if figure.value is None else f"{figure.value:.4g} {figure.unit}".strip()
    spread = "" if figure.spread is None else f"{figure.spread.least:.3g}-{figure.spread.most:.3g}"
    note = f" ({figure.note})" if figure.note else ""
    limits = f"{figure.must or 'report'} | {figure.aim or '-'}"
    judged = _MARK[figure.met] if figure.must is not None else "-"
    return (
        f"| {row.number} | {figure.what}{note} | {value} | {spread} | {limits} | {judged} | {_MARK[figure.aim_met]} |"
    )


def _cells_table(cells: Cells) -> str:
    """Absolute figures: of this machine and moment."""
    lines = [
        "| point | candidate | sales/s | least-most | p50 ms | p99 ms | CPU us | RSS MB | generator us |",
        "|---|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for point in (FAST, SLOW, MANY):
        for candidate in (STUB, *reversed(STYLES), OURS):
            found = [cells_of[candidate, point] for cells_of in cells.rounds if (candidate, point) in cells_of]
            if found:
                lines.append(f"| {point} | {candidate} | {_absolute(found)} |")
    return "\n".join(lines) + "\n"


def _absolute(found: Sequence[Cell]) -> str:
    rates = [cell.loaded.rate for cell in found]
    values = (
        f"{statistics.median(rates):.0f}",
        f"{min(rates):.0f}-{max(rates):.0f}",
        f"{statistics.median(cell.loaded.at_ms(0.5) for cell in found):.1f}",
        f"{statistics.median(cell.loaded.at_ms(0.99) for cell in found):.1f}",
        f"{statistics.median(cell.loaded.cpu_us for cell in found):.0f}",
        f"{statistics.median(cell.rss_mb for cell in found):.0f}",
        f"{statistics.median(1e6 * cell.loaded.generator_cpu_s / max(1, cell.loaded.answered) for cell in found):.0f}",
    )
    return " | ".join(values)


def _loads(loads: tuple[float, float, float]) -> str:
    return " ".join(f"{load:.1f}" for load in loads)


def _flushes(cells: Cells) -> str:
    flushes = cells.flushes_ms
    return f"{statistics.median(flushes):.2f} ({min(flushes):.2f}-{max(flushes):.2f})" if flushes else "not measured"


def verdict(report: Report) -> str:
    """One line for whoever ran it."""
    missed = [str(row.number) for row in report.rows if row.met is False]
    if not report.checks_hold:
        return "a sale is missing or twice: see the checks above"
    return f"rows that miss their must: {', '.join(missed)}" if missed else "every row that was judged meets its must"


def labelled(candidate: str) -> str:
    """The candidate's name in a plot."""
    return "this service" if candidate == OURS else candidate
