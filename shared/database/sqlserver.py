"""
The engine for SQL Server and Azure SQL: each unit one T-SQL batch, one round trip, on a thread of a bounded executor.

What may be lost is the connection: then the whole unit is run again on a new one (never on the old), for a while. The
first run may have been committed and only its answer lost, so a second run meets its own rows; UniqueViolation says so.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any, Final

from shared.database.sqlserver_batch import READ_COMMITTED, Batch, reading_batch, unit_batch
from shared.database.sqlserver_connection import Connect, Kept, Pool
from shared.database.sqlserver_errors import Diagnosis, diagnosed, named, unavailable
from shared.database.sqlserver_patience import again
from shared.database.unit_of_work import DatabaseError, DatabaseUnavailable, Query, Row, Statement

# A batch takes 2 to 5 ms, so these carry more than 1,500 a second; the smaller tiers of Azure SQL allow 60 in all.
CONNECTIONS_MAX: Final = 8
# Azure SQL's gateway ends a connection that was idle for 30 minutes.
CONNECTION_AGE_MAX_S: Final = 25 * 60.0

# Unlike `SELECT 1`, this reads the database.
_PING: Final = Query("SELECT TOP (1) name FROM sys.objects")

Results = list[list[Row]]


@dataclass(frozen=True, slots=True)
class _Work:
    """A batch, made once it is known on which connection; `guards` are the names of its statements' guards."""

    batch: Callable[[Kept], Batch]
    guards: tuple[str, ...] = ()
    stores: bool = False
    patient: bool = True


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How one run ended. `sent`: the batch may have reached the server."""

    results: Results
    error: DatabaseError | None = None
    transient: bool = False
    sent: bool = False


class SqlServerEngine:
    """
    An Engine (see unit_of_work.py) on the database that `connect` opens, opened on first use.

    `constraints` maps the names of constraints and indexes to the name that UniqueViolation carries.
    `sleep` waits between two runs of a unit; by default closing the engine ends its waits.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        constraints: Mapping[str, str],
        connections_max: int = CONNECTIONS_MAX,
        connection_age_max_s: float = CONNECTION_AGE_MAX_S,
        sleep: Callable[[float], object] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.round_trips = self.commits = self.reruns = 0
        self._constraints = constraints
        self._pool = Pool(connect, age_max_s=connection_age_max_s, monotonic=monotonic)
        # As many threads as connections: a thread holds one at most, so none ever waits for one.
        self._threads = ThreadPoolExecutor(connections_max, thread_name_prefix="sqlserver")
        self._closing = Event()
        self._sleep = sleep or self._closing.wait
        self._counters = Lock()

    async def run(self, statements: Sequence[Statement], *answers: Query) -> list[list[Row]]:
        batch = unit_batch(statements, answers)
        return await self._done(_Work(lambda _: batch, tuple(each.guard for each in statements), stores=True))

    async def read(self, queries: Sequence[Query]) -> Results:
        return await self._done(_Work(lambda kept: reading_batch(queries, kept.reading_level)))

    async def ping(self) -> None:
        # Who asks whether the database is there wants to hear soon.
        await self._done(_Work(lambda _: reading_batch([_PING], READ_COMMITTED), patient=False))

    async def close(self) -> None:
        self._closing.set()
        await asyncio.to_thread(self._threads.shutdown)
        self._pool.close()

    @property
    def connections_in_use(self) -> int:
        return self._pool.in_use

    async def _done(self, work: _Work) -> Results:
        """Perform `work` on a thread. Who waits may be cancelled; the work is not."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_Attempt] = loop.create_future()

        def performed() -> None:
            attempt = self._performed(work)
            with suppress(RuntimeError):  # that loop is closed: nobody is waiting any more
                loop.call_soon_threadsafe(_resolve, done, attempt)

        try:
            self._threads.submit(performed)
        except RuntimeError:
            raise DatabaseUnavailable("closed") from None
        attempt = await done
        # Raised here and not on the thread: it must not carry the driver's error, which may quote values.
        if attempt.error is not None:
            raise attempt.error
        return attempt.results

    def _performed(self, work: _Work) -> _Attempt:
        attempt = self._attempt(work, maybe_own=False)
        if attempt.transient:
            attempt = self._again(work, attempt)
        with self._counters:
            self.round_trips += 1
            self.commits += work.stores and attempt.error is None
        return attempt

    def _again(self, work: _Work, first: _Attempt) -> _Attempt:
        """Run `work` again on new connections until it is answered, or patience ends."""
        latest = first
        sent = first.sent

        def rerun() -> _Attempt:
            nonlocal latest, sent
            with self._counters:
                self.reruns += 1
            latest = self._attempt(work, maybe_own=sent)
            sent = sent or latest.sent
            return latest

        return again(rerun, sleep=self._sleep, closing=self._closing) if work.patient else rerun()

    def _attempt(self, work: _Work, *, maybe_own: bool) -> _Attempt:
        """Run `work` once. Raises nothing: nobody may be left waiting."""
        try:
            kept = self._pool.borrow()
        except Exception as error:
            return _not_connected(error)
        try:
            results = kept.ask(work.batch(kept))
        except Exception as error:
            return self._failed(kept, error, work, maybe_own=maybe_own)
        self._pool.give_back(kept)
        return _Attempt(results)

    def _failed(self, kept: Kept, error: Exception, work: _Work, *, maybe_own: bool) -> _Attempt:
        found = diagnosed(error)
        if found.leaves_a_clean_connection:
            self._pool.give_back(kept)
        else:
            self._pool.drop(kept, others=found.transient)
        if isinstance(error, DatabaseError):
            return _Attempt([], error.with_traceback(None))
        told = named(found, self._constraints, work.guards, maybe_own=maybe_own)
        return _Attempt([], told, transient=found.transient, sent=True)


def _not_connected(error: Exception) -> _Attempt:
    if isinstance(error, DatabaseError):
        return _Attempt([], error.with_traceback(None))
    found: Diagnosis = diagnosed(error)
    return _Attempt([], unavailable(found), transient=found.transient)


def _resolve(done: "asyncio.Future[Any]", attempt: _Attempt) -> None:
    if not done.done():  # else its awaiter was cancelled
        done.set_result(attempt)
