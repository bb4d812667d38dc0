"""Whether a payment's history is what was written: every edited, missing, moved or cut row, by its place."""

import hmac
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.payments.audit import Keyring, Values, genesis, head_mac, link, packed

# Where a row that does not fit stood before is searched in so many rows at most: the search grows with their square.
_SEARCH_MAX: Final = 40
_SEQUENCE: Final = 1


class Kind(StrEnum):
    """What is wrong. The first eight are found in the database alone, the rest by the anchors."""

    EDITED = "edited"
    MISSING = "missing"
    REORDERED = "reordered"
    CUT_TAIL = "cut_tail"
    UNKNOWN_KEY = "unknown_key"
    HEAD_MISMATCH = "head_mismatch"
    UNSEALED = "unsealed"
    ORPHANED = "orphaned"
    MISSING_PAYMENT = "missing_payment"
    SHORTENED = "shortened"
    REWRITTEN = "rewritten"
    ANCHOR_MISSING = "anchor_missing"
    ANCHOR_EDITED = "anchor_edited"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, by its place and never by a value. `day` is that of the anchor that told."""

    kind: Kind
    payment_id: str | None = None
    sequence: int | None = None
    day: date | None = None

    def __str__(self) -> str:
        where = [] if self.day is None else [f"anchor {self.day}"]
        where += [] if self.payment_id is None else [self.payment_id]
        where += [] if self.sequence is None else [f"sequence {self.sequence}"]
        return " ".join((f"{self.kind:15}", *where))


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row of the history as it stands in the database, whoever wrote it: nothing about it is believed."""

    values: Values
    mac: object
    key: object

    @property
    def sequence(self) -> int:
        return _number(self.values[_SEQUENCE])

    @property
    def content(self) -> bytes:
        return packed(*self.values)

    def content_at(self, sequence: int) -> bytes:
        """What it would have been made of at another place."""
        return packed(*self.values[:_SEQUENCE], sequence, *self.values[_SEQUENCE + 1 :])


@dataclass(frozen=True, slots=True)
class Head:
    """What the payment's row says of its history: the length, and the MAC over it."""

    length: object
    mac: object
    key: object


@dataclass(frozen=True, slots=True)
class SealedPayment:
    """A payment as far as its history goes; `rows` by sequence. `head` is None where the row has none."""

    id: str
    head: Head | None
    rows: tuple[SealedRow, ...]


def verify_payment(payment: SealedPayment, keyring: Keyring) -> list[Finding]:
    """
    All that is wrong with it, by sequence.

    What only a wider view shows is not found here: a payment that is gone, and one put back to an earlier state of its
    own, head included (anchor.py).
    """
    found = _Walk(payment, keyring).findings()
    tail = _tail(payment, keyring)
    return found if tail is None else [*found, Finding(tail[0], payment.id, tail[1])]


class _Walk:
    """Along the rows. After a wrong one its stored MAC is taken as it is: each wrong row is told once."""

    def __init__(self, payment: SealedPayment, keyring: Keyring) -> None:
        self._payment, self._keyring = payment, keyring
        self._previous: str | None = genesis(payment.id)  # None: it is lost, and what follows it cannot be judged
        self._unsealed: list[bytes] = []  # contents since `_previous`

    def findings(self) -> list[Finding]:
        found, expected = list[Finding](), 1
        for row in self._payment.rows:
            if row.sequence < expected:
                found.append(Finding(Kind.EDITED, self._payment.id, row.sequence))
                continue
            if row.sequence > expected:
                found.append(Finding(Kind.MISSING, self._payment.id, expected))
                self._previous = None
            kind = self._judged(row)
            if kind is not None:
                found.append(Finding(kind, self._payment.id, row.sequence))
            expected = row.sequence + 1
        return found

    def _judged(self, row: SealedRow) -> Kind | None:
        if row.mac is None or row.key is None:
            self._unsealed.append(row.content)
            return Kind.UNSEALED
        previous, self._previous = self._previous, str(row.mac)
        unsealed, self._unsealed = self._unsealed, []
        key = self._keyring.keys.get(str(row.key))
        if key is None:
            return Kind.UNKNOWN_KEY
        if previous is None:
            return None
        for content in unsealed:
            previous = link(previous, content, key)
        if _same(link(previous, row.content, key), row.mac):
            return None
        return Kind.REORDERED if self._stood_elsewhere(row, key) else Kind.EDITED

    def _stood_elsewhere(self, row: SealedRow, key: bytes) -> bool:
        rows = self._payment.rows[:_SEARCH_MAX]
        before = [genesis(self._payment.id), *(str(other.mac) for other in rows)]
        contents = [row.content_at(place) for place in range(1, len(rows) + 2)]
        return any(_same(link(previous, content, key), row.mac) for content in contents for previous in before)


def _tail(payment: SealedPayment, keyring: Keyring) -> tuple[Kind, int] | None:
    """What is wrong with the chain's end, and where."""
    head, last = payment.head, payment.rows[-1] if payment.rows else None
    if head is None:
        if last is None:
            return Kind.MISSING, 1
        return None if last.mac is None else (Kind.HEAD_MISMATCH, last.sequence)
    length, reached = _number(head.length), 0 if last is None else last.sequence
    if reached < length:
        return Kind.CUT_TAIL, reached + 1
    key = keyring.keys.get(str(head.key))
    if key is None:
        return Kind.UNKNOWN_KEY, length
    if last is None or reached > length or not _same(head_mac(payment.id, length, last.mac, key), head.mac):
        return Kind.HEAD_MISMATCH, length
    return None


def _number(value: object) -> int:
    """SQLite keeps a text in a column of numbers, if somebody puts one there."""
    return value if isinstance(value, int) else -1


def _same(made: str, stored: object) -> bool:
    return hmac.compare_digest(made.encode(), str(stored).encode("utf-8", "surrogatepass"))
