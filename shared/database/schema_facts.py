"""
What a schema enforces, as facts that both engines word alike: so that two schemas, or a plan and a database, compare.

A predicate or rule is known by the columns, texts and numbers in it: each engine writes the rest its own way.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from shared.database.unit_of_work import Query, Row

# Laid down by the runner, worded by each engine.
JOURNAL: Final = "schema_migrations"

_WORD: Final = re.compile(r"N?'((?:[^']|'')*)'|\[?\b([A-Za-z_]\w*)\b\]?|\b(\d+)\b")
_WORDING: Final = frozenset(
    ("and", "or", "in", "is", "not", "null", "between", "len", "length", "isjson", "json_valid")
)
# `json_valid(x)` and `ISJSON(x) = 1`, `x BETWEEN 1 AND 9` and `x >= 1 AND x <= 9`: the same rules.
_TRUTH: Final = re.compile(r"(?i)(isjson\(.*?\))\s*=\s*\(?1\)?")


class Fact(NamedTuple):
    """One thing that the schema has. `name` is "" where engines name it differently."""

    kind: str
    table: str
    name: str
    detail: str

    def __str__(self) -> str:
        return " ".join(part for part in self if part)


def words(rule: str) -> str:
    """The columns, texts and numbers of a rule, sorted: `mode = N'live'` is "live mode" wherever it stands."""
    found = set()
    for text, name, number in _WORD.findall(_TRUTH.sub(r"\1", rule)):
        word = text or name.lower() or number
        if text or word not in _WORDING:
            found.add(word)
    return " ".join(sorted(found))


def column(table: str, name: str, *, nullable: bool) -> Fact:
    return Fact("column", table, name, "NULL" if nullable else "NOT NULL")


def key(table: str, columns: Iterable[str]) -> Fact:
    return Fact("primary key", table, "", f"({', '.join(columns)})")


def index(table: str, name: str, columns: Iterable[str], *, unique: bool, predicate: str = "") -> Fact:
    where = f" where {words(predicate)}" if predicate else ""
    return Fact("unique index" if unique else "index", table, name, f"({', '.join(columns)}){where}")


def check(table: str, rule: str) -> Fact:
    return Fact("check", table, "", words(rule))


def reference(table: str, name: str, parent: str) -> Fact:
    return Fact("reference", table, name, f"to {parent}")


def trigger(table: str, name: str) -> Fact:
    return Fact("trigger", table, name, "")


SQLITE_CATALOG: Final = (
    Query(
        "SELECT m.name, c.name, c.\"notnull\" FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    ),
    Query(
        'SELECT m.name, l.name, l."unique", l.origin, i.name, x.sql FROM sqlite_master m, pragma_index_list(m.name) l,'
        " pragma_index_info(l.name) i LEFT JOIN sqlite_master x ON x.type = 'index' AND x.name = l.name"
        " WHERE m.type = 'table' ORDER BY m.name, l.name, i.seqno"
    ),
    Query("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"),
    Query('SELECT m.name, f."from", f."table" FROM sqlite_master m, pragma_foreign_key_list(m.name) f'),
    Query("SELECT name, sql FROM sqlite_master WHERE type = 'table'"),
)


def sqlite_facts(
    columns: Sequence[Row],
    indexes: Sequence[Row],
    triggers: Sequence[Row],
    references: Sequence[Row],
    tables: Sequence[Row],
) -> frozenset[Fact]:
    """The facts in the answers to SQLITE_CATALOG."""
    facts = {column(table, name, nullable=not notnull) for table, name, notnull in columns}
    facts |= {trigger(*row) for row in triggers} | {reference(*row) for row in references}
    facts |= {check(table, rule) for table, sql in tables for rule in checks_in(sql)}
    members: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for table, name, unique, origin, member, sql in indexes:
        members[table, name, unique, origin, sql or ""].append(member)
    for (table, name, unique, origin, sql), names in members.items():
        predicate = re.split(r"(?i)\bWHERE\b", sql)[1:]
        made = index(table, name, names, unique=bool(unique), predicate="".join(predicate))
        facts.add(key(table, names) if origin == "pk" else made)
    return _ours(facts)


def checks_in(sql: str) -> Iterator[str]:
    """The text between the parentheses of each CHECK in a CREATE TABLE."""
    for found in re.finditer(r"(?i)\bCHECK\s*\(", sql):
        depth, at = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[at], 0)
            at += 1
        yield sql[found.end() : at - 1]


SQLSERVER_CATALOG: Final = (
    Query(
        "SELECT t.name, c.name, c.is_nullable, c.collation_name FROM sys.columns AS c"
        " JOIN sys.tables AS t ON t.object_id = c.object_id"
    ),
    Query(
        "SELECT t.name, i.name, i.is_unique, i.is_primary_key, i.type, c.name, i.filter_definition"
        " FROM sys.indexes AS i JOIN sys.tables AS t ON t.object_id = i.object_id"
        " JOIN sys.index_columns AS m ON m.object_id = i.object_id AND m.index_id = i.index_id AND m.key_ordinal > 0"
        " JOIN sys.columns AS c ON c.object_id = m.object_id AND c.column_id = m.column_id"
        " WHERE i.is_disabled = 0 ORDER BY t.name, i.name, m.key_ordinal"
    ),
    Query(
        "SELECT t.name, r.name FROM sys.triggers AS r JOIN sys.tables AS t ON t.object_id = r.parent_id"
        " WHERE r.is_disabled = 0"
    ),
    Query(
        "SELECT t.name, c.name, p.name FROM sys.foreign_keys AS f"
        " JOIN sys.tables AS t ON t.object_id = f.parent_object_id"
        " JOIN sys.foreign_key_columns AS m ON m.constraint_object_id = f.object_id"
        " JOIN sys.columns AS c ON c.object_id = m.parent_object_id AND c.column_id = m.parent_column_id"
        " JOIN sys.tables AS p ON p.object_id = f.referenced_object_id WHERE f.is_disabled = 0"
    ),
    Query(
        "SELECT t.name, k.definition FROM sys.check_constraints AS k"
        " JOIN sys.tables AS t ON t.object_id = k.parent_object_id WHERE k.is_disabled = 0"
    ),
)

_CLUSTERED: Final = 1


def sqlserver_facts(
    columns: Sequence[Row],
    indexes: Sequence[Row],
    triggers: Sequence[Row],
    references: Sequence[Row],
    rules: Sequence[Row],
) -> frozenset[Fact]:
    """The facts in the answers to SQLSERVER_CATALOG; a clustered index that is no key is how rows lie, not a fact."""
    facts = {column(table, name, nullable=nullable) for table, name, nullable, _ in columns}
    facts |= {trigger(*row) for row in triggers} | {reference(*row) for row in references}
    facts |= {check(*row) for row in rules}
    members: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for table, name, unique, primary, kind, member, predicate in indexes:
        if primary or kind != _CLUSTERED:
            members[table, name, unique, primary, predicate or ""].append(member)
    for (table, name, unique, primary, predicate), names in members.items():
        made = index(table, name, names, unique=bool(unique), predicate=predicate)
        facts.add(key(table, names) if primary else made)
    return _ours(facts)


def _ours(facts: Iterable[Fact]) -> frozenset[Fact]:
    return frozenset(fact for fact in facts if fact.table != JOURNAL)
