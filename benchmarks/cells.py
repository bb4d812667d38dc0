"""
The cells of rows 1 to 7 and 9: every candidate at every point, rounds interleaved (A, B, C, A, B, C ...).

A round starts each candidate once on a fresh database and takes it through its points, each after a warm-up of its
own. A ratio is of two cells of one round; what is told is the median over the rounds, with the least and the most.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from benchmarks.bench import Bench, Loading, the_service
from benchmarks.candidates import OURS, STUB, Candidate
from benchmarks.chase_stub import API_PATH
from benchmarks.flush import flush_ms
from benchmarks.load import Loaded, load, settled
from benchmarks.processes import Stub

FAST: Final = "0 ms"
SLOW: Final = "in flight"
MANY: Final = "many in flight"


@dataclass(frozen=True, slots=True)
class Cell:
    """One candidate at one point in one round. `connections_opened` and `token_fetches` are at the stub."""

    loaded: Loaded
    rss_mb: float = 0.0
    connections_opened: int = 0
    token_fetches: int = 0


@dataclass(slots=True)
class Cells:
    """`rounds[n][candidate, point]`; `flushes_ms[n]` is the round's flush."""

    rounds: list[dict[tuple[str, str], Cell]] = field(default_factory=list)
    flushes_ms: list[float] = field(default_factory=list)

    def of(self, candidate: str, point: str, value: Callable[[Cell], float]) -> "Spread | None":
        found = [value(cells[candidate, point]) for cells in self.rounds if (candidate, point) in cells]
        return Spread.of(found)

    def against(self, other: str, point: str, value: Callable[[Cell], float], *, minus: str = "") -> "Spread | None":
        """Ours over `other`'s, round by round; both less that of `minus` where one is named."""
        ratios = []
        for cells in self.rounds:
            if (other, point) in cells:
                less = value(cells[minus, point]) if minus else 0.0
                theirs = value(cells[other, point]) - less
                ratios.append((value(cells[OURS, point]) - less) / theirs if theirs > 0 else float("inf"))
        return Spread.of(ratios)


@dataclass(frozen=True, slots=True)
class Spread:
    """Over the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread | None":
        return cls(statistics.median(values), min(values), max(values)) if values else None


def measure(bench: Bench) -> Cells:
    """All rounds. The order within a round turns, so that none is always first."""
    cells = Cells()
    candidates: list[Candidate] = [the_service(), *bench.styles()]
    for number in range(bench.sizes.rounds):
        found: dict[tuple[str, str], Cell] = {}
        turn = number % len(candidates)
        _the_stub_alone(bench, found, cells)
        for candidate in [*candidates[turn:], *candidates[:turn]]:
            bench.say(f"round {number + 1} of {bench.sizes.rounds}: {candidate.name}")
            _one_candidate(bench, candidate, found)
        cells.rounds.append(found)
    return cells


def points(bench: Bench, candidate: str) -> list[tuple[str, int, int]]:
    """Name, latency of the stub in ms, connections. `sync` is judged at 0 ms alone: threads cap it elsewhere."""
    sizes = bench.sizes
    slow = [(SLOW, sizes.latency_ms, sizes.connections), (MANY, sizes.latency_ms, sizes.connections_many)]
    return [(FAST, 0, sizes.connections), *([] if candidate == "sync" else slow)]


def _the_stub_alone(bench: Bench, found: dict[tuple[str, str], Cell], cells: Cells) -> None:
    with bench.folder() as folder, bench.stub(folder) as stub:
        cells.flushes_ms.append(flush_ms(folder))
        target = {"kind": "stub", "port": stub.port, "path": f"{API_PATH}/payments"}
        for point, latency_ms, connections in points(bench, STUB):
            stub.answer_after(latency_ms)
            log = folder / "generator.log"
            how = {"connections": connections, "seconds": bench.sizes.cell_s}
            found[STUB, point] = Cell(load(target, stub.child, log, **how))


def _one_candidate(bench: Bench, candidate: Candidate, found: dict[tuple[str, str], Cell]) -> None:
    with bench.folder() as folder, bench.stub(folder) as stub, bench.running(candidate, folder, stub) as loading:
        for point, latency_ms, connections in points(bench, candidate.name):
            stub.answer_after(latency_ms)
            found[candidate.name, point] = _cell(bench, loading, stub, connections, latency_ms)


def _cell(bench: Bench, loading: Loading, stub: Stub, connections: int, latency_ms: int) -> Cell:
    # Long enough that every connection has been answered twice, so that all that is to be opened is open.
    warm_s = max(bench.sizes.warm_s, 2.5 * latency_ms / 1000)
    loading.sell(connections=connections, seconds=warm_s)
    settled(loading.running.child)
    before = stub.books()
    loaded = loading.sell(connections=connections, seconds=bench.sizes.cell_s)
    after = stub.books()
    return Cell(
        loaded=loaded,
        rss_mb=loading.running.child.rss_mb(),
        connections_opened=after["connections"] - before["connections"],
        token_fetches=after["token_fetches"] - before["token_fetches"],
    )
