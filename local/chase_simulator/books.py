"""What outlives the process: payments, refunds, requests, tokens and the clock's offset, in one SQLite file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import Row

from local.chase_simulator.book_file import open_book_file
from local.chase_simulator.records import RequestRecord, TokenRecord
from local.chase_simulator.transaction import Refund, Transaction


class Books:
    """The file. A write is committed when its method returns, or, within `writing`, when the block ends well."""

    def __init__(self, path: Path | str) -> None:
        self._file = open_book_file(path)

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All that is written in the block, or, if it raises, nothing of it."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    def add_payment(self, payment: Transaction) -> None:
        self._insert("payments", payment)

    def change_payment(self, payment: Transaction) -> None:
        """What may change of one: state, time of capture, captured and refunded amounts, voided."""
        changed = ("state", "captures_at", "captured", "refunded", "voided")
        update = f"UPDATE payments SET {', '.join(f'{name} = :{name}' for name in changed)}"  # noqa: S608 - our names
        self._file.execute(f"{update} WHERE transaction_id = :transaction_id", _stored(payment))

    def payment(self, merchant_id: str, transaction_id: str) -> Transaction | None:
        row = self._one("payments", merchant_id=merchant_id, transaction_id=transaction_id)
        return None if row is None else _payment(row)

    def payment_by_request(self, merchant_id: str, request_id: str) -> Transaction | None:
        row = self._one("payments", merchant_id=merchant_id, request_id=request_id)
        return None if row is None else _payment(row)

    def approved(self) -> Iterator[Transaction]:
        """The payments that were, oldest first."""
        return map(_payment, self._file.execute("SELECT * FROM payments WHERE approved ORDER BY position").fetchall())

    def add_refund(self, refund: Refund) -> None:
        self._insert("refunds", refund)

    def refund(self, merchant_id: str, transaction_id: str) -> Refund | None:
        row = self._one("refunds", merchant_id=merchant_id, transaction_id=transaction_id)
        return None if row is None else _refund(row)

    def refund_by_request(self, merchant_id: str, request_id: str) -> Refund | None:
        row = self._one("refunds", merchant_id=merchant_id, request_id=request_id)
        return None if row is None else _refund(row)

    def refunds(self, payment_id: str) -> list[Refund]:
        """All tries for this payment, oldest first, declined ones too."""
        select = "SELECT * FROM refunds WHERE payment_id = ? ORDER BY position"
        return [_refund(row) for row in self._file.execute(select, (payment_id,)).fetchall()]

    def add_request(self, request: RequestRecord) -> None:
        self._insert("requests", request)

    def request(self, merchant_id: str, request_id: str) -> RequestRecord | None:
        row = self._one("requests", merchant_id=merchant_id, request_id=request_id)
        return None if row is None else _request(row)

    def request_of(self, merchant_id: str, transaction_id: str, operation: str) -> RequestRecord | None:
        """The one that an answer with this transaction id was given to."""
        row = self._one("requests", merchant_id=merchant_id, transaction_id=transaction_id, operation=operation)
        return None if row is None else _request(row)

    def keep_token(self, token: TokenRecord, *, now: datetime) -> None:
        """Keep a token; those expired by `now` are dropped."""
        self._file.execute("DELETE FROM tokens WHERE expires_at < ?", (now.isoformat(),))
        self._insert("tokens", token)

    def token(self, digest: str) -> TokenRecord | None:
        row = self._one("tokens", digest=digest)
        if row is None:
            return None
        expires_at = datetime.fromisoformat(row["expires_at"])
        return TokenRecord(row["digest"], row["client_id"], row["environment"], expires_at)

    def drop_tokens(self) -> None:
        self._file.execute("DELETE FROM tokens")

    def use_assertion(self, client_id: str, jti: str, *, expires_at: datetime, now: datetime) -> bool:
        """False if this client's assertion was used before. Those expired by `now` are forgotten."""
        self._file.execute("DELETE FROM assertions WHERE expires_at < ?", (now.isoformat(),))
        insert = "INSERT INTO assertions (client_id, jti, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        return self._file.execute(insert, (client_id, jti, expires_at.isoformat())).rowcount == 1

    def load_offset(self) -> timedelta:
        row = self._file.execute("SELECT offset_ms FROM clock").fetchone()
        return timedelta(milliseconds=row[0] if row else 0)

    def save_offset(self, offset: timedelta) -> None:
        row = (offset // timedelta(milliseconds=1),)
        self._file.execute("INSERT OR REPLACE INTO clock (only_row, offset_ms) VALUES (1, ?)", row)

    def _insert(self, table: str, record: Transaction | Refund | RequestRecord | TokenRecord) -> None:
        row = _stored(record)
        names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        self._file.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", row)  # noqa: S608 - our own names

    def _one(self, table: str, **values: str) -> Row | None:
        given = " AND ".join(f"{name} = :{name}" for name in values)
        row: Row | None = self._file.execute(f"SELECT * FROM {table} WHERE {given}", values).fetchone()  # noqa: S608
        return row


def _stored(record: Transaction | Refund | RequestRecord | TokenRecord) -> dict[str, object]:
    return {item.name: _column(getattr(record, item.name)) for item in fields(record)}


def _column(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | None) else json.dumps(value)


def _payment(row: Row) -> Transaction:
    captures_at = row["captures_at"]
    parsed = {
        "approved": bool(row["approved"]),
        "voided": bool(row["voided"]),
        "recorded_at": datetime.fromisoformat(row["recorded_at"]),
        "captures_at": None if captures_at is None else datetime.fromisoformat(captures_at),
        "said": json.loads(row["said"]),
    }
    return Transaction(**{item.name: row[item.name] for item in fields(Transaction)} | parsed)


def _refund(row: Row) -> Refund:
    parsed = {
        "approved": bool(row["approved"]),
        "recorded_at": datetime.fromisoformat(row["recorded_at"]),
        "said": json.loads(row["said"]),
    }
    return Refund(**{item.name: row[item.name] for item in fields(Refund)} | parsed)


def _request(row: Row) -> RequestRecord:
    stored = {item.name: row[item.name] for item in fields(RequestRecord)}
    return RequestRecord(**stored | {"answered": json.loads(row["answered"])})
