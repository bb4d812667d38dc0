"""A client that signs its assertions: its key, its credential, and what it asks a token with."""

import time
import uuid
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.chase_simulator import ChaseSimulator, Credential

CLIENT_ID = "CC-000000-A000000-000000-PROD"
RESOURCE = "JPMC:URI:RS-000000-00000-HelixAPIEntitlements-PROD"
THUMBPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"
MERCHANT_ID = "000017904399"


@cache
def a_key(name: str = "the client's") -> RSAPrivateKey:
    """One for each name; making one takes a while."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def a_signing_client(**changed: Any) -> Credential:
    usual = {
        "environment": "live",
        "client_id": CLIENT_ID,
        "client_secret": None,
        "merchant_ids": frozenset({MERCHANT_ID}),
        "public_key": public_pem(a_key()),
        "thumbprint": THUMBPRINT,
        "resource": RESOURCE,
    }
    return Credential(**{**usual, **changed})


def an_assertion(
    simulator: ChaseSimulator,
    *,
    key: Any = None,
    algorithm: str = "RS256",
    headers: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    """Good for one token, but for what `claims` replace; a claim that is None is left out."""
    now_s = int(time.time())
    usual = {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": simulator.assertion_token_url,
        "iat": now_s,
        "exp": now_s + 300,
        "jti": str(uuid.uuid4()),
    }
    claimed = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    named = {"kid": THUMBPRINT} if headers is None else headers
    return jwt.encode(claimed, key or a_key(), algorithm=algorithm, headers=named)


def a_token_form(assertion: str, **changed: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "resource": RESOURCE,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        **changed,
    }
