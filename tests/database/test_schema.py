"""Two sets of migrations, one schema; and T-SQL that follows our rules."""

import re
from collections.abc import Iterator

import pytest
import sqlglot
from sqlglot import exp

from shared.database.check import MIGRATIONS, planned
from shared.database.schema_facts import (
    SQLSERVER_CATALOG,
    Fact,
    check,
    checks_in,
    column,
    index,
    key,
    reference,
    trigger,
    words,
)
from tests.database import rendered
from tests.database.conftest import RULES

T_SQL = {path.name: path.read_text("utf-8") for path in sorted((MIGRATIONS / "sqlserver").glob("*.sql"))}
SQLITE = {path.name for path in (MIGRATIONS / "sqlite").glob("*.sql")}
RENDERED = {path.stem: path.read_text("utf-8") for path in sorted(rendered.FOLDER.glob("*.sql"))}
ASKED_OF_THE_CATALOG = {f"catalog {at}": query.sql for at, query in enumerate(SQLSERVER_CATALOG)}
ALL_T_SQL = {**T_SQL, **RENDERED, **ASKED_OF_THE_CATALOG}

COMMENT = re.compile(r"--[^\n]*")
PREDICATE = re.compile(r"CREATE[^;]*INDEX[^;]*?WHERE([^;]*);")
# What frames a batch, and what sqlglot does not know.
FRAME = re.compile(r"(?m)^(SET .*|BEGIN TRAN;|IF @@ROWCOUNT.*|COMMIT;)$")
NOT_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
FORBIDDEN = re.compile(
    r"(?i)\b(MERGE|CREATE\s+OR\s+ALTER|LIMIT|RETURNING|OFFSET|WAITFOR|NOLOCK|UPDLOCK|READPAST|HOLDLOCK|ROWLOCK|XLOCK"
    r"|TABLOCKX?|DATETIMEOFFSET|UNIQUEIDENTIFIER|FLOAT|REAL|MONEY|DECIMAL|NUMERIC|IDENTITY|RAISERROR)\b|\|\||::|`"
)
RESERVED = """
add all alter and any as asc authorization backup begin between break browse bulk by cascade case check
checkpoint close clustered coalesce collate column commit compute constraint contains continue convert
create cross current cursor database deallocate declare default delete deny desc disk distinct distributed
double drop dump else end errlvl escape except exec execute exists exit external fetch file fillfactor for
foreign freetext from full function goto grant group having holdlock identity if in index inner insert
intersect into is join key kill left like lineno load merge national nocheck nonclustered not null nullif of
off offsets on open option or order outer over percent pivot plan precision primary print proc procedure
public raiserror read readtext reconfigure references replication restore restrict return revert revoke
right rollback rowcount rowguidcol rule save schema select set setuser shutdown some statistics table
tablesample textsize then to top tran transaction trigger truncate tsequal union unique unpivot update
updatetext use user values varying view waitfor when where while with within writetext
""".split()  # noqa: SIM905 - Microsoft's list, to be compared with it


def code(sql: str) -> str:
    return NOT_CODE.sub("''", sql)


def columns_made(sql: str) -> Iterator[Fact]:
    """Those a table is created with, and those it gets later."""
    created = re.findall(r"CREATE TABLE dbo\.(\w+) \((.*?)\n\);", sql, re.DOTALL)
    added = re.findall(r"ALTER TABLE dbo\.(\w+) ADD\n(.*?);", sql, re.DOTALL)
    for table, body in (*created, *added):
        for name, null in re.findall(r"(?m)^    ([a-z_\d]+)\s+[A-Z].*?(?<!NOT )\b(NOT NULL|NULL)\b", body):
            yield column(table, name, nullable=null == "NULL")


def t_sql_facts() -> Iterator[Fact]:
    """What the T-SQL migrations make, by the few forms that they are written in; what a later one drops is gone."""
    sql = COMMENT.sub("", "\n".join(T_SQL.values()))
    yield from columns_made(sql)
    for table, body in re.findall(r"CREATE TABLE dbo\.(\w+) \((.*?)\n\);", sql, re.DOTALL):
        for columns in re.findall(r"PRIMARY KEY \w+ \((.*?)\)", body):
            yield key(table, columns.split(", "))
        for name, parent in re.findall(r"FOREIGN KEY \((\w+)\) REFERENCES dbo\.(\w+)", body):
            yield reference(table, name, parent)
        yield from of_table(table, body)
    for table, body in re.findall(r"ALTER TABLE dbo\.(\w+) ADD\b(.*?);", sql, re.DOTALL):
        yield from of_table(table, body)
    for name, table in re.findall(r"CREATE TRIGGER dbo\.(\w+) ON dbo\.(\w+)", sql):
        yield trigger(table, name)
    yield from indexes_left(sql).values()


def of_table(table: str, body: str) -> Iterator[Fact]:
    """The columns and rules in the body of a CREATE TABLE or an ALTER TABLE ... ADD."""
    for name, null in re.findall(r"(?m)^    ([a-z_\d]+)\s+[A-Z].*?(?<!NOT )\b(NOT NULL|NULL)\b", body):
        yield column(table, name, nullable=null == "NULL")
    for rule in checks_in(body):
        yield check(table, rule)


def indexes_left(sql: str) -> dict[tuple[str, str], Fact]:
    """The indexes made and not dropped, in the order of the files; a later one of the same name replaces nothing."""
    left: dict[tuple[str, str], Fact] = {}
    made = r"CREATE (UNIQUE )?NONCLUSTERED INDEX (\w+) ON dbo\.(\w+) \((.*?)\)(?:\s+WHERE (.*?))?;"
    dropped = r"DROP INDEX (\w+) ON dbo\.(\w+);"
    for found in re.finditer(f"{made}|{dropped}", sql, re.DOTALL):
        unique, name, table, columns, predicate, old, of = found.groups()
        if old:
            del left[of, old]
            continue
        assert (table, name) not in left, f"{name} is made twice"
        left[table, name] = index(table, name, columns.split(", "), unique=bool(unique), predicate=predicate or "")
    return left


class TestBothEngines:
    def test_have_the_same_files(self) -> None:
        assert set(T_SQL) == SQLITE

    async def test_have_the_same_tables_columns_keys_rules_indexes_and_triggers(self) -> None:
        t_sql, sqlite = set(t_sql_facts()), await planned()

        assert sorted(map(str, t_sql - sqlite)) == sorted(map(str, sqlite - t_sql)) == []

    async def test_have_so_many_facts_that_none_was_overlooked(self) -> None:
        kinds = [fact.kind for fact in await planned()]

        assert {kind: kinds.count(kind) for kind in set(kinds)} == {
            "column": 210, "check": 65, "index": 29, "unique index": 3, "primary key": 20, "reference": 8, "trigger": 8,
        }  # fmt: skip

    def test_name_the_same_unique_rules(self) -> None:
        by_columns = {rule for name, rule in RULES.items() if "." in name}
        by_name = {name: rule for name, rule in RULES.items() if "." not in name}
        t_sql = "\n".join(T_SQL.values())

        assert set(by_name.values()) == by_columns
        assert all(re.search(rf"\b{name}\b (ON|PRIMARY KEY)", t_sql) for name in by_name)


class TestMigrations:
    @pytest.mark.parametrize("name", T_SQL)
    def test_give_each_text_a_length_and_a_binary_collation(self, name: str) -> None:
        texts = re.findall(r"(?i)\bN?(?:VAR)?CHAR\b[^,\n]*", code(T_SQL[name]))

        assert texts or "CREATE TABLE" not in T_SQL[name]
        for text in texts:
            assert re.match(r"NVARCHAR\((\d+|MAX)\)\s+COLLATE Latin1_General_100_BIN2 (NOT )?NULL", text), text

    @pytest.mark.parametrize("name", T_SQL)
    def test_have_only_literals_in_filtered_indexes(self, name: str) -> None:
        for predicate in PREDICATE.findall(COMMENT.sub("", T_SQL[name])):
            literal = r"N'\w+'"
            term = rf"\w+ (= {literal}|IN \({literal}(, {literal})*\)|IS NULL|IS NOT NULL)"
            assert re.fullmatch(rf"{term}( AND {term})*", predicate.strip()), predicate

    def test_have_filtered_indexes_that_were_not_overlooked(self) -> None:
        left = [fact for fact in t_sql_facts() if "index" in fact.kind and " where " in fact.detail]
        dropped = [name for sql in T_SQL.values() for name in re.findall(r"DROP INDEX (\w+)", sql)]

        found = [each for sql in T_SQL.values() for each in PREDICATE.findall(COMMENT.sub("", sql))]

        assert len(found) == len(left) + len(dropped)

    @pytest.mark.parametrize("name", T_SQL)
    def test_name_every_constraint_and_say_how_every_index_lies(self, name: str) -> None:
        sql = code(T_SQL[name])

        kinds = r"(?:CHECK|PRIMARY KEY|FOREIGN KEY|UNIQUE|DEFAULT)\b(?! NONCLUSTERED INDEX)"
        named = re.findall(rf"CONSTRAINT \w+\s+{kinds}", sql)
        assert len(named) == len(re.findall(rf"\b{kinds}", sql))
        assert not re.search(r"PRIMARY KEY (?!CLUSTERED|NONCLUSTERED)", sql)
        assert not re.search(r"CREATE (UNIQUE )?INDEX", sql)

    @pytest.mark.parametrize("name", T_SQL)
    def test_use_no_reserved_word_as_a_name(self, name: str) -> None:
        names = re.findall(r"(?m)^    ([a-z_\d]+) +[A-Z]|TABLE dbo\.(\w+)|CONSTRAINT (\w+)|INDEX (\w+)", T_SQL[name])

        assert {word for found in names for word in found}.isdisjoint(RESERVED)

    @pytest.mark.parametrize("name", T_SQL)
    def test_throw_no_number_of_a_guard(self, name: str) -> None:
        assert {int(number) for number in re.findall(r"THROW (\d+)", T_SQL[name])} <= set(range(50_000, 51_000))

    @pytest.mark.parametrize("name", T_SQL)
    def test_begin_a_batch_with_each_trigger(self, name: str) -> None:
        for batch in re.split(r"(?m)^GO$", COMMENT.sub("", T_SQL[name])):
            assert "CREATE TRIGGER" not in batch.strip()[1:]


class TestAllTSql:
    @pytest.mark.parametrize(("name", "sql"), ALL_T_SQL.items(), ids=ALL_T_SQL)
    def test_uses_nothing_that_is_forbidden_or_not_portable(self, name: str, sql: str) -> None:
        assert FORBIDDEN.findall(code(sql)) == []

    @pytest.mark.parametrize(("name", "sql"), ALL_T_SQL.items(), ids=ALL_T_SQL)
    def test_can_be_parsed(self, name: str, sql: str) -> None:
        """A lint alone: what is sent is never what a transpiler makes."""
        parts = [part for part in re.split(r"(?m)^GO$", FRAME.sub("", COMMENT.sub("", sql))) if "TRIGGER" not in part]
        for statement in filter(str.strip, ";\n".join(parts).split(";\n")):
            [parsed] = sqlglot.parse(statement, dialect="tsql")
            assert not isinstance(parsed, exp.Command), statement


class TestWords:
    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("mode = 'live' AND state IN ('a', 'b')", "([mode]=N'live' AND [state] IN (N'b', N'a'))"),
            ("amount_minor BETWEEN 1 AND 99999999999", "([amount_minor]>=(1) AND [amount_minor]<=(99999999999.))"),
            ("state IN ('a', 'b')", "([state]='b' OR [state]='a')"),
            ("json_valid(metadata)", "(isjson([metadata])=(1))"),
            ("length(currency) = 3", "(len([currency])=(3))"),
            ("(p IS NULL) <> (r IS NULL)", "([p] IS NULL AND [r] IS NOT NULL OR [p] IS NOT NULL AND [r] IS NULL)"),
        ],
    )
    def test_are_the_same_for_the_same_rule(self, ours: str, theirs: str) -> None:
        assert words(ours) == words(theirs)

    def test_are_others_for_another_rule(self) -> None:
        assert len({words(rule) for rule in ("state = 'a'", "state = 'b'", "mode = 'a'", "state IN ('a', 'b')")}) == 4
