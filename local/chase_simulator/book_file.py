"""The books' SQLite file: its tables, and how a file of an earlier version becomes one of today's."""

import sqlite3
from pathlib import Path
from typing import Final

from local.refusal import CannotStart

# PRAGMA user_version of a file with the tables below. 1 knew only payments, and left the pragma at 0.
VERSION: Final = 2

# A payment's and a refund's request is in `requests` too, with what was answered.
_SCHEMA: Final = """
CREATE TABLE payments (
    position              INTEGER PRIMARY KEY,
    transaction_id        TEXT NOT NULL UNIQUE,
    request_id            TEXT NOT NULL,
    merchant_id           TEXT NOT NULL,
    environment           TEXT NOT NULL CHECK (environment IN ('live', 'test')),
    approved              INTEGER NOT NULL,
    state                 TEXT NOT NULL,
    amount                INTEGER NOT NULL,
    currency              TEXT NOT NULL,
    merchant_order_number TEXT,
    recorded_at           TEXT NOT NULL,
    captures_at           TEXT,
    said                  TEXT NOT NULL,
    captured              INTEGER NOT NULL,
    refunded              INTEGER NOT NULL,
    voided                INTEGER NOT NULL,
    UNIQUE (merchant_id, request_id),
    CHECK (0 <= refunded AND refunded <= captured AND captured <= amount)
);
CREATE TABLE refunds (
    position       INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL UNIQUE,
    request_id     TEXT NOT NULL,
    merchant_id    TEXT NOT NULL,
    payment_id     TEXT NOT NULL REFERENCES payments (transaction_id),
    approved       INTEGER NOT NULL,
    amount         INTEGER NOT NULL,
    currency       TEXT NOT NULL,
    recorded_at    TEXT NOT NULL,
    said           TEXT NOT NULL,
    UNIQUE (merchant_id, request_id)
);
CREATE INDEX refunds_of_a_payment ON refunds (payment_id);
CREATE TABLE requests (
    merchant_id    TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    operation      TEXT NOT NULL,
    fingerprint    TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    answered       TEXT NOT NULL,
    PRIMARY KEY (merchant_id, request_id)
);
CREATE INDEX requests_of_a_transaction ON requests (transaction_id);
CREATE TABLE assertions (
    client_id  TEXT NOT NULL,
    jti        TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (client_id, jti)
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

_FROM_VERSION_1: Final = """
INSERT INTO payments (
    position, transaction_id, request_id, merchant_id, environment, approved, state, amount, currency,
    merchant_order_number, recorded_at, captures_at, said, captured, refunded, voided
) SELECT
    position, transaction_id, request_id, merchant_id, environment, approved, state, amount, currency,
    merchant_order_number, recorded_at, captures_at, first_answer, captured, refunded, voided
FROM transactions;
INSERT INTO requests (merchant_id, request_id, operation, fingerprint, transaction_id, answered)
SELECT merchant_id, request_id, 'payment', fingerprint, transaction_id, first_answer FROM transactions;
DROP TABLE transactions;
"""


def open_book_file(path: Path | str) -> sqlite3.Connection:
    """
    The file, made or brought up to today's tables: what an earlier version wrote is kept.

    Raises CannotStart for a file that a later version wrote, or that is no database; it is left as it is.
    """
    if str(path) != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    file.row_factory = sqlite3.Row
    try:
        _bring_up(file, path)
    except BaseException as error:
        file.close()
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            raise CannotStart(f"{path} holds no books of the Chase simulator ({error}). {_WAY_OUT}") from None
        raise
    return file


_WAY_OUT: Final = "Move the file away, or name another LOCAL_DATA_DIR."


def _bring_up(file: sqlite3.Connection, path: Path | str) -> None:
    version = file.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise CannotStart(f"{path} was written by a later version of the Chase simulator. {_WAY_OUT}")
    # What is committed survives the process (kill -9), though not a loss of power.
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")
    file.execute("PRAGMA foreign_keys = ON")
    if version < VERSION:
        older = file.execute("SELECT 1 FROM sqlite_schema WHERE name = 'transactions'").fetchone() is not None
        # One script, one commit: a process killed meanwhile leaves the file as it was.
        steps = _SCHEMA + (_FROM_VERSION_1 if older else "")
        file.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {VERSION}; COMMIT;")
