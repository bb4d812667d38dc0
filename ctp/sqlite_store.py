"""Attempts in one SQLite file: WAL, every commit on disk before it returns, one row an attempt."""

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ctp.attempt import HOLDS_BILL, OPEN, Attempt, Bill, Control, GivingUp, Phase, Processor, Report
from ctp.store import ChangedMeanwhile

# Another process may be writing; its commit takes milliseconds.
_BUSY_TIMEOUT_S: Final = 10.0


def _listed(phases: frozenset[Phase]) -> str:
    return ", ".join(f"'{phase}'" for phase in sorted(phases))


# Each entry is one transaction; `user_version` counts those that were made. Add at the end, change none.
_MIGRATIONS: Final = (
    f"""
    CREATE TABLE attempts (
      attempt_id TEXT PRIMARY KEY NOT NULL, biller_id TEXT NOT NULL, reference TEXT NOT NULL, method TEXT NOT NULL,
      amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), currency TEXT NOT NULL,
      phase TEXT NOT NULL, reason TEXT NOT NULL CHECK (reason <> ''),
      created_at TEXT NOT NULL, due_at TEXT NOT NULL, version INTEGER NOT NULL,
      mode TEXT, giving_up TEXT, tries INTEGER NOT NULL, processor TEXT, payment_id TEXT,
      payment_state TEXT, other_payment_id TEXT, control TEXT, report TEXT NOT NULL, report_tries INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX attempts_bill ON attempts (biller_id, reference) WHERE phase IN ({_listed(HOLDS_BILL)});
    CREATE INDEX attempts_open ON attempts (due_at) WHERE phase IN ({_listed(OPEN)});
    CREATE INDEX attempts_report_due ON attempts (due_at) WHERE report = 'due';
    """,
)
_COLUMNS: Final = (
    "attempt_id, biller_id, reference, method, amount_minor, currency, phase, reason, created_at, due_at, version,"
    " mode, giving_up, tries, processor, payment_id, payment_state, other_payment_id, control, report, report_tries"
)
_NAMES: Final = _COLUMNS.replace(" ", "").split(",")
_INSERT: Final = f"INSERT INTO attempts ({_COLUMNS}) VALUES ({', '.join('?' for _ in _NAMES)})"
_UPDATE: Final = (
    f"UPDATE attempts SET {', '.join(f'{name} = ?' for name in _NAMES)} WHERE attempt_id = ? AND version = ?"
)
_SELECT: Final = f"SELECT {_COLUMNS} FROM attempts"


class SqliteAttempts:
    """
    An AttemptStore in the file `path` (`:memory:` for tests). One connection, used by one thread at a time.

    Raises sqlite3.Error where the file cannot be read or written: nothing was allowed, and nothing is done.
    """

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # WAL alone may lose the last commits at a power cut; a lost row here could be a second charge.
        self._connection.execute("PRAGMA synchronous = FULL")
        self._migrate()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def begin(self, attempt: Attempt) -> Attempt:
        with self._lock:
            try:
                self._connection.execute(_INSERT, _row(attempt))
            except sqlite3.IntegrityError:
                return self._standing(attempt)
        return attempt

    def get(self, attempt_id: str) -> Attempt | None:
        return next(iter(self._read(f"{_SELECT} WHERE attempt_id = ?", attempt_id)), None)

    def replace(self, before: Attempt, after: Attempt) -> None:
        with self._lock:
            written = self._connection.execute(_UPDATE, (*_row(after), before.id, before.version)).rowcount
        if written != 1:
            raise ChangedMeanwhile(before.id)

    def open_attempts(self, due_by: datetime, limit: int) -> Sequence[Attempt]:
        where = f"phase IN ({_listed(OPEN)}) AND due_at <= ? ORDER BY due_at LIMIT ?"
        return self._read(f"{_SELECT} WHERE {where}", _text(due_by), limit)

    def reports_due(self, due_by: datetime, limit: int) -> Sequence[Attempt]:
        where = "report = 'due' AND due_at <= ? ORDER BY due_at LIMIT ?"
        return self._read(f"{_SELECT} WHERE {where}", _text(due_by), limit)

    def reports_due_count(self) -> int:
        with self._lock:
            (count,) = self._connection.execute("SELECT COUNT(*) FROM attempts WHERE report = 'due'").fetchone()
        return int(count)

    def reports(self) -> Mapping[Report, int]:
        sql = "SELECT report, COUNT(*) FROM attempts WHERE report <> 'none' GROUP BY report"
        with self._lock:
            return {Report(report): count for report, count in self._connection.execute(sql)}

    def _standing(self, attempt: Attempt) -> Attempt:
        """What refused the insert: the same id, or the bill's own open or charged attempt."""
        where = f"attempt_id = ? OR (biller_id = ? AND reference = ? AND phase IN ({_listed(HOLDS_BILL)}))"
        of = (attempt.id, attempt.bill.biller_id, attempt.bill.reference)
        rows = self._connection.execute(f"{_SELECT} WHERE {where} ORDER BY attempt_id = ? DESC", (*of, attempt.id))
        row = rows.fetchone()
        if row is None:
            raise ValueError(f"attempt {attempt.id} breaks a rule of the store: check its amount and its fields")
        standing = _attempt(row)
        if (standing.bill.biller_id, standing.bill.reference) != (attempt.bill.biller_id, attempt.bill.reference):
            raise ValueError(f"attempt {attempt.id} is another bill's: an attempt has an id of its own")
        return standing

    def _read(self, sql: str, *parameters: object) -> list[Attempt]:
        with self._lock:
            return [_attempt(row) for row in self._connection.execute(sql, parameters)]

    def _migrate(self) -> None:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            (made,) = self._connection.execute("PRAGMA user_version").fetchone()
            for number, script in enumerate(_MIGRATIONS[made:], start=made + 1):
                for statement in filter(str.strip, script.split(";")):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")
            self._connection.execute("COMMIT")


def _row(attempt: Attempt) -> tuple[Any, ...]:
    bill, control = attempt.bill, attempt.control
    return (
        *(attempt.id, bill.biller_id, bill.reference, bill.method, bill.amount_minor, bill.currency),
        *(attempt.phase, attempt.reason, _text(attempt.created_at), _text(attempt.due_at), attempt.version),
        *(attempt.mode, attempt.giving_up, attempt.tries, attempt.processor, attempt.payment_id),
        *(attempt.payment_state, attempt.other_payment_id, control and json.dumps(control.as_json())),
        *(attempt.report, attempt.report_tries),
    )


def _attempt(row: Sequence[Any]) -> Attempt:
    value = dict(zip(_NAMES, row, strict=True))
    return Attempt(
        id=value["attempt_id"],
        bill=Bill(*(value[name] for name in ("biller_id", "reference", "method", "amount_minor", "currency"))),
        phase=Phase(value["phase"]),
        created_at=datetime.fromisoformat(value["created_at"]),
        due_at=datetime.fromisoformat(value["due_at"]),
        giving_up=value["giving_up"] and GivingUp(value["giving_up"]),
        processor=value["processor"] and Processor(value["processor"]),
        control=value["control"] and Control.from_json(json.loads(value["control"])),
        report=Report(value["report"]),
        **{name: value[name] for name in _AS_THEY_ARE},
    )


_AS_THEY_ARE: Final = (
    *("reason", "version", "mode", "tries", "payment_id", "payment_state", "other_payment_id", "report_tries"),
)


def _text(at: datetime) -> str:
    """UTC with milliseconds, which sorts as it reads."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
