"""Signatures of tokens: the only file that imports PyJWT and cryptography. 70 ms, so it is imported when first used."""

import json
from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.types import Options

from shared.payments.errors import Unauthenticated

ALGORITHM: Final = "RS256"
# NIST SP 800-131A: shorter RSA keys may not sign any more.
RSA_BITS_MIN: Final = 2048
# PyJWT would read the system's clock; the times are checked against the clock that is passed in (jwt_bearer).
_OPTIONS: Final[Options] = {
    "require": ["iss", "aud", "exp", "nbf"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}
# By the error's type: its text may quote the token.
_REASONS: Final[Mapping[type[Exception], str]] = {
    jwt.InvalidSignatureError: "jwt: wrong signature",
    jwt.InvalidIssuerError: "jwt: wrong issuer",
    jwt.InvalidAudienceError: "jwt: wrong audience",
}


def signing_keys(document: bytes) -> Mapping[str, jwt.PyJWK]:
    """
    The RS256 keys of a JSON Web Key Set, by key id; others are left out.

    Raises ValueError (not JSON, or no such key) or jwt.PyJWTError (no key set).
    """
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(json.loads(document)) if key.key_id and _may_sign(key)}
    if not keys:
        raise ValueError("no RS256 signing key in the set")
    return keys


def key_id(token: str) -> str:
    """The id of the key that a token says it was signed with. Raises Unauthenticated unless it says RS256 too."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise Unauthenticated("jwt: malformed") from None
    if header.get("alg") != ALGORITHM:
        raise Unauthenticated(f"jwt: algorithm is not {ALGORITHM}")
    if not header.get("kid"):
        raise Unauthenticated("jwt: no kid")
    return str(header["kid"])


def signed_claims(token: str, key: jwt.PyJWK, *, issuer: str, audience: str) -> Mapping[str, Any]:
    """The claims that `issuer` signed for `audience`; exp and nbf are there, but not judged. Raises Unauthenticated."""
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token, key, algorithms=[ALGORITHM], issuer=issuer, audience=audience, options=_OPTIONS
        )
    except jwt.MissingRequiredClaimError as error:
        raise Unauthenticated(f"jwt: no {error.claim}") from None
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Unauthenticated(_REASONS.get(type(error), "jwt: malformed")) from None
    return claims


def _may_sign(key: jwt.PyJWK) -> bool:
    is_rsa = isinstance(key.key, RSAPublicKey) and key.key.key_size >= RSA_BITS_MIN
    return is_rsa and key.algorithm_name == ALGORITHM and key.public_key_use in (None, "sig")
