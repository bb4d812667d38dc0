"""Requests signed with a shared key (`IC-HMAC-SHA256`): what is signed, and who signed it. docs/hmac-signature.md."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.auth.caller import Caller
from shared.auth.canonical_url import canonical_path, canonical_query, path_and_query
from shared.payments.errors import Unauthenticated
from shared.payments.secret import Secret

__all__ = [
    "SCHEME",
    "HmacKey",
    "HmacVerifier",
    "Signature",
    "canonical_path",
    "canonical_query",
    "parse",
    "sign",
    "string_to_sign",
]

SCHEME: Final = "IC-HMAC-SHA256"
# The contract's window, either way: clocks differ, and a recorded request must not live long.
TOLERANCE_S: Final = 300
# As long as the digest: shorter is weaker, longer is hashed down.
KEY_BYTES: Final = 32
# Four parts of at most 64 characters, their names and the scheme: about 230. What is longer is not looked at.
HEADER_LENGTH_MAX: Final = 512

_PARTS: Final[Mapping[str, re.Pattern[str]]] = {
    "keyId": re.compile(r"[A-Za-z0-9._-]{1,64}"),
    # No leading zero, so that the number has one spelling; 12 digits outlast the calendar.
    "timestamp": re.compile(r"[1-9][0-9]{0,11}"),
    # How random it is, is the caller's care: a short one only makes its own requests collide.
    "nonce": re.compile(r"[A-Za-z0-9_-]{1,64}"),
    "signature": re.compile(r"[0-9a-f]{64}"),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """The four parts of a well-formed header. `timestamp` is in epoch seconds."""

    key_id: str
    timestamp: int
    nonce: str
    signature: str


class HmacKey(NamedTuple):
    """A caller's key (base64 of 32 bytes), and what who signs with it may do. `billers` None means every biller."""

    key: Secret
    caller: str
    roles: frozenset[str]
    billers: frozenset[str] | None


def parse(header: str) -> Signature:
    """
    The parts of an Authorization header: exactly these four, once each, in any order, one space after a comma at most.

    Raises Unauthenticated, whose reason names what is wrong and quotes nothing.
    """
    scheme, _, text = header.partition(" ")
    if scheme.upper() != SCHEME or len(header) > HEADER_LENGTH_MAX:
        raise Unauthenticated("hmac: header malformed")
    parts: dict[str, str] = {}
    for number, part in enumerate(text.split(",")):
        name, _, value = (part.removeprefix(" ") if number else part).partition("=")
        if name not in _PARTS or name in parts:
            raise Unauthenticated("hmac: a part unknown or repeated")
        if not _PARTS[name].fullmatch(value):
            raise Unauthenticated(f"hmac: {name} malformed")
        parts[name] = value
    if len(parts) != len(_PARTS):
        raise Unauthenticated("hmac: a part missing")
    return Signature(parts["keyId"], int(parts["timestamp"]), parts["nonce"], parts["signature"])


def string_to_sign(method: str, path: str, query: str, timestamp: int, nonce: str, body: bytes) -> bytes:
    """What is signed: six lines joined by line feeds, nothing trailing. Raises ValueError for a lone surrogate."""
    digest = hashlib.sha256(body).hexdigest()
    lines = (method.upper(), canonical_path(path), canonical_query(query), str(timestamp), nonce, digest)
    return "\n".join(lines).encode()


def sign(key: Secret, text: bytes) -> str:
    """The signature in lower-case hex. Raises ValueError for a key that is not strict base64 of 32 bytes."""
    return _keyed(_key_bytes(key), text)


class HmacVerifier:
    """
    Tells who signed a request. A caller rotates by having two keys here for a while, each under its own key id.

    Whether a nonce was seen before is the database's to say: the Caller carries key id and nonce to the use case.
    Raises ValueError for a key that is not strict base64 of 32 bytes.
    """

    def __init__(self, callers: Mapping[str, HmacKey], now_s: Callable[[], float]) -> None:
        self._callers = dict(callers)
        self._keys = {key_id: _key_bytes(entry.key) for key_id, entry in callers.items()}
        # An unknown key id costs what a known one costs, so that timing does not list them.
        self._decoy = secrets.token_bytes(KEY_BYTES)
        self._now_s = now_s

    def verify(self, header: str, method: str, url: str, body: bytes) -> Caller:
        """Who sent this. `url` is absolute or a request target. Raises Unauthenticated."""
        given = parse(header)
        path, query = path_and_query(url)
        try:
            text = string_to_sign(method, path, query, given.timestamp, given.nonce, body)
        except ValueError:
            raise Unauthenticated("hmac: the URL is not UTF-8") from None
        expected = _keyed(self._keys.get(given.key_id, self._decoy), text)
        matches = hmac.compare_digest(expected, given.signature)
        entry = self._callers.get(given.key_id)
        if entry is None:
            raise Unauthenticated("hmac: unknown key id")
        if not matches:
            raise Unauthenticated(f"hmac: wrong signature under key {given.key_id}")
        if abs(self._now_s() - given.timestamp) > TOLERANCE_S:
            raise Unauthenticated(f"hmac: timestamp more than {TOLERANCE_S} s away")
        return Caller(entry.caller, entry.roles, entry.billers, given.key_id, given.nonce)


def _keyed(key: bytes, text: bytes) -> str:
    return hmac.digest(key, text, "sha256").hex()


def _key_bytes(key: Secret) -> bytes:
    try:
        decoded = base64.b64decode(key.reveal().encode("ascii"), validate=True)
    except ValueError:
        raise ValueError("a signing key must be base64 without a BOM, white space or line ends") from None
    if len(decoded) != KEY_BYTES:
        raise ValueError(f"a signing key must be {KEY_BYTES} bytes in base64")
    return decoded
