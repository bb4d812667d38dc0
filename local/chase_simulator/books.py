"""What outlives the process: transactions, bearer tokens and the clock's offset, in one SQLite file."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from local.chase_simulator.transaction import Transaction

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS transactions (
    position              INTEGER PRIMARY KEY,
    transaction_id        TEXT NOT NULL UNIQUE,
    request_id            TEXT NOT NULL,
    merchant_id           TEXT NOT NULL,
    environment           TEXT NOT NULL CHECK (environment IN ('live', 'test')),
    fingerprint           TEXT NOT NULL,
    approved              INTEGER NOT NULL,
    state                 TEXT NOT NULL,
    amount                INTEGER NOT NULL,
    currency              TEXT NOT NULL,
    merchant_order_number TEXT,
    recorded_at           TEXT NOT NULL,
    captures_at           TEXT,
    first_answer          TEXT NOT NULL,
    captured              INTEGER NOT NULL,
    refunded              INTEGER NOT NULL,
    voided                INTEGER NOT NULL,
    UNIQUE (merchant_id, request_id)
);
CREATE TABLE IF NOT EXISTS tokens (
    digest      TEXT PRIMARY KEY,
    client_id   TEXT NOT NULL,
    environment TEXT NOT NULL,
    expires_at  TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS clock (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    offset_ms INTEGER NOT NULL
);
"""

_INSERT: Final = """
INSERT INTO transactions (
    transaction_id, request_id, merchant_id, environment, fingerprint, approved, state, amount, currency,
    merchant_order_number, recorded_at, captures_at, first_answer, captured, refunded, voided
) VALUES (
    :transaction_id, :request_id, :merchant_id, :environment, :fingerprint, :approved, :state, :amount, :currency,
    :merchant_order_number, :recorded_at, :captures_at, :first_answer, :captured, :refunded, :voided
) ON CONFLICT (merchant_id, request_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A bearer token, by its digest; `expires_at` is real time."""

    digest: str
    client_id: str
    environment: str
    expires_at: datetime


class Books:
    """
    The file. Every write is committed when its method returns.

    WAL with synchronous=NORMAL: what is committed survives the process (kill -9), though not a loss of power.
    """

    def __init__(self, path: Path | str) -> None:
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.row_factory = sqlite3.Row
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.executescript(_SCHEMA)

    def close(self) -> None:
        self._file.close()

    def record(self, transaction: Transaction) -> bool:
        """False if this merchant's request-id is taken; then nothing is written."""
        return self._file.execute(_INSERT, _row(transaction)).rowcount == 1

    def by_id(self, merchant_id: str, transaction_id: str) -> Transaction | None:
        select = "SELECT * FROM transactions WHERE merchant_id = ? AND transaction_id = ?"
        return self._one(select, merchant_id, transaction_id)

    def by_request(self, merchant_id: str, request_id: str) -> Transaction | None:
        select = "SELECT * FROM transactions WHERE merchant_id = ? AND request_id = ?"
        return self._one(select, merchant_id, request_id)

    def approved(self) -> Iterator[Transaction]:
        """Oldest first."""
        rows = self._file.execute("SELECT * FROM transactions WHERE approved ORDER BY position").fetchall()
        return map(_transaction, rows)

    def keep_token(self, token: TokenRecord, *, now: datetime) -> None:
        """Keep a token; those expired by `now` are dropped."""
        self._file.execute("DELETE FROM tokens WHERE expires_at < ?", (now.isoformat(),))
        row = (token.digest, token.client_id, token.environment, token.expires_at.isoformat())
        self._file.execute("INSERT INTO tokens (digest, client_id, environment, expires_at) VALUES (?, ?, ?, ?)", row)

    def token(self, digest: str) -> TokenRecord | None:
        select = "SELECT digest, client_id, environment, expires_at FROM tokens WHERE digest = ?"
        row = self._file.execute(select, (digest,)).fetchone()
        if row is None:
            return None
        expires_at = datetime.fromisoformat(row["expires_at"])
        return TokenRecord(row["digest"], row["client_id"], row["environment"], expires_at)

    def drop_tokens(self) -> None:
        self._file.execute("DELETE FROM tokens")

    def load_offset(self) -> timedelta:
        row = self._file.execute("SELECT offset_ms FROM clock").fetchone()
        return timedelta(milliseconds=row[0] if row else 0)

    def save_offset(self, offset: timedelta) -> None:
        row = (offset // timedelta(milliseconds=1),)
        self._file.execute("INSERT OR REPLACE INTO clock (only_row, offset_ms) VALUES (1, ?)", row)

    def _one(self, select: str, *values: str) -> Transaction | None:
        row = self._file.execute(select, values).fetchone()
        return None if row is None else _transaction(row)


def _row(transaction: Transaction) -> dict[str, object]:
    captures_at = transaction.captures_at
    return {item.name: getattr(transaction, item.name) for item in fields(transaction)} | {
        "recorded_at": transaction.recorded_at.isoformat(),
        "captures_at": None if captures_at is None else captures_at.isoformat(),
        "first_answer": json.dumps(transaction.first_answer),
    }


def _transaction(row: sqlite3.Row) -> Transaction:
    stored = {item.name: row[item.name] for item in fields(Transaction)}
    captures_at = row["captures_at"]
    parsed = {
        "approved": bool(row["approved"]),
        "voided": bool(row["voided"]),
        "recorded_at": datetime.fromisoformat(row["recorded_at"]),
        "captures_at": None if captures_at is None else datetime.fromisoformat(captures_at),
        "first_answer": json.loads(row["first_answer"]),
    }
    return Transaction(**stored | parsed)
