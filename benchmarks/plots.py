"""The same as pictures (PNG): rates and CPU beside the yardstick, added latency, growth, memory."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Picture

from benchmarks.candidates import OURS, STYLES
from benchmarks.cells import FAST, Cell, Cells, Spread
from benchmarks.report import labelled
from benchmarks.rows.added_latency import added_ms
from benchmarks.rows.cpu_per_sale import cpu_us
from benchmarks.rows.growth import Grown
from benchmarks.rows.throughput import rate

# Drawn to files alone: no window is opened, on no machine.
mpl.use("Agg")

_OURS, _THEIRS = "#1f5fa8", "#b9c4d0"


def draw(folder: Path, cells: Cells, grown: Sequence[Grown], memory: Sequence[tuple[int, float]]) -> None:
    """Three files in `folder`: rates-and-cpu.png, added-latency.png, growth-and-memory.png."""
    folder.mkdir(parents=True, exist_ok=True)
    picture, (left, right) = _two()
    _bars(left, "sales a second, 64 connections, Chase at 0 ms", _spreads(cells, rate))
    _bars(right, "CPU per sale, µs", _spreads(cells, cpu_us))
    picture.savefig(folder / "rates-and-cpu.png", dpi=120)

    picture, (left, right) = _two()
    _bars(left, "added p50 over Chase's 200 ms, ms", _added(cells, 0.5))
    _bars(right, "added p99, 64 in step, ms", _added(cells, 0.99))
    picture.savefig(folder / "added-latency.png", dpi=120)

    picture, (left, right) = _two()
    _growth(left, grown)
    _memory(right, memory)
    picture.savefig(folder / "growth-and-memory.png", dpi=120)


def _two() -> tuple[Picture, Any]:
    picture = Picture(figsize=(11, 4), layout="constrained")
    return picture, picture.subplots(1, 2)


def _spreads(cells: Cells, value: Callable[[Cell], float]) -> dict[str, Spread]:
    found = {name: cells.of(name, FAST, value) for name in (*STYLES, OURS)}
    return {name: spread for name, spread in found.items() if spread is not None}


def _added(cells: Cells, at: float) -> dict[str, Spread]:
    found = {name: added_ms(cells, name, at) for name in (*STYLES, OURS)}
    return {name: spread for name, spread in found.items() if spread is not None}


def _bars(axes: Any, title: str, found: dict[str, Spread]) -> None:
    """Medians, with the least and the most of the rounds as whiskers."""
    medians = [spread.median for spread in found.values()]
    below = [spread.median - spread.least for spread in found.values()]
    above = [spread.most - spread.median for spread in found.values()]
    colours = [_OURS if name == OURS else _THEIRS for name in found]
    bars = axes.bar([labelled(name) for name in found], medians, yerr=[below, above], capsize=4, color=colours)
    axes.bar_label(bars, fmt="%.4g", label_type="center")
    _frame(axes, title)


def _growth(axes: Any, grown: Sequence[Grown]) -> None:
    payments = [each.payments for each in grown]
    axes.plot(payments, [each.sale_us for each in grown], marker="o", color=_OURS, label="a sale")
    axes.plot(payments, [each.look_up_us for each in grown], marker="o", color="#7a8794", label="a look-up")
    axes.set_xscale("log")
    axes.set_xlabel("payments in the database")
    axes.set_ylim(bottom=0)
    axes.legend(loc="center right")
    _frame(axes, "CPU as the database grows, µs")


def _memory(axes: Any, memory: Sequence[tuple[int, float]]) -> None:
    axes.plot([sales for sales, _ in memory], [mb for _, mb in memory], marker="o", color=_OURS)
    axes.set_xlabel("sales since the start")
    axes.set_ylim(bottom=0, top=1.3 * max((mb for _, mb in memory), default=1.0))
    _frame(axes, "resident memory, MB")


def _frame(axes: Any, title: str) -> None:
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
