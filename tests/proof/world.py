"""What outlives a process, in one folder: the database's file, Chase's books, the bus, and the time."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shared.database.migrations import migrate_sqlite
from shared.payments.messages import Message, NotPublished, Queue, read_message
from shared.telemetry import RecordedTelemetry
from tests.builders import NOW
from tests.proof.chase_desk import ChaseDesk, Fault
from tests.use_cases.workshop import MIGRATIONS

_DATABASE, _BOOKS, _ARRIVALS, _BUS, _FACTS = "payments.sqlite3", "books.sqlite3", "arrivals", "bus", "facts.json"


class ProofClock:
    """Time that only the proof moves; a sleeper sleeps until it did, or for ever."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s
        self.asleep: dict[asyncio.Task[Any] | None, tuple[datetime, asyncio.Future[None]]] = {}
        self.fell_asleep = asyncio.Event()

    def now(self) -> datetime:
        return NOW + timedelta(milliseconds=round(self.offset_s * 1000))

    def after(self, wait_s: float) -> datetime:
        return self.now() + timedelta(milliseconds=round(wait_s * 1000))

    def boot_s(self) -> float:
        return self.offset_s

    async def sleep_until(self, at: datetime) -> None:
        while at > self.now():
            woken = asyncio.get_running_loop().create_future()
            task = asyncio.current_task()
            self.asleep[task] = (at, woken)
            self.fell_asleep.set()
            try:
                await woken
            finally:
                self.asleep.pop(task, None)

    def move_to(self, at: datetime) -> None:
        """Never back. Wakes whose time has come."""
        self.offset_s = max(self.offset_s, (at - NOW).total_seconds())
        for until, woken in list(self.asleep.values()):
            if until <= self.now() and not woken.done():
                woken.set_result(None)


class Bus:
    """A broker that keeps what it takes, in a file; it knows a message again by its id."""

    def __init__(self, path: Path, clock: ProofClock) -> None:
        self._path, self._clock, self.is_away = path, clock, False

    async def publish(self, messages: Any) -> None:
        if self.is_away:
            raise NotPublished("the broker is away")
        with self._path.open("a", encoding="utf-8") as file:
            for message in messages:
                line = {"queue": message.queue, "body": message.body(), "dueAt": message.due_at.isoformat()}
                file.write(json.dumps(line) + "\n")

    def waiting(self) -> list[Message]:
        """What is not settled, each id once."""
        known: dict[str, Message] = {}
        for line in _lines(self._path):
            told = json.loads(line)
            due_at = datetime.fromisoformat(told["dueAt"])
            message = read_message(Queue(told["queue"]), told["body"].encode(), due_at=due_at)
            known.setdefault(message.id, message)
        settled = set(_lines(self._settled))
        return [message for name, message in known.items() if name not in settled]

    def due(self) -> list[Message]:
        return [message for message in self.waiting() if message.due_at <= self._clock.now()]

    def settle(self, message: Message) -> None:
        with self._settled.open("a", encoding="utf-8") as file:
            file.write(message.id + "\n")

    @property
    def _settled(self) -> Path:
        return self._path.with_suffix(".settled")


@dataclass
class World:
    """`facts` are what its callers know."""

    folder: Path
    clock: ProofClock
    chase: ChaseDesk
    bus: Bus
    telemetry: RecordedTelemetry = field(default_factory=RecordedTelemetry)
    facts: dict[str, Any] = field(default_factory=dict)
    generation: int = 0
    _reader: sqlite3.Connection | None = None

    @property
    def database(self) -> Path:
        return self.folder / _DATABASE

    @property
    def arrivals(self) -> Path:
        return self.folder / _ARRIVALS

    def next_generation(self) -> int:
        """Each process makes ids of its own, later than those of any before."""
        self.generation += 1
        return self.generation

    def save(self) -> None:
        """All that is not in a file of its own."""
        told = {"offsetS": self.clock.offset_s, "facts": self.facts, "generation": self.generation}
        (self.folder / _FACTS).write_text(json.dumps(told), "utf-8")

    def payment_id(self, reference: str) -> str:
        """The first payment of that bill; an id of nobody where there is none."""
        found = self.rows("SELECT MIN(id) FROM payments WHERE reference = ?", reference)
        return found[0][0] or "pay_none"

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Read from the file itself, beside whoever writes it."""
        self._reader = self._reader or sqlite3.connect(self.database, isolation_level=None)
        return self._reader.execute(sql, values).fetchall()

    def close(self) -> None:
        self.chase.close()
        if self._reader is not None:
            self._reader.close()


def make_world(folder: Path) -> None:
    """An empty one, its database migrated."""
    folder.mkdir(parents=True)
    migrate_sqlite(folder / _DATABASE, MIGRATIONS, now=NOW)


def copy_world(template: Path, folder: Path) -> None:
    shutil.copytree(template, folder)


@contextmanager
def open_world(folder: Path, *, fault: Fault = Fault.NONE) -> Iterator[World]:
    facts_file = folder / _FACTS
    told = json.loads(facts_file.read_text("utf-8")) if facts_file.exists() else {}
    clock = ProofClock(told.get("offsetS", 0.0))
    chase = ChaseDesk(folder / _BOOKS, folder / _ARRIVALS, clock, fault=fault)
    bus = Bus(folder / _BUS, clock)
    world = World(folder, clock, chase, bus, facts=told.get("facts", {}), generation=told.get("generation", 0))
    try:
        yield world
    finally:
        world.close()


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []
