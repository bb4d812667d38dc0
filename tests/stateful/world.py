"""
The whole house, driven step by step from outside a loop: calls that are waited for and calls that are left in flight,
a clock that moves when somebody waits for it, restarts on the same files, and a death that leaves everything undone.

Cheap enough for one a test example: the database's migrations are made once, and files lie in memory where they can.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from local.keys import LocalKeys, local_keys
from local.ledger_check.comparison import Booked, Comparison, compared
from local.ledger_check.reading import kept_payments
from shared.payments.payment import Payment
from shared.payments.search import PAGE_MAX, Search
from tests.house import ROOT, Answer, House, open_house

_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a place for files that need not outlive the test
# Real seconds after which a call that nobody holds up must have been answered.
_ANSWERED_WITHIN_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.001
# They wait for a time of their own, and nobody waits for them.
_OF_NO_CONCERN: Final = ("Inquiries.follow", "Landing._land_later")
_DEFECTS: Final = ("task.raised", "reconciliation.failed", "chase_client_failed", "outcome_not_recorded", "not_marked")
_OURS: Final = tuple(str(ROOT / room) for room in ("shared", "functions", "local/delivery.py"))


class Ground:
    """What all worlds of a run share: keys, a token that is signed, and a database without payments."""

    def __init__(self) -> None:
        parent = _IN_MEMORY if _IN_MEMORY.is_dir() else None
        self._directory = tempfile.TemporaryDirectory(prefix="proof-", dir=parent, ignore_cleanup_errors=True)
        self.path = Path(self._directory.name)
        self._empty = self.path / "empty"
        self._empty.mkdir()
        self.keys: LocalKeys = local_keys(self.path)
        self.signed: dict[str, str] = {}
        self._worlds = 0
        asyncio.run(self._prepare())

    async def _prepare(self) -> None:
        async with open_house(self._empty, self.keys) as house:
            house.bearer()
            self.signed.update(house.signed)

    def new_directory(self) -> Path:
        self._worlds += 1
        data = self.path / f"world-{self._worlds}"
        data.mkdir()
        for file in self._empty.glob("payments.sqlite3*"):
            shutil.copy(file, data)
        return data

    def close(self) -> None:
        self._directory.cleanup()


class World:
    """One house and its time. Every method runs the loop until what it is about has come to rest."""

    def __init__(self, ground: Ground, **settings: str) -> None:
        self._ground, self._settings = ground, settings
        self._data = ground.new_directory()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._in_flight: list[asyncio.Task[Answer]] = []
        self._awaited: set[asyncio.Task[Any]] = set()
        self.house = self._runner.run(self._opened())

    @property
    def moving(self) -> bool:
        """Whether calls are in flight that nobody has waited for."""
        return bool(self._in_flight)

    def now(self) -> datetime:
        return self.house.clock.now()

    def call(self, *calls: Coroutine[Any, Any, Answer]) -> Sequence[Answer]:
        """All of them started before any is waited for."""
        return self._runner.run(self._called(calls))

    def begin(self, call: Coroutine[Any, Any, Answer]) -> "asyncio.Task[Answer]":
        """Started, and left in flight."""
        return self._runner.run(self._begun(call))

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What a timer or the simulator does, with everything that follows from it at once."""
        return self._runner.run(self._done(work))

    def settle(self) -> None:
        """Wait for every call in flight."""
        self._runner.run(self._settled())

    def advance(self, seconds: float) -> None:
        self.do(self.house.clock.advance(seconds))

    def restart(self, *, killed: bool, chase_finishes: bool) -> None:
        """
        Close and open again on the same files. `killed`: what is at work ends where it stands, and its callers hear
        nothing; with `chase_finishes` Chase still does what had reached it.
        """
        self._runner.run(self._restarted(killed, chase_finishes))

    def mend(self) -> None:
        """Chase is well: no fault is ordered any more, and it listens."""
        self.house.simulator.clear_faults()
        self.do(self._mended())

    def run_timer(self, timer: str) -> None:
        self.do(getattr(self.house.services, timer).run_once())

    def seen(self) -> tuple[Sequence[Payment], list[dict[str, Any]]]:
        """Our payments and Chase's books, which are read first: what they hold was begun by us before."""
        books = self.books()
        self._nothing_went_wrong_inside()
        return self._runner.run(self._payments()), books

    def ledger(self) -> Comparison:
        """The journal against Chase's books, as `make ledger-check` compares them."""
        return self._runner.run(self._compared())

    def books(self) -> list[dict[str, Any]]:
        return self.house.books()

    def close(self) -> None:
        try:
            self._runner.run(self._closed())
        finally:
            self._runner.close()
            shutil.rmtree(self._data, ignore_errors=True)

    async def _opened(self) -> House:
        house = await self._stack.enter_async_context(open_house(self._data, self._ground.keys, **self._settings))
        house.signed.update(self._ground.signed)
        return house

    async def _called(self, calls: Sequence[Coroutine[Any, Any, Answer]]) -> Sequence[Answer]:
        tasks = [asyncio.create_task(call) for call in calls]
        await self._answered_by(tasks)
        await self._quiet()
        return [task.result() for task in tasks]

    async def _begun(self, call: Coroutine[Any, Any, Answer]) -> "asyncio.Task[Answer]":
        task = asyncio.create_task(call)
        self._in_flight.append(task)
        await asyncio.sleep(0.002)
        return task

    async def _done(self, work: Coroutine[Any, Any, Any]) -> Any:
        task = asyncio.ensure_future(work)
        await self._answered_by([task])
        await self._quiet()
        return task.result()

    async def _settled(self) -> None:
        calls, self._in_flight = self._in_flight, []
        await self._answered_by(calls)
        await self._quiet()
        for call in calls:
            call.result()

    async def _compared(self) -> Comparison:
        kept = await kept_payments(self._data / "payments.sqlite3")
        names = ("currency", "amount", "captured", "refunded", "voided")
        booked = [Booked(entry["merchantOrderNumber"], *(entry[name] for name in names)) for entry in self.books()]
        return compared(kept, booked, now=self.now(), embedded=True)

    async def _mended(self) -> None:
        await self.house.simulator.refuse_connections(1)
        await self.house.simulator.until_listening()

    def _nothing_went_wrong_inside(self) -> None:
        """What is caught and told, so that the service goes on, is a defect all the same."""
        telemetry = self.house.telemetry
        wrong = [name for name, _ in (*telemetry.alarms, *telemetry.events) if name.endswith(_DEFECTS)]
        assert not wrong, [each for each in (*telemetry.alarms, *telemetry.events) if each[0] in wrong]

    async def _payments(self) -> Sequence[Payment]:
        search = Search(billers=None, caller="ctp", limit=PAGE_MAX)
        found = await self.house.services.payments.find(search)
        assert len(found) < PAGE_MAX, "more payments than one look shows"
        return found

    async def _restarted(self, killed: bool, chase_finishes: bool) -> None:
        if killed:
            await self._killed()
        else:
            await self._settled()
        if chase_finishes:
            await asyncio.gather(*self.house.simulator._door._at_work, return_exceptions=True)
        await self._stack.aclose()
        self.house = await self._opened()

    async def _killed(self) -> None:
        calls, self._in_flight = self._in_flight, []
        ending = [*calls, *(task for task in asyncio.all_tasks() if _is_ours(task))]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _closed(self) -> None:
        await self._killed()
        await self._stack.aclose()

    async def _quiet(self) -> None:
        """Return when nothing of the service is at work but what waits for its time; not while calls are in flight."""
        if not self._in_flight:
            await self._until(lambda: not self._busy())

    async def _answered_by(self, tasks: Sequence["asyncio.Task[Any]"]) -> None:
        self._awaited.update(tasks)
        await self._until(lambda: all(task.done() for task in tasks))
        self._awaited.difference_update(tasks)

    async def _until(self, reached: Any) -> None:
        async with asyncio.timeout(_ANSWERED_WITHIN_S):
            while not reached():
                at = min(self._waited_for(), default=None)
                if at is None:
                    await asyncio.sleep(_LOOK_EVERY_S)
                else:
                    await self.house.clock.advance(max(0.0, (at - self.now()).total_seconds()))

    def _busy(self) -> bool:
        """Somebody is at work, or waits a moment in the middle of it."""
        asleep = self._asleep()
        return any(_is_ours(task) and task not in asleep for task in asyncio.all_tasks()) or any(self._waited_for())

    def _waited_for(self) -> Iterator[datetime]:
        """Until when those wait who are in the middle of something."""
        for task, at in self._asleep().items():
            if task in self._awaited or (_is_ours(task) and _name_of(task) not in _OF_NO_CONCERN):
                yield at

    def _asleep(self) -> Mapping["asyncio.Task[Any]", datetime]:
        return {task: at for at, task in self.house.clock.asleep() if task is not None}


def _name_of(task: "asyncio.Task[Any]") -> str:
    return getattr(task.get_coro(), "__qualname__", "")


def _is_ours(task: "asyncio.Task[Any]") -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and code.co_filename.startswith(_OURS)
