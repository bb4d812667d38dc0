"""A unit of work: the statements of one commit, what each must affect, and what every engine promises."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

# No float: money is integer minor units. No datetime: times are UTC text with milliseconds (it sorts alike everywhere).
Value = str | int | bytes | None
Values = tuple[Value, ...]

# Columns in the order in which the query names them.
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One INSERT, UPDATE or DELETE with `?` for each of `parameters`; it returns no rows (no RETURNING, no OUTPUT).

    `rows` is how many rows it must affect, None for any number; `guard` is the name reported where it does not.
    `lengthy` says that it may be about thousands of rows: no loop may wait for it.
    """

    sql: str
    parameters: Values = field(repr=False)
    rows: int | None = 1
    guard: str = ""
    lengthy: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT with `?` for each of `parameters`."""

    sql: str
    parameters: Values = field(default=(), repr=False)


class DatabaseError(Exception):
    """Why a unit or a read was not done. The text never holds a parameter's value."""


class GuardFailed(DatabaseError):
    """A statement affected another number of rows than it had to; nothing of its unit is stored."""

    def __init__(self, guard: str) -> None:
        super().__init__(f"guard failed: {guard}")
        self.guard = guard


class UniqueViolation(DatabaseError):
    """
    A row like this is there already; nothing of the unit is stored. `constraint` is our name for the rule.

    `maybe_own`: the engine lost the answer to the unit and ran it again, so the row may be what this very unit stored
    the first time. Only the row itself tells.
    """

    def __init__(self, constraint: str, *, maybe_own: bool = False) -> None:
        super().__init__(f"unique violation: {constraint}")
        self.constraint = constraint
        self.maybe_own = maybe_own


class StatementFailed(DatabaseError):
    """Another rule of the schema (CHECK, NOT NULL, foreign key) or a defect; nothing of the unit is stored."""


class DatabaseUnavailable(DatabaseError):
    """
    The database could not be asked, or its answer was lost.

    Normally nothing of the unit is stored, but only looking it up proves that: a commit may outlive its answer.
    """


class Engine(Protocol):
    """
    One database. Safe to use from several event loops; no call blocks the loop that makes it.

    Every method but `close` raises DatabaseUnavailable; `run` and `read` raise StatementFailed as well.
    """

    async def run(self, statements: Sequence[Statement], *answers: Query) -> list[list[Row]]:
        """
        One batch, one round trip, one durable commit: all of `statements` or none.

        Returns the rows of each of `answers`, asked last inside the same transaction. A caller that is cancelled does
        not stop its unit. Raises GuardFailed and UniqueViolation.
        An engine may run a unit again whose answer it lost, so a unit must meet itself there: by a unique rule, or by
        a guard that its own success makes fail.
        """

    async def read(self, queries: Sequence[Query]) -> list[list[Row]]:
        """One round trip, no commit: the rows of each query, all from one snapshot. Times are UTC text, as bound."""

    async def ping(self) -> None:
        """One round trip that touches the database."""

    async def close(self) -> None:
        """Finish what was begun, then let go; may be called again. Every later call raises DatabaseUnavailable."""

    @property
    def round_trips(self) -> int:
        """Calls of `run`, `read` and `ping` that were answered."""

    @property
    def commits(self) -> int:
        """Units stored."""

    @property
    def connections_in_use(self) -> int:
        """Connections at work this moment: 0 whenever nothing is running."""
