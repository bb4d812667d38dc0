"""Any engine, with each round trip timed and each failure counted: 2 µs of a round trip's milliseconds."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final, Protocol

from shared.database.unit_of_work import DatabaseError, Engine, GuardFailed, Query, Row, Statement, UniqueViolation

# Answers of the database, not failures of it: a duplicate, or somebody else was first.
_ANSWERS: Final = (GuardFailed, UniqueViolation)


class Telling(Protocol):
    """Of ports.Telemetry, what is needed here."""

    def count(self, name: str, n: int = 1, /, **dimensions: str) -> None: ...

    def observe_ms(self, name: str, value_ms: float, /, **dimensions: str) -> None: ...


class MeasuredEngine:
    """An Engine (see unit_of_work.py) that is another one, and tells how it went."""

    def __init__(self, engine: Engine, telling: Telling) -> None:
        self._engine, self._telling = engine, telling

    @property
    def unmeasured(self) -> Engine:
        """The engine itself."""
        return self._engine

    async def run(self, statements: Sequence[Statement], *answers: Query) -> list[list[Row]]:
        began_s = perf_counter()
        try:
            return await self._engine.run(statements, *answers)
        except DatabaseError as error:
            self._failed("run", error)
            raise
        finally:
            self._took("run", began_s)

    async def read(self, queries: Sequence[Query]) -> list[list[Row]]:
        began_s = perf_counter()
        try:
            return await self._engine.read(queries)
        except DatabaseError as error:
            self._failed("read", error)
            raise
        finally:
            self._took("read", began_s)

    async def ping(self) -> None:
        began_s = perf_counter()
        try:
            await self._engine.ping()
        except DatabaseError as error:
            self._failed("ping", error)
            raise
        finally:
            self._took("ping", began_s)

    async def close(self) -> None:
        await self._engine.close()

    @property
    def round_trips(self) -> int:
        return self._engine.round_trips

    @property
    def commits(self) -> int:
        return self._engine.commits

    @property
    def connections_in_use(self) -> int:
        return self._engine.connections_in_use

    def __getattr__(self, name: str) -> Any:
        """What one engine has beside (an embedded one's `flushes`)."""
        return getattr(self._engine, name)

    def _took(self, operation: str, began_s: float) -> None:
        self._telling.observe_ms("db.duration", (perf_counter() - began_s) * 1000, operation=operation)

    def _failed(self, operation: str, error: DatabaseError) -> None:
        if not isinstance(error, _ANSWERS):
            self._telling.count("db.failures", operation=operation, error=type(error).__name__)
