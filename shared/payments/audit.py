"""
The chain that seals a payment's history: each row's MAC covers its content and its predecessor's MAC.

Who may write to the database but has no key can make no MAC: what he edits, adds, moves or removes is found by
audit_verification.py. The head, on the payment's row, seals how long the chain is; anchor.py keeps that elsewhere.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from shared.payments.mac import hmac_sha256
from shared.payments.secret import Secret

# What a MAC covers of a row, in this order; a test holds the database's columns to it.
SEALED: Final = ("payment_id", "sequence", "event", "from_state", "to_state", "actor", "at", "operation_id", "detail")

Values = tuple[object, ...]
"""A row's columns as they are stored, in the order of SEALED."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Named keys of 32 bytes, never shown. The first makes new MACs; the others still verify old ones."""

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def of(cls, keys: Mapping[str, Secret]) -> Self:
        """From the setting AUDIT_KEYS: name -> base64."""
        return cls({name: base64.b64decode(key.reveal()) for name, key in keys.items()})

    @property
    def current(self) -> str:
        return next(iter(self.keys))


@dataclass(frozen=True, slots=True)
class Seal:
    """A MAC in hex, and the name of the key that made it."""

    mac: str
    key: str


def packed(*parts: object) -> bytes:
    """
    `parts` as bytes from which no other parts could have been made: for each its kind, its length, its bytes.

    Kinds: `s` a text in UTF-8, `n` nothing (NULL), `o` anything else, a whole number in decimal digits among it.
    """
    made: list[bytes] = []
    for part in parts:
        if isinstance(part, str):
            # A text that somebody else wrote may be none of UTF-8's; it is judged all the same.
            kind, data = b"s", part.encode("utf-8", "surrogatepass")
        elif part is None:
            kind, data = b"n", b""
        else:
            kind, data = b"o", repr(part).encode("utf-8", "backslashreplace")
        made += (kind, len(data).to_bytes(8, "big"), data)
    return b"".join(made)


def genesis(payment_id: str) -> str:
    """What stands before the first row: no other payment's, so a chain cannot be moved to another payment."""
    return f"history of {payment_id}"


def link(previous: str, content: bytes, key: bytes) -> str:
    """The MAC of a row with that `content` (`packed`) after the row whose MAC is `previous`."""
    return hmac_sha256(key, packed("history entry", previous) + content)


def head_mac(payment_id: str, length: object, last: object, key: bytes) -> str:
    """The MAC of a chain's head. Without it a tail could be cut off and the stored length be lowered with it."""
    return hmac_sha256(key, packed("history head", payment_id, length, last))


class Chain:
    """Makes seals, under the current key."""

    def __init__(self, keyring: Keyring) -> None:
        self._name = keyring.current
        self._key = keyring.keys[self._name]

    def seals(self, payment_id: str, entries: Iterable[tuple[Values, Seal | None]]) -> list[Seal]:
        """
        A seal for each entry of a payment's whole history, the oldest first; one that has a seal keeps it.

        An entry without one is linked under the current key: it is new, or it was stored by this very process, which
        has made the same seal of it before.
        """
        previous, seals = genesis(payment_id), list[Seal]()
        for values, seal in entries:
            made = seal or Seal(link(previous, packed(*values), self._key), self._name)
            seals.append(made)
            previous = made.mac
        return seals

    def head(self, payment_id: str, seals: list[Seal]) -> Seal:
        """The head of a payment whose whole history has those seals."""
        return Seal(head_mac(payment_id, len(seals), seals[-1].mac, self._key), self._name)
