"""
`make bench-shadow`: what shadow at twice the rate that its mirror can carry does to live sales (issue 5).

`python -m local` as a process of its own: one biller live, at a Chase that takes 200 ms; another in shadow, at a test
endpoint at which the mirror's calls at once carry a known rate. Interleaved rounds of one live rate, alone and beside
twice that rate of shadow sales, with the backlog at its bound. Exit 1: live sales' p99 grows by more than a quarter
(median of the rounds), or a sale is not where it belongs.
"""

import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.bench import SCRATCH, Bench, Loading, the_service
from benchmarks.chase_stub import API_PATH, TOKEN_PATH
from benchmarks.load import Loaded, load, settled
from benchmarks.processes import Stub
from benchmarks.shadow_report import NOT_RECORDED, RECORDED, Check, Round, ShadowRun, ShadowSizes, line, text
from benchmarks.shadow_rollout import (
    LIVE_MERCHANTS,
    SHADOW_BILLER,
    TEST_MERCHANTS,
    Counted,
    counted,
    write_document,
)
from benchmarks.sizes import QUICK

_CONNECTIONS: Final = 64
# The backlog is counted anew every 5 s, and is mirrored meanwhile.
_AHEAD_S: Final = 1.0
_FULL_ENOUGH: Final = 0.8
_LOOK_EVERY_S: Final = 0.2
_DRAINED_WITHIN_S: Final = 120.0
_WAITING: Final = "SELECT COUNT(*) FROM shadow_operations WHERE state = 'waiting'"
_ROWS: Final = "SELECT COUNT(*) FROM shadow_operations"
_LOST: Final = "SELECT COALESCE(SUM(lost), 0) FROM shadow_losses"


FULL: Final = ShadowSizes(
    rounds=5, cell_s=12.0, live_rate=30.0, live_latency_ms=200, mirror_latency_ms=200, backlog_max=200, fills_max=8
)


@dataclass(frozen=True, slots=True)
class _World:
    """The service under load, and the test endpoint that its mirror speaks to."""

    sizes: ShadowSizes
    live: Loading
    tests: Stub
    run: ShadowRun

    def sell(self, seconds: float) -> Loaded:
        return self.live.sell(connections=_CONNECTIONS, seconds=seconds, rate=self.sizes.live_rate)

    def sell_in_shadow(self, **how: object) -> Loaded:
        running = self.live.running
        target = {**running.target, "biller_id": SHADOW_BILLER}
        loaded = load(target, running.child, self.live.log.with_name("shadow.log"), **how)
        self.run.shadow.append(loaded)
        return loaded

    def waiting(self) -> int:
        return _asked(self.live.running.database, _WAITING)

    def drain(self) -> None:
        """Return when nothing waits to be mirrored. Raises RuntimeError where that does not end."""
        self.tests.answer_after(0)
        _until(lambda: self.waiting() == 0, _DRAINED_WITHIN_S)
        settled(self.live.running.child)

    def fill(self) -> None:
        """Until the backlog is near its bound, at a mirror that is slow from now on."""
        self.tests.answer_after(self.sizes.mirror_latency_ms)
        for _ in range(self.sizes.fills_max):
            self.sell_in_shadow(connections=4, count=self.sizes.backlog_max)
            if self.waiting() >= self.sizes.backlog_max * _FULL_ENOUGH:
                return
            time.sleep(_AHEAD_S)


def measured(bench: Bench, sizes: ShadowSizes) -> ShadowRun:
    """All rounds, and every check."""
    run = ShadowRun()
    with bench.folder() as folder, bench.stub(folder) as chase, _tests(folder) as tests:
        chase.answer_after(sizes.live_latency_ms)
        candidate = the_service(
            SHADOW_CHASE_BASE_URL=tests.url + API_PATH,
            SHADOW_CHASE_TOKEN_URL=tests.url + TOKEN_PATH,
            SHADOW_BACKLOG_MAX=str(sizes.backlog_max),
        )
        with bench.running(candidate, folder, chase) as live:
            write_document(dict(live.running.target))
            world = _World(sizes, live, tests, run)
            world.sell(min(2.0, sizes.cell_s))
            world.sell_in_shadow(connections=4, count=min(20, sizes.backlog_max // 2))
            for number in range(sizes.rounds):
                run.rounds.append(_round(world, shadow_first=number % 2 == 1))
                bench.say(line(number + 1, run.rounds[-1]))
            world.drain()
        run.checks = _checks(run, live, chase, tests, bench)
    run.checks.append(_check_of(counted(bench)))
    return run


def _round(world: _World, *, shadow_first: bool) -> Round:
    if shadow_first:
        beside, shadow, mirrored = _beside(world)
        return Round(_alone(world), beside, shadow, mirrored)
    alone = _alone(world)
    return Round(alone, *_beside(world))


def _alone(world: _World) -> Loaded:
    world.drain()
    return world.sell(world.sizes.cell_s)


def _beside(world: _World) -> tuple[Loaded, Loaded, float]:
    sizes = world.sizes
    world.fill()
    before = len(world.tests.books()["payments"])
    began_s = time.monotonic()
    with ThreadPoolExecutor(1) as aside:
        seconds = sizes.cell_s + 2 * _AHEAD_S
        how = {"connections": _CONNECTIONS, "seconds": seconds, "rate": sizes.shadow_rate}
        shadow = aside.submit(lambda: world.sell_in_shadow(**how))
        time.sleep(_AHEAD_S)
        beside = world.sell(sizes.cell_s)
        mirrored = (len(world.tests.books()["payments"]) - before) / (time.monotonic() - began_s)
    return beside, shadow.result(), mirrored


def _checks(run: ShadowRun, live: Loading, chase: Stub, tests: Stub, bench: Bench) -> list[Check]:
    """When the service has stopped: what it had only counted is kept by then."""
    answers: Counter[int] = Counter()
    for loaded in run.shadow:
        answers.update(loaded.statuses)
    failed = sum(loaded.failed for loaded in [*run.shadow, *live.sales])
    of_live = {status for loaded in live.sales for status in loaded.statuses}
    rows, lost = (_asked(live.running.database, sql) for sql in (_ROWS, _LOST))
    [sold], in_chase, in_tests = bench.checks[-1:], chase.books()["merchants"], tests.books()
    recorded, left, sent = answers[RECORDED], answers[NOT_RECORDED], answers.total()
    return [
        Check("every live sale is charged once", str(sold), sold.holds and of_live == {201} and not failed),
        Check("shadow rows + losses = shadow sales sent", f"{rows} + {lost} = {sent}", rows + lost == sent),
        Check("202 = rows, 200 = losses", f"{recorded}, {left}", (recorded, left) == (rows, lost)),
        Check("the bound was reached", f"{left} of {sent} not recorded", 0 < left < sent),
        Check(
            "the test endpoint has each row once",
            f"{len(in_tests['payments'])} of {rows}, {in_tests['repeats']} sent twice",
            len(in_tests["payments"]) == rows and not in_tests["repeats"],
        ),
        Check("live asks under live merchants alone", f"{in_chase}", set(in_chase) <= LIVE_MERCHANTS),
        Check(
            "shadow asks under test merchants alone",
            f"{in_tests['merchants']}",
            set(in_tests["merchants"]) <= TEST_MERCHANTS,
        ),
    ]


def _check_of(found: Counted) -> Check:
    said = f"{found.sales} sales, {found.commits} commits, {found.chase_calls} calls to Chase"
    return Check("a shadow sale is one commit and no call to Chase before its answer", said, found.holds)


@contextmanager
def _tests(folder: Path) -> Iterator[Stub]:
    """Chase's test endpoint: a stub of its own, so that it is slow alone."""
    stub = Stub(folder / "tests.log")
    try:
        yield stub
    finally:
        stub.stop()


def _asked(database: Path, sql: str) -> int:
    with closing(sqlite3.connect(database)) as db:
        return int(db.execute(sql).fetchone()[0])


def _until(holds: Callable[[], bool], within_s: float) -> None:
    give_up_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > give_up_s:
            raise RuntimeError(f"the backlog is not mirrored after {within_s:g} s")
        time.sleep(_LOOK_EVERY_S)


def main(_arguments: Sequence[str] = (), *, sizes: ShadowSizes = FULL, scratch: Path = SCRATCH) -> int:
    """Prints what was found; 1 if the ratio is too high or a check does not hold."""
    before = os.getloadavg()
    run = measured(Bench(QUICK, None, scratch), sizes)
    print(text(sizes, run))
    loads = " -> ".join(" ".join(f"{value:.1f}" for value in values) for values in (before, os.getloadavg()))
    print(f"load average {loads}, {os.cpu_count()} cores")
    return 0 if run.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
