"""A driver for tests that says what it is told to say, and remembers what it was asked."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

SNAPSHOTS_QUESTION = "SELECT snapshot_isolation_state"


@dataclass
class Says:
    """A batch's answer: result sets (None for a statement without rows), then perhaps an error, met `at` that call."""

    results: list[list[tuple[Any, ...]] | None] = field(default_factory=list)
    error: Exception | None = None
    at: str = "execute"
    types: Sequence[type] = ()
    meanwhile: Callable[[], object] = lambda: None


@dataclass
class Asked:
    connection: int
    sql: str
    parameters: tuple[Any, ...]
    sizes: Any
    cursor: int = 0


class ScriptedDriver:
    """`script` holds what the next batches are answered, `logins` what the next logins meet (None: they work)."""

    def __init__(self, *script: Says, snapshots: int = 1) -> None:
        self.script: deque[Says] = deque(script)
        self.logins: deque[Exception | None] = deque()
        self.asked: list[Asked] = []
        self.open: set[int] = set()
        self.opened = 0
        self.cursors = 0
        self.cursors_open = 0
        self.shared_connections = 0
        self.snapshots = snapshots
        self._lock = threading.Lock()

    def connect(self) -> "ScriptedConnection":
        with self._lock:
            error = self.logins.popleft() if self.logins else None
            if error is not None:
                raise error
            self.opened += 1
            self.open.add(self.opened)
            return ScriptedConnection(self, self.opened)

    def next(self, asked: Asked) -> Says:
        with self._lock:
            if asked.sql.startswith(SNAPSHOTS_QUESTION):
                return Says([[(self.snapshots,)]])
            self.asked.append(asked)
            if self.script:
                return self.script.popleft()
        return Says([[] for line in asked.sql.splitlines() if line.startswith("SELECT")])


class ScriptedConnection:
    def __init__(self, driver: ScriptedDriver, number: int) -> None:
        self.timeout = 0
        self.driver, self.number = driver, number
        self.busy = threading.Lock()

    def cursor(self) -> "ScriptedCursor":
        return ScriptedCursor(self)

    def close(self) -> None:
        self.driver.open.discard(self.number)


class ScriptedCursor:
    def __init__(self, connection: ScriptedConnection) -> None:
        self.connection = connection
        connection.driver.cursors += 1
        connection.driver.cursors_open += 1
        self.number = connection.driver.cursors
        self.sizes: Any = None
        self.says = Says()

    @property
    def description(self) -> Sequence[Sequence[Any]] | None:
        if not self.says.results or self.says.results[0] is None:
            return None
        return [("column", kind) for kind in self.says.types]

    def setinputsizes(self, sizes: Any) -> None:
        self.sizes = sizes

    def execute(self, sql: str, parameters: tuple[Any, ...] = ()) -> None:
        if not self.connection.busy.acquire(blocking=False):
            self.connection.driver.shared_connections += 1
        try:
            self.says = self.connection.driver.next(
                Asked(self.connection.number, sql, parameters, self.sizes, self.number)
            )
            self.says.meanwhile()
        finally:
            self.connection.busy.release()
        self._meet("execute")

    def fetchall(self) -> list[tuple[Any, ...]]:
        self._meet("fetchall")
        return self.says.results[0] or []

    def nextset(self) -> bool:
        del self.says.results[:1]
        if not self.says.results:
            self._meet("nextset")
        return bool(self.says.results)

    def close(self) -> None:
        self.connection.driver.cursors_open -= 1
        self._meet("close")

    def _meet(self, at: str) -> None:
        if self.says.error is not None and self.says.at == at:
            raise self.says.error
