"""Who may be a client of Chase, and the two ways to prove it: a secret, or an assertion signed with a key."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from local.chase_simulator.transaction import Environment
from shared.payments.secret import Secret

# Chase knows no other.
ALGORITHM: Final = "RS256"
# SHA-1 of the certificate: upper-case hex, no colons.
_THUMBPRINT: Final = re.compile(r"[0-9A-F]{40}")


@dataclass(frozen=True, slots=True)
class Credential:
    """
    A client of one environment, and the merchants that it may act for.

    With `client_secret` it is known at the mock's token endpoint. With `public_key` (RSA: PEM text or a JWK), its
    certificate's `thumbprint` and the `resource` that it is entitled to, at the one for signed assertions; `audience`
    is that one's URL as the client knows it, where it is not the simulator's own. Raises ValueError for a key without
    the other two, or that is none.
    """

    environment: Environment
    client_id: str
    client_secret: Secret | None
    merchant_ids: frozenset[str]
    public_key: str | Mapping[str, Any] | None = None
    thumbprint: str = ""
    resource: str = ""
    audience: str = ""

    def __post_init__(self) -> None:
        if self.public_key is not None and not (_THUMBPRINT.fullmatch(self.thumbprint) and self.resource):
            raise ValueError("a public key needs its thumbprint, 40 upper-case hex digits, and a resource")
        self.rsa_key()

    def rsa_key(self) -> RSAPublicKey | None:
        """The public key, if there is one. Raises ValueError if it is none of RSA."""
        if self.public_key is None:
            return None
        try:
            key = _jwk(self.public_key) if isinstance(self.public_key, Mapping) else _pem(self.public_key)
        except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError):
            key = None
        if not isinstance(key, RSAPublicKey):
            raise ValueError("the public key must be an RSA key, as PEM or JWK")
        return key


def _jwk(given: Mapping[str, Any]) -> object:
    return jwt.PyJWK(dict(given), algorithm=ALGORITHM).key


def _pem(given: str) -> object:
    return load_pem_public_key(given.encode())


def apart(credentials: Sequence[Credential]) -> Sequence[Credential]:
    """A merchant id belongs to one environment, else nothing could tell test from live. Raises ValueError."""
    environments = {(merchant_id, each.environment) for each in credentials for merchant_id in each.merchant_ids}
    if len(environments) > len({merchant_id for merchant_id, _ in environments}):
        raise ValueError("a merchant id stands in both environments")
    return credentials
