"""Reads both sides, prints what differs. Exit 1 where something does, 2 where it could not be checked."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from local.environment import SIMULATOR_PORT, data_dir, port
from local.ledger_check.comparison import Comparison, Difference, compared
from local.ledger_check.reading import CannotCheck, chase_books, kept_payments, local_now
from local.refusal import CannotStart
from shared.database.unit_of_work import DatabaseError
from shared.settings import SettingsError


async def main(environ: Mapping[str, str], write: Callable[[str], object]) -> int:
    """Print the report; what the process exits with."""
    try:
        found, where = await _steady(environ)
    except (CannotCheck, CannotStart, DatabaseError, SettingsError, ValueError) as error:
        write(f"not checked: {error}\n")
        return 2
    write(report(found, where))
    return 1 if found.differences else 0


async def _steady(environ: Mapping[str, str]) -> tuple[Comparison, str]:
    """The sides are read one after the other while the service works: what differs must differ twice."""
    first, where = await _once(environ)
    if not first.differences:
        return first, where
    again, where = await _once(environ)
    before = {(each.payment_id, each.what) for each in first.differences}
    both = tuple(each for each in again.differences if (each.payment_id, each.what) in before)
    return replace(again, differences=both), where


async def _once(environ: Mapping[str, str]) -> tuple[Comparison, str]:
    if environ.get("SQL_CONNECTION_STRING"):
        raise CannotCheck("SQL_CONNECTION_STRING is set, and this check reads the embedded database (SQLITE_PATH)")
    directory = data_dir(environ)
    payments = await kept_payments(Path(environ.get("SQLITE_PATH") or directory / "payments.sqlite3"))
    books, where = await chase_books(directory, port(environ, "CHASE_SIMULATOR_PORT", SIMULATOR_PORT))
    embedded = not environ.get("LEDGER_URL")
    return compared(payments, books, now=local_now(directory), embedded=embedded), where


def report(found: Comparison, where: str) -> str:
    """As text for a person: a table of what differs, then what waits, then the count."""
    differences = len(found.differences)
    counted = f"{differences} difference{'' if differences == 1 else 's'}"
    lines = [
        *_table("payment", found.differences),
        *_table("waiting for Chase's word", found.waiting),
        *([f"{found.strangers} in Chase's books are of no payment here"] if found.strangers else []),
        f"{found.payments} payments, {found.postings} postings against {where}: {counted}",
    ]
    return "\n".join(lines) + "\n"


def _table(title: str, differences: Iterable[Difference]) -> list[str]:
    rows = [(each.payment_id, each.what, each.ours, each.theirs) for each in differences]
    if not rows:
        return []
    rows.insert(0, (title, "what", "ours", "should be"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)) for row in rows]


if __name__ == "__main__":
    sys.exit(asyncio.run(main(os.environ, sys.stdout.write)))
