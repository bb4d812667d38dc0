"""Who CTP is, told to the service: a bearer token, or a signature of each request. docs/hmac-signature.md."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from ctp.canonical_url import canonical_path_and_query

SCHEME: Final = "IC-HMAC-SHA256"
_KEY_BYTES: Final = 32


class Auth(Protocol):
    """Headers that say who calls. Asked anew for every try, inside the time the call has."""

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]: ...


class BearerAuth:
    """An Entra ID access token. `token` is called for every request: let it cache, and refresh before expiry."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token()}"}


class HmacAuth:
    """
    Signs each request with a shared key: `key` is base64 of 32 bytes, without BOM, white space or line end.

    `now_s` in epoch seconds. Raises ValueError for another key, which would sign without complaint and match nothing.
    """

    def __init__(
        self,
        key_id: str,
        key: str,
        *,
        now_s: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: secrets.token_urlsafe(18),
    ) -> None:
        self._key_id, self._key, self._now_s, self._nonce = key_id, _key_bytes(key), now_s, nonce

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        timestamp, nonce = str(int(self._now_s())), self._nonce()
        text = string_to_sign(method, url, timestamp, nonce, body)
        parts = {
            "keyId": self._key_id,
            "timestamp": timestamp,
            "nonce": nonce,
            "signature": hmac.digest(self._key, text, "sha256").hex(),
        }
        return {"Authorization": f"{SCHEME} " + ",".join(f"{name}={value}" for name, value in parts.items())}


def string_to_sign(method: str, url: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """Six lines joined by line feeds, nothing trailing. `body` as it is sent."""
    path, query = canonical_path_and_query(url)
    return "\n".join((method.upper(), path, query, timestamp, nonce, hashlib.sha256(body).hexdigest())).encode()


def _key_bytes(key: str) -> bytes:
    try:
        decoded = base64.b64decode(key.encode("ascii"), validate=True)
    except ValueError:
        raise ValueError("the signing key must be base64 without a BOM, white space or line ends") from None
    if len(decoded) != _KEY_BYTES:
        raise ValueError(f"the signing key must be {_KEY_BYTES} bytes in base64")
    return decoded
