"""Signatures of our assertions: the only file here that imports PyJWT and cryptography. Imported when first used."""

from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared.payments.secret import Secret

ALGORITHM: Final = "RS256"
# NIST SP 800-131A: shorter RSA keys may not sign any more.
RSA_BITS_MIN: Final = 2048


def signed(claims: Mapping[str, Any], *, key_id: str, private_key: Secret) -> Secret:
    """The claims as a JWT. Raises ValueError, which quotes nothing, unless `private_key` is PEM of an RSA key."""
    token = jwt.encode(dict(claims), _rsa_key(private_key), algorithm=ALGORITHM, headers={"kid": key_id})
    return Secret(token)


def _rsa_key(private_key: Secret) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(private_key.reveal().strip().encode(), password=None)
    except Exception:
        # Whatever it stumbles over, its text may quote the key.
        raise ValueError("private_key: cannot be read as an unencrypted private key in PEM") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < RSA_BITS_MIN:
        raise ValueError(f"private_key: must be an RSA key of {RSA_BITS_MIN} bits or more")
    return key
