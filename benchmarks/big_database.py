"""
A database that holds as many payments as wanted: one real sale, its rows copied in SQL with ids of their own.

What a sale writes is read from the tables, not listed here, so that a new capability's rows are copied too. The sale is
one that Chase captures at once: nothing in the copies is due, so a service that opens them has nothing to catch up on.
The seals of a copy's history are its model's. It is kept, by size and schema, for the next run.
"""

import asyncio
import hashlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.house import open_house
from benchmarks.processes import ROOT, Stub

FILE: Final = "payments.sqlite3"

_MIGRATIONS: Final = ROOT / "shared" / "database" / "migrations" / "sqlite"
# What makes one sale's rows its own: ids of 32 hex digits (the first 12 a time), UUIDs, the caller's key and bill.
_ID: Final = re.compile(r"(?<![0-9a-f-])[0-9a-f]{32}(?![0-9a-f])")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NAME: Final = re.compile(r"(?:bench|BENCH)-[0-9]{10}")
_NUMBERS: Final = "WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) "
_AT_ONCE: Final = 50_000
# Whoever is interrupted builds anew; what is copied has passed the checks already.
_IN_HASTE: Final = (
    "synchronous=OFF",
    "journal_mode=OFF",
    "foreign_keys=OFF",
    "ignore_check_constraints=ON",
    "cache_size=-400000",
)


def big_database(bench: Bench, payments: int) -> Path:
    """The folder with the keys and the database of so many payments; made now if it is not there."""
    schema = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_MIGRATIONS.iterdir()))).hexdigest()[:12]
    folder = bench.scratch / f"payments-{payments}-{schema}"
    if not (folder / FILE).exists():
        bench.say(f"building a database of {payments} payments")
        with bench.folder() as draft, bench.stub(draft) as stub:
            (draft / "data").mkdir()
            asyncio.run(_one_sale(draft / "data", stub))
            _copy(draft / "data" / FILE, payments - 1)
            shutil.move(draft / "data", folder)
    return folder


def some_ids(folder: Path, wanted: int) -> list[str]:
    """The ids of payments spread evenly over all."""
    with closing(sqlite3.connect(folder / FILE)) as db:
        [payments] = db.execute("SELECT COUNT(*) FROM payments").fetchone()
        numbered = "SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS n FROM payments"
        rows = db.execute(f"SELECT id FROM ({numbered}) WHERE n % ? = 0", (max(1, payments // wanted),))  # noqa: S608
        return [payment_id for (payment_id,) in rows][:wanted]


async def _one_sale(folder: Path, stub: Stub) -> None:
    async with open_house(folder, stub) as house:
        await house.sale(1, "county-tax")
        await asyncio.sleep(0.1)


def _copy(path: Path, copies: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for pragma in _IN_HASTE:
            db.execute(f"PRAGMA {pragma}")
        inserts, indexes = list(_inserts(db)), _indexes(db)
        # Made in one go at the end they cost a third, and are as compact as they would be after years.
        for name in indexes:
            db.execute(f"DROP INDEX {name}")
        for first in range(1, copies + 1, _AT_ONCE):
            numbers = _NUMBERS.format(first=first, last=min(first + _AT_ONCE - 1, copies))
            db.execute("BEGIN")
            for insert, select, values in inserts:
                db.execute(f"{insert} {numbers}{select}", values)
            db.execute("COMMIT")
        for sql in indexes.values():
            db.execute(sql)
        db.execute("PRAGMA journal_mode=WAL")


def _indexes(db: sqlite3.Connection) -> dict[str, str]:
    """Name and text of each index that is not a table's own."""
    return dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))


def _inserts(db: sqlite3.Connection) -> Iterator[tuple[str, str, tuple[object, ...]]]:
    """For each row that the sale wrote: INSERT, SELECT over numbers, and the values in it."""
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        columns = [column for _, column, *_ in db.execute(f"PRAGMA table_info({table})")]
        for row in db.execute(f"SELECT * FROM {table}").fetchall():  # noqa: S608 - names of our own schema
            if any(isinstance(value, str) and _tokens(value) for value in row):
                selected = ", ".join(_copied(value) for value in row)
                yield f"INSERT INTO {table} ({', '.join(columns)})", f"SELECT {selected} FROM numbers", row  # noqa: S608


def _copied(value: object) -> str:
    """`?`, with what is the sale's own in it replaced by what is the n-th copy's."""
    expression = "?"
    for token in _tokens(value) if isinstance(value, str) else ():
        expression = f"replace({expression}, '{token}', {_of_the_copy(token)})"
    return expression


def _tokens(value: str) -> list[str]:
    return sorted({found for pattern in (_ID, _UUID, _NAME) for found in pattern.findall(value)})


def _of_the_copy(token: str) -> str:
    """SQL for the n-th copy's: the same form, and unlike every other's."""
    if _NAME.fullmatch(token):
        return f"printf('{token[:6]}%010d', n + 1)"
    if _UUID.fullmatch(token):
        return f"'{token[:28]}' || printf('%08x', n)"
    # Its first 12 digits are milliseconds: the copies lie before their model, a millisecond apart.
    return f"printf('%012x', {int(token[:12], 16)} - n) || '{token[12:24]}' || printf('%08x', n)"
