"""
A unit of work, or several questions, as the text of one T-SQL batch: one round trip.

    SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    BEGIN TRAN;
    UPDATE ...; IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
    SELECT ...;
    COMMIT;

The answers are asked inside the transaction, as on every engine: what they say is what this unit left, and if one
fails the unit does. They come last and only COMMIT follows; who runs the batch believes none before the last result.
Each batch states all the session settings that it needs, so a connection may come from any batch, or none.
A None is written as NULL into the text: as a parameter it would cost a round trip, in which the driver asks its type.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from shared.database.sqlserver_errors import GUARD_BASE
from shared.database.unit_of_work import Query, Statement, StatementFailed, Value, Values

READ_COMMITTED: Final = "READ COMMITTED"
SNAPSHOT: Final = "SNAPSHOT"

# ODBC's numbers (sqlext.h), so that nothing here imports the driver.
_SQL_WVARCHAR: Final = -9
_SQL_BIGINT: Final = -5
# One declared type per kind of value: by default the driver declares each text by its own length and each number by
# its size, and SQL Server would compile and keep a plan for every combination of lengths.
Size = tuple[int, int, int] | None
_TEXT: Final = (_SQL_WVARCHAR, 4000, 0)
_LONG_TEXT: Final = (_SQL_WVARCHAR, 0, 0)  # NVARCHAR(MAX)
_NUMBER: Final = (_SQL_BIGINT, 0, 0)
# NVARCHAR(4000) is 4,000 UTF-16 units; a character takes two at most.
_TEXT_MAX: Final = 2000

# Texts of all units and questions, with NULLs in their usual places; each is about 2 KB.
_TEXTS_CACHED: Final = 512
_MARKS: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*|\?")

_Shape = tuple[tuple[str, int | None, tuple[int, ...]], ...]


class Batch(NamedTuple):
    """What goes to `execute`; `sizes` go to `setinputsizes` before it. `queries` is how many results must come."""

    sql: str
    parameters: Values
    sizes: tuple[Size, ...]
    queries: int


def unit_batch(statements: Sequence[Statement], queries: Sequence[Query]) -> Batch:
    """One commit. Raises StatementFailed where a statement has more or fewer `?` than values."""
    shape = tuple((each.sql, each.rows, _nulls(each.sql, each.parameters)) for each in statements)
    sql = _text(READ_COMMITTED, shape, tuple((each.sql, None, _nulls(each.sql, each.parameters)) for each in queries))
    return _bound(sql, (*statements, *queries), len(queries))


def reading_batch(queries: Sequence[Query], level: str) -> Batch:
    """Several questions. At level SNAPSHOT all see the same commits; at READ COMMITTED each sees its own moment's."""
    sql = _text(level, (), tuple((each.sql, None, _nulls(each.sql, each.parameters)) for each in queries))
    return _bound(sql, queries, len(queries))


def _bound(sql: str, asked: Sequence[Statement | Query], queries: int) -> Batch:
    values = tuple(value for each in asked for value in each.parameters if value is not None)
    return Batch(sql, values, tuple(map(_size, values)), queries)


def _size(value: Value) -> Size:
    if isinstance(value, str):
        return _TEXT if len(value) <= _TEXT_MAX else _LONG_TEXT
    return _NUMBER if isinstance(value, int) else None


def _nulls(sql: str, parameters: Values) -> tuple[int, ...]:
    if _marks(sql) != len(parameters):
        raise StatementFailed(f"{_marks(sql)} marks and {len(parameters)} values")
    return tuple([place for place, value in enumerate(parameters) if value is None])


@lru_cache(_TEXTS_CACHED)
def _marks(sql: str) -> int:
    return sum(found[0] == "?" for found in _MARKS.finditer(sql))


@lru_cache(_TEXTS_CACHED)
def _text(level: str, statements: _Shape, queries: _Shape) -> str:
    lines = [f"SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL {level};", "BEGIN TRAN;"]
    for number, (sql, rows, nulls) in enumerate(statements, start=GUARD_BASE + 1):
        lines.append(_ended(sql, nulls))
        if rows is not None:
            lines.append(f"IF @@ROWCOUNT <> {int(rows)} THROW {number}, 'guard', 1;")
    lines += [_ended(sql, nulls) for sql, _, nulls in queries]
    return "\n".join([*lines, "COMMIT;"])


def _ended(sql: str, nulls: tuple[int, ...]) -> str:
    place = -1

    def written(found: re.Match[str]) -> str:
        nonlocal place
        if found[0] != "?":
            return found[0]
        place += 1
        return "NULL" if place in nulls else "?"

    return _MARKS.sub(written, sql).strip().rstrip(";") + ";"
