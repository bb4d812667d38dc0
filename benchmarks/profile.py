"""
`make bench-profile`: where the CPU of a sale goes, stage by stage, in microseconds.

The laptop in this process, over real HTTP, stub at 0 ms, 64 connections from a generator outside. The loop's thread is
interrupted by a CPU timer (SIGPROF); what its CPU clock has gone on by since is booked to what its stack is doing: the
innermost frame that STAGES knows. A thread that looks on would see it only where it lets go of the interpreter, and
book everything to sockets and hashes; the writer, which lets go while it flushes, is looked at that way. A call into
C is booked to the line that made it. The sums are right to some percent; the order is what it is for.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

import uvloop

from benchmarks.bench import SCRATCH, Bench
from benchmarks.candidates import our_token
from benchmarks.chase_stub import API_PATH, TOKEN_PATH
from benchmarks.load import Loaded, load
from benchmarks.processes import Stub
from benchmarks.sizes import QUICK
from local.laptop import running
from shared.wiring.memory import keep_what_stays

SALES: Final = 4_000
_WARM: Final = 1_000
_LOOK_EVERY_S: Final = 0.001
# Seldom: each look takes the interpreter from those that are looked at.
_WATCH_EVERY_S: Final = 0.005
_TOP: Final = 25

# Part of a frame's "path:function" -> stage; the first that fits. {commit} is told by who asked for it.
STAGES: Final[tuple[tuple[str, str], ...]] = (
    ("database/sqlite_group.py:_execute", "SQLite: statements"),
    ("database/sqlite_group.py:begun_at_once", "SQLite: BEGIN"),
    ("database/sqlite_group.py:commit", "SQLite: COMMIT (writer thread)"),
    ("database/sqlite", "hand-over to and from the writer thread"),
    ("database/sealing", "{commit}: its seals"),
    ("shared/database/", "{commit}: its statements"),
    ("payments/audit", "{commit}: its seals"),
    ("shared/auth/", "auth"),
    ("/jwt/", "auth"),
    ("functions/_json.py:canonical", "fingerprint"),
    ("shared/fingerprint", "fingerprint"),
    ("functions/_json.py", "parse JSON"),
    ("functions/_requests", "validate and read the request"),
    ("functions/_instruments", "validate and read the request"),
    ("functions/_field", "validate and read the request"),
    ("/pydantic/", "validate and read the request"),
    ("functions/_representation", "representation"),
    ("functions/_http.py:_response", "answer: JSON and HttpResponse"),
    ("functions/", "door"),
    ("/azure/functions/", "door"),
    ("shared/chase/", "Chase client: ours"),
    ("/aiohttp/", "Chase client: aiohttp"),
    ("/yarl/", "Chase client: aiohttp"),
    ("/multidict/", "Chase client: aiohttp"),
    ("shared/use_cases/", "use cases"),
    ("shared/payments/", "domain"),
    ("shared/telemetry", "telemetry"),
    ("/logging/", "telemetry"),
    ("local/", "local host"),
    ("/uvicorn/", "web server (uvicorn)"),
    ("/asyncio/", "event loop"),
)
_OTHER: Final = "event loop"
# Who asks the database: commit 1 begins a sale, everything else ends a step.
_BEGINS: Final = "begin_sale"


@dataclass(slots=True)
class Sampled:
    """CPU seconds by stage, and by function."""

    stages: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    functions: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


class Sampler:
    """Between `start` and `stop`, which the main thread calls: itself by signal, all others by a thread that looks."""

    def __init__(self) -> None:
        self.sampled = Sampled()
        self._main, self._main_s = threading.get_ident(), 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="sampler", daemon=True)
        self._before_s: dict[int, float] = {}

    def start(self) -> None:
        self._main_s = time.thread_time()
        signal.signal(signal.SIGPROF, self._interrupted)
        signal.setitimer(signal.ITIMER_PROF, _LOOK_EVERY_S, _LOOK_EVERY_S)
        self._thread.start()

    def stop(self) -> Sampled:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._over.set()
        self._thread.join()
        return self.sampled

    def _interrupted(self, _number: int, frame: FrameType | None) -> None:
        now_s, stack = time.thread_time(), stack_of(frame)
        # What looking costs is not the sale's; nor is a second signal, met while the first is being booked.
        if stack and not stack[0].startswith(__file__):
            self._book(stack, now_s - self._main_s)
        self._main_s = time.thread_time()

    def _watch(self) -> None:
        untold = {self._main, threading.get_ident()}
        while not self._over.wait(_WATCH_EVERY_S):
            for thread_id, frame in sys._current_frames().items():
                if thread_id not in untold:
                    self._look_at(thread_id, frame)

    def _look_at(self, thread_id: int, frame: FrameType) -> None:
        try:
            now_s = time.clock_gettime(time.pthread_getcpuclockid(thread_id))
        except OSError:  # it has ended meanwhile
            return
        self._book(stack_of(frame), now_s - self._before_s.get(thread_id, now_s))
        self._before_s[thread_id] = now_s

    def _book(self, stack: list[str], spent_s: float) -> None:
        if spent_s > 0 and stack:
            self.sampled.stages[stage_of(stack)] += spent_s
            self.sampled.functions[stack[0]] += spent_s


def stack_of(frame: FrameType | None) -> list[str]:
    """ "path:function", innermost first."""
    found = []
    while frame is not None:
        found.append(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")
        frame = frame.f_back
    return found


def stage_of(stack: list[str]) -> str:
    """By the innermost frame that STAGES knows."""
    for place in stack:
        for part, stage in STAGES:
            if part in place:
                begins = any(outer.endswith(f":{_BEGINS}") for outer in stack)
                return stage.format(commit="commit 1" if begins else "commit 2")
    return _OTHER


class _Self:
    """This process, where a load watches a child."""

    def cpu_s(self) -> float:
        return time.process_time()


async def _profiled(data: Path, stub: Stub) -> tuple[Loaded, Sampled]:
    chosen = {"PORT": "0", "CHASE_SIMULATOR_PORT": "0", "LOCAL_DATA_DIR": str(data)}
    chase = {"CHASE_BASE_URL": stub.url + API_PATH, "CHASE_TOKEN_URL": stub.url + TOKEN_PATH}
    async with running({**chosen, **chase}) as laptop:
        keep_what_stays()
        url = urlsplit(laptop.greeting.removeprefix("Ready: ").split()[0])
        target = {"kind": "ours", "port": url.port, "path": f"{url.path}/payments", "token": our_token(data)}

        def sell(count: int) -> Loaded:
            return load(target, _Self(), data / "generator.log", connections=64, count=count)

        await asyncio.to_thread(sell, _WARM)
        sampler = Sampler()
        sampler.start()
        loaded = await asyncio.to_thread(sell, SALES)
        return loaded, sampler.stop()


def told(loaded: Loaded, sampled: Sampled) -> str:
    """The tables: stages, then the functions that take most."""
    total_s = sum(sampled.stages.values())
    lines = [
        f"{loaded.good} sales, {1e6 * total_s / loaded.good:.0f} us CPU each, {loaded.rate:.0f}/s\n",
        "| stage | us a sale | share |",
        "|---|---:|---:|",
        *_lines(sampled.stages, loaded.good, total_s),
        "\n| function | us a sale | share |",
        "|---|---:|---:|",
        *_lines(sampled.functions, loaded.good, total_s)[:_TOP],
    ]
    return "\n".join(lines)


def _lines(spent: Mapping[str, float], sales: int, total_s: float) -> list[str]:
    ordered = sorted(spent.items(), key=lambda item: -item[1])
    return [f"| {_short(name)} | {1e6 * s / sales:.0f} | {s / total_s:.1%} |" for name, s in ordered]


def _short(place: str) -> str:
    return place.rpartition("site-packages/")[2].replace(os.getcwd() + "/", "")


def _log_as_the_laptop_does(path: Path) -> None:
    """Every event of a sale is written, as it is by `python -m local`."""
    form = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    logging.basicConfig(level=logging.WARNING, filename=path, format=form)
    for ours in ("payments", "shared", "functions", "local"):
        logging.getLogger(ours).setLevel(logging.INFO)


def main() -> int:
    bench = Bench(QUICK, None, SCRATCH)
    with bench.folder() as folder, bench.stub(folder) as stub:
        _log_as_the_laptop_does(folder / "log")
        loaded, sampled = uvloop.run(_profiled(folder, stub))
    print(told(loaded, sampled))
    return 0


if __name__ == "__main__":
    sys.exit(main())
