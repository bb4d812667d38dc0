"""
`python -m shared.database.invariants`: the invariants of money as questions to the database, for production too.

Only reads, and all from one snapshot; same settings as shared/database/check.py, but no migration is applied. For each
question (invariant_questions.py says what they are) it prints how many payments or messages offend, and the ids of the
first twenty. What is only to be known (`note`) counts for nothing. Exit 1 where an invariant is violated, 2 where it
could not be asked.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from shared.database.invariant_questions import INVARIANTS, Invariant
from shared.database.sqlite import SqliteEngine
from shared.database.sqlserver import SqlServerEngine
from shared.database.sqlserver_login import Credential, odbc_login
from shared.database.unit_of_work import DatabaseError, Engine
from shared.payments.secret import Secret

SHOWN_MAX: Final = 20

_USAGE: Final = "nothing to ask: set SQL_CONNECTION_STRING (SQL Server), or SQLITE_PATH (the embedded database)\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """The ids that offend, in order."""

    invariant: Invariant
    ids: Sequence[str]


async def ask(engine: Engine, now: datetime) -> list[Answer]:
    """Every invariant of the database that `engine` opens; nothing is written. Raises DatabaseError."""
    found = await engine.read([invariant.query(now) for invariant in INVARIANTS])
    return [Answer(invariant, [str(row[0]) for row in rows]) for invariant, rows in zip(INVARIANTS, found, strict=True)]


async def asked(environ: Mapping[str, str]) -> list[Answer] | None:
    """
    The same of the database that `environ` names; None where it names none.

    Raises DatabaseError, FileNotFoundError, or ValueError for a connection string that cannot work.
    """
    engine = _named(environ)
    if engine is None:
        return None
    try:
        return await ask(engine, datetime.now(UTC))
    finally:
        await engine.close()


def _named(environ: Mapping[str, str]) -> Engine | None:
    if text := environ.get("SQL_CONNECTION_STRING"):
        credential: Credential = "entra" if environ.get("SQL_CREDENTIAL") == "entra" else "string"
        return SqlServerEngine(odbc_login(Secret(text), credential=credential), constraints={})
    if path := environ.get("SQLITE_PATH"):
        if not os.path.exists(path):
            raise FileNotFoundError(f"there is no database at {path}")
        return SqliteEngine(path, constraints={})
    return None


def main(environ: Mapping[str, str], write: Callable[[str], object]) -> int:
    """Print the report; what the process exits with."""
    try:
        answers = asyncio.run(asked(environ))
    except (DatabaseError, FileNotFoundError, ValueError) as error:
        write(f"not asked: {error}\n")
        return 2
    if answers is None:
        write(_USAGE)
        return 2
    for answer in answers:
        write(_line(answer))
    violated = sum(bool(answer.ids) for answer in answers if not answer.invariant.note)
    write(f"{len(answers)} asked, {violated} violated\n")
    return 1 if violated else 0


def _line(answer: Answer) -> str:
    invariant, ids = answer.invariant, answer.ids
    if not ids:
        return f"{'ok':8} {invariant.name}\n"
    shown = " ".join(ids[:SHOWN_MAX]) + (" ..." if len(ids) > SHOWN_MAX else "")
    return f"{'note' if invariant.note else 'VIOLATED':8} {invariant.name} {len(ids)}: {shown}\n"


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.stdout.write))
