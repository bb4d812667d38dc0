"""
A daily anchor: how long the chain of each payment touched that day was, kept where nobody can change it.

As text it is lines of JSON: a head (day, key), a leaf for each payment (id, length, MAC of its last row), and an end
with the counts and the root, a MAC over everything before it. Payments may grow after; they may not shrink or change.
"""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from shared.payments.audit import Keyring, packed
from shared.payments.audit_verification import Kind, SealedPayment


@dataclass(frozen=True, slots=True)
class Leaf:
    """A payment's chain, as it was: `mac` is that of row `length`."""

    payment_id: str
    length: int
    mac: str

    @property
    def line(self) -> str:
        return json.dumps([self.payment_id, self.length, self.mac])


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a day's leaves come to. `root` is in hex, `key` the name of the key that made it."""

    day: date
    payments: int
    entries: int
    root: str
    key: str

    @property
    def end(self) -> str:
        return json.dumps({"payments": self.payments, "entries": self.entries, "root": self.root})


class AnchorBroken(Exception):
    """The text is not an anchor that one of our keys made. It names no value."""


class AnchorStoreUnavailable(Exception):
    """The store could not be asked, or did not take it: the next run tries again."""


class RunningAnchor:
    """An anchor on its way: leaf after leaf, in constant memory."""

    def __init__(self, day: date, key: str, keyring: Keyring) -> None:
        self._day, self._key = day, key
        self._payments = self._entries = 0
        self._root = hmac.new(keyring.keys[key], packed("audit anchor", day.isoformat()), "sha256")

    @classmethod
    def begun(cls, line: str, keyring: Keyring) -> Self:
        """From the head of a text. Raises AnchorBroken."""
        try:
            head = json.loads(line)
            return cls(date.fromisoformat(head["day"]), head["key"], keyring)
        except (ValueError, KeyError, TypeError):
            raise AnchorBroken("its head is none of ours, or its key is not among AUDIT_KEYS") from None

    @property
    def head(self) -> str:
        return json.dumps({"day": self._day.isoformat(), "key": self._key})

    def add(self, leaf: Leaf) -> None:
        self._payments += 1
        self._entries += leaf.length
        self._root.update(packed(leaf.payment_id, leaf.length, leaf.mac))

    def ended(self) -> Anchor:
        """The anchor of the leaves so far."""
        root = self._root.copy()
        root.update(packed("end", self._payments, self._entries))
        return Anchor(self._day, self._payments, self._entries, root.hexdigest(), self._key)


def anchor_of(day: date, leaves: Iterable[Leaf], keyring: Keyring) -> Anchor:
    """The anchor of `leaves` under the current key."""
    running = RunningAnchor(day, keyring.current, keyring)
    for leaf in leaves:
        running.add(leaf)
    return running.ended()


def leaf_in(line: str) -> Leaf | None:
    """The leaf of a line; None where it is the end. Raises AnchorBroken."""
    try:
        read: Any = json.loads(line)
    except ValueError:
        raise AnchorBroken("a line is not JSON") from None
    match read:
        case [str(payment_id), int(length), str(mac)]:
            return Leaf(payment_id, length, mac)
        case {"root": _}:
            return None
    raise AnchorBroken("a line is neither a leaf nor the end")


def leaf_of(payment: SealedPayment) -> Leaf | None:
    """What an anchor keeps of a payment: the end of its chain. None where nothing of it is sealed there."""
    if not payment.rows or payment.rows[-1].mac is None:
        return None
    return Leaf(payment.id, payment.rows[-1].sequence, str(payment.rows[-1].mac))


@dataclass(frozen=True, slots=True)
class Touched:
    """Payments last changed at or after `since` and before `before`, from behind `after` (time as stored, id)."""

    since: datetime
    before: datetime
    after: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database has now where a leaf points: whether there is such a payment, such a row, and its MAC."""

    payment: bool
    row: bool
    mac: object = None


def verify_leaf(leaf: Leaf, now: Standing) -> Kind | None:
    """Whether what was anchored still stands; the rows before it hang on it by their chain."""
    if not now.payment:
        return Kind.MISSING_PAYMENT
    if not now.row:
        return Kind.SHORTENED
    return None if now.mac == leaf.mac else Kind.REWRITTEN
