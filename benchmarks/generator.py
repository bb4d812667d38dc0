"""
Load: `python -m benchmarks.generator` reads a plan from stdin, says `go` when all is connected, then the result.

A process of its own on one bare protocol: about 20 µs CPU a request, a tenth of the least sale. Closed loop: each
connection sends its next request when it has its answer; all begin in one instant. Open loop (`rate`): arrivals by the
clock, whatever became of those before, each timed from when it was due. Nothing is cut off: it ends when all are
answered, so every answer is counted.
"""

import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, cast

import uvloop

from benchmarks.sale_requests import Requests, look_ups, our_sales, stub_sales, yardstick_sales

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_TICK_S: Final = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    What to send where. `kind`: `ours`, `yardstick`, `stub` or `look_ups` (of `ids`); `seed` makes keys unique;
    `biller_id` is whose bills `ours` are.

    It ends after `seconds`, or after `count` requests; `rate` a second makes it an open loop.
    """

    kind: str
    port: int
    path: str
    seed: str
    connections: int
    token: str = ""
    seconds: float = 0.0
    count: int = 0
    rate: float = 0.0
    script: str = ""
    ids: tuple[str, ...] = ()
    biller_id: str = "city-water"

    def requests(self) -> Requests:
        host = f"127.0.0.1:{self.port}"
        match self.kind:
            case "ours":
                return our_sales(host=host, path=self.path, token=self.token, seed=self.seed, biller_id=self.biller_id)
            case "yardstick":
                script = Path(self.script)
                return yardstick_sales(host=host, path=self.path, token=self.token, seed=self.seed, script=script)
            case "look_ups":
                return look_ups(host=host, path=self.path, token=self.token, ids=self.ids)
            case _:
                return stub_sales(host=host, path=self.path, seed=self.seed)


@dataclass(slots=True)
class Answers:
    """One status: how many answers, the sum of the amounts asked for, and how long each took, in seconds."""

    count: int = 0
    amount_minor: int = 0
    took_s: list[float] = field(default_factory=list)


class _Run:
    """The plan being carried out. A connection asks it for its next request, and tells it each answer."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._request = plan, plan.requests()
        self._number = 0
        self.began_s = self.until_s = 0.0
        self.by_status: dict[int, Answers] = {}
        self.failed = 0
        self.open = 0
        self.all_answered = asyncio.Event()

    def begin(self) -> None:
        self.began_s = time.perf_counter()
        self.until_s = self.began_s + (self._plan.seconds or float("inf"))

    def next(self) -> tuple[bytes, int] | None:
        if (self._plan.count and self._number >= self._plan.count) or time.perf_counter() >= self.until_s:
            return None
        self._number += 1
        self.open += 1
        return self._request(self._number)

    def answered(self, status: int, amount_minor: int, took_s: float) -> None:
        answers = self.by_status.get(status)
        if answers is None:
            answers = self.by_status[status] = Answers()
        answers.count += 1
        answers.amount_minor += amount_minor
        answers.took_s.append(took_s)
        self.open -= 1

    def lost(self) -> None:
        self.failed += 1
        self.open -= 1
        self.settle()

    def settle(self) -> None:
        """To be called when a connection has gone on from an answer: was it the last?"""
        if not self.open:
            self.all_answered.set()


class _Connection(asyncio.Protocol):
    """One request at a time. `idle` takes it back when it has its answer."""

    def __init__(self, run: _Run) -> None:
        self._run, self._buffer = run, b""
        self._began_s = 0.0
        self._amount_minor: int | None = None
        self._transport: asyncio.Transport | None = None
        self.idle: deque[_Connection] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by inheritance.
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: tuple[bytes, int], began_s: float) -> None:
        assert self._transport is not None
        self._began_s, self._amount_minor = began_s, request[1]
        self._transport.write(request[0])

    def send_next(self) -> None:
        request = self._run.next()
        if request is not None:
            self.send(request, time.perf_counter())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_END)
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(_LENGTH)
        length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + len(_END) + length:
            return
        self._buffer = b""
        amount, self._amount_minor = self._amount_minor or 0, None
        self._run.answered(int(head[9:12]), amount, time.perf_counter() - self._began_s)
        if self.idle is None:
            self.send_next()
        else:
            self.idle.append(self)
        self._run.settle()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._amount_minor is not None:
            self._amount_minor = None
            self._run.lost()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def _connected(run: _Run, plan: Plan) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    return [
        (await loop.create_connection(lambda: _Connection(run), "127.0.0.1", plan.port))[1]
        for _ in range(plan.connections)
    ]


async def _closed_loop(run: _Run, connections: list[_Connection]) -> None:
    for connection in connections:
        connection.send_next()
    if run.open:
        await run.all_answered.wait()


async def _open_loop(run: _Run, plan: Plan, connections: list[_Connection]) -> None:
    """Arrivals evenly spaced. One that finds no idle connection waits for it, and its time runs on."""
    idle, due_s = deque(connections), run.began_s
    for connection in connections:
        connection.idle = idle
    while due_s < run.until_s:
        while due_s <= time.perf_counter() and idle:
            request = run.next()
            if request is None:
                break
            idle.popleft().send(request, due_s)
            due_s += 1 / plan.rate
        if time.perf_counter() >= run.until_s:
            break
        await asyncio.sleep(_TICK_S)
    while run.open:
        run.all_answered.clear()
        await run.all_answered.wait()


async def _carry_out(plan: Plan) -> dict[str, object]:
    run = _Run(plan)
    connections = await _connected(run, plan)
    print("go", flush=True)
    cpu_s = time.process_time()
    run.begin()
    await (_open_loop(run, plan, connections) if plan.rate else _closed_loop(run, connections))
    seconds, cpu_s = time.perf_counter() - run.began_s, time.process_time() - cpu_s
    for connection in connections:
        connection.close()
    by_status = {str(status): asdict(answers) for status, answers in run.by_status.items()}
    return {"seconds": seconds, "cpu_s": cpu_s, "failed": run.failed, "by_status": by_status}


if __name__ == "__main__":
    given = json.loads(sys.stdin.readline())
    print(json.dumps(uvloop.run(_carry_out(Plan(**given)))), flush=True)
