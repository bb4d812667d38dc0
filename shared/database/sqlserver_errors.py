"""
What SQL Server and its driver say when something went wrong, in our words: by number, never by value.

Numbers: reference of transient errors of Azure SQL (Microsoft Learn), Entity Framework Core and SqlClient.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.database.unit_of_work import (
    DatabaseError,
    DatabaseUnavailable,
    GuardFailed,
    StatementFailed,
    UniqueViolation,
)

# A guard THROWs this plus its statement's place in the unit, from 1. Rules of the schema THROW less than 51000.
GUARD_BASE: Final = 51_000
_GUARDS_MAX: Final = 999
_OWN_NUMBERS: Final = range(50_000, GUARD_BASE)

_UNIQUE: Final = frozenset({2601, 2627})
_TRANSIENT: Final = frozenset(
    {
        20, 64, 121, 233, 615, 926, 997, 1204, 1205, 1222, 4060, 4221, 10053, 10054, 10060, 10928, 10929, 40143, 40197,
        40501, 40540, 40613, 41301, 41302, 41305, 41325, 41839, 49918, 49919, 49920, 49977, 49983,
    }
)  # fmt: skip
_TRANSIENT_STATES: Final = frozenset({"08S01", "08001", "HYT01", "40001"})
# Class 08: the connection is gone.
_CONNECTION_CLASS: Final = "08"
# The statement's time-out. Not transient: the unit may have been done, and whoever waited has waited long enough.
_TIMED_OUT: Final = "HYT00"

# Never transient, whatever the SQLSTATE beside them says; each with what to do.
_REFUSALS: Final[Mapping[int, str]] = {
    1105: "a file of the database is full",
    3906: "the database is read-only",
    9002: "the transaction log is full",
    18456: "the login was refused",
    40544: "the database has reached its size quota",
    40615: "the server's firewall refuses this address",
    40914: "the server's network rules refuse this subnet",
}
_REASONS: Final[Mapping[int, str]] = {
    **_REFUSALS,
    4060: "the database cannot be opened, or has no user for this login",
}
# Texts that name schema and SQL, never a value: syntax, names, permissions, NULL, CHECK or reference, DDL, snapshots.
_NAMES_NO_VALUE: Final = frozenset(
    {102, 156, 207, 208, 229, 262, 515, 547, 1088, 1911, 2714, 2715, 3701, 3952, 4902, 8141}
)

_SQLSTATE: Final = re.compile(r"[0-9A-Z]{5}")
# pyodbc ends the first record with its native number and the function that failed; values may only stand before it.
_NATIVE: Final = re.compile(r"\((-?\d+)\) \(SQL\w+\)")
_NATIVE_ANYWHERE: Final = re.compile(r"\((\d+)\)(?= \(SQL|;|$)")
_PREFIXES: Final = re.compile(r"(?:\[[^\]]*\]\s*)+")
# 2627 names the constraint first; 2601 the table, then the index. The values come last.
_RULE: Final = re.compile(r"(?:constraint|index) ['\"]([^'\"]+)['\"]")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """An error of the driver. `number` is SQL Server's, 0 where it did not speak; `text` may quote values."""

    sqlstate: str
    number: int
    text: str = field(repr=False)
    kind: str

    @property
    def transient(self) -> bool:
        """Whether a new connection and the same unit again may do: the old connection never will."""
        if self.number in _REFUSALS or self.sqlstate == _TIMED_OUT:
            return False
        known = self.number in _TRANSIENT or self.sqlstate in _TRANSIENT_STATES
        return known or self.sqlstate.startswith(_CONNECTION_CLASS)

    @property
    def leaves_a_clean_connection(self) -> bool:
        """Known to have rolled back whole, on a connection that works: a guard, or a unique rule."""
        return self.number in _UNIQUE or self.guard is not None

    @property
    def guard(self) -> int | None:
        """The failed guard's place in its unit, from 0; None where no guard failed."""
        place = self.number - GUARD_BASE - 1
        return place if 0 <= place < _GUARDS_MAX else None

    def told(self) -> str:
        """What may be logged: number and SQLSTATE, a reason where it is known, never a value."""
        where = f"SQL Server {self.number}" if self.number else self.sqlstate or self.kind
        if self.number in _NAMES_NO_VALUE or self.number in _OWN_NUMBERS:
            return f"{where}: {_PREFIXES.sub('', _NATIVE.split(self.text)[0], count=1).strip()}"
        reason = _REASONS.get(self.number)
        return f"{where}: {reason}" if reason else f"{where} ({self.sqlstate})" if self.number else where


def diagnosed(error: Exception) -> Diagnosis:
    """
    `error` read by its shape, so that nothing here imports the driver.

    The server's errors are `(sqlstate, text)`, pyodbc's own `(text, sqlstate)`.
    """
    parts = [str(part) for part in error.args[:2]]
    sqlstate = next((part for part in parts if _SQLSTATE.fullmatch(part)), "")
    text = next((part for part in parts if part != sqlstate), "")
    return Diagnosis(sqlstate, _number(text) if sqlstate else 0, text, type(error).__name__)


def _number(text: str) -> int:
    if natives := _NATIVE.findall(text):
        return int(natives[-1])
    anywhere = _NATIVE_ANYWHERE.search(text)
    return int(anywhere[1]) if anywhere else 0


def named(found: Diagnosis, constraints: Mapping[str, str], guards: Sequence[str], *, maybe_own: bool) -> DatabaseError:
    """`found` as what the caller of a unit is told; `guards` are the names of its statements' guards, in order."""
    if found.guard is not None and found.guard < len(guards):
        return GuardFailed(guards[found.guard])
    if found.number in _UNIQUE:
        rule = _RULE.search(found.text)
        name = rule[1] if rule else ""
        return UniqueViolation(constraints.get(name, name), maybe_own=maybe_own)
    if found.transient or found.number in _REFUSALS or found.sqlstate == _TIMED_OUT:
        return unavailable(found)
    return StatementFailed(found.told())


def unavailable(found: Diagnosis) -> DatabaseUnavailable:
    """`found` as the reason why the database could not be asked, or its answer is lost."""
    return DatabaseUnavailable(found.told())
