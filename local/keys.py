"""Key material of one developer's machine, made on first run and kept in LOCAL_DATA_DIR/keys. Never leaves it."""

import base64
import hashlib
import json
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from shared.payments.secret import Secret
from shared.settings import KEY_BYTES

# What Entra ID signs with, and the smallest size that is still held safe.
_RSA_BITS: Final = 2048
_RSA_EXPONENT: Final = 65537


@dataclass(frozen=True, slots=True)
class LocalKeys:
    """
    `signing_key` (PEM) signs local tokens; its public half is in `jwks_path`, under `key_id`.

    The others are base64 of 32 random bytes.
    """

    signing_key: Secret
    key_id: str
    jwks_path: Path
    fingerprint_key: Secret
    instrument_key: Secret
    audit_key: Secret
    hmac_key: Secret
    chase_client_secret: Secret
    shadow_client_secret: Secret


def local_keys(data_dir: Path) -> LocalKeys:
    """
    The keys under `data_dir`, made now if they are not there. Several processes may ask at once: all get the same.

    Raises OSError if the directory cannot be written or read.
    """
    directory = data_dir.resolve() / "keys"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    signing_key = _once(directory / "signing-key.pem", _new_signing_key)
    key_id, jwks = _published(signing_key)
    _once(directory / "jwks.json", lambda: jwks)
    return LocalKeys(
        signing_key=Secret(signing_key.decode()),
        key_id=key_id,
        jwks_path=directory / "jwks.json",
        fingerprint_key=_random_key(directory / "fingerprint.key"),
        instrument_key=_random_key(directory / "instrument.key"),
        audit_key=_random_key(directory / "audit.key"),
        hmac_key=_random_key(directory / "hmac-ctp-local.key"),
        chase_client_secret=_random_key(directory / "chase-client-secret.key"),
        shadow_client_secret=_random_key(directory / "shadow-client-secret.key"),
    )


def _random_key(path: Path) -> Secret:
    return Secret(_once(path, lambda: base64.b64encode(os.urandom(KEY_BYTES))).decode())


def _once(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of `path`; the first who asks makes it. It appears whole or not at all, and is never replaced."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()


def _new_signing_key() -> bytes:
    return rsa.generate_private_key(public_exponent=_RSA_EXPONENT, key_size=_RSA_BITS).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _published(signing_key: bytes) -> tuple[str, bytes]:
    """The key's id (its RFC 7638 thumbprint: the same for the same key) and the document that publishes it."""
    private = serialization.load_pem_private_key(signing_key, password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    jwk = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    members = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    key_id = base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()
    published = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id, "n": jwk["n"], "e": jwk["e"]}
    return key_id, json.dumps({"keys": [published]}).encode()
