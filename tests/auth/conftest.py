"""An issuer of tokens as Entra ID is one, and a clock that a test can move."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from shared.auth.jwks import JwksSource
from shared.auth.jwt_bearer import JwtVerifier

NOW_S = 1_790_000_000
Signing = Callable[[bytes], bytes]


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Clock:
    """Epoch seconds, moved by hand."""

    def __init__(self, now_s: float = NOW_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


class KeyServer:
    """Answers with a key set; `failing_with` makes it fail, `asked` counts."""

    def __init__(self, *keys: Mapping[str, object]) -> None:
        self.keys = list(keys)
        self.failing_with: Exception | None = None
        self.asked = 0

    async def __call__(self, url: str) -> bytes:
        self.asked += 1
        if self.failing_with is not None:
            raise self.failing_with
        return json.dumps({"keys": self.keys}).encode()


class Issuer:
    """Signs tokens with one RSA key. Everything about a token can be made wrong."""

    url = "https://login.example.com/tenant/v2.0"
    audience = "api://ic-chase-payments"

    def __init__(self, key_id: str, key: RSAPrivateKey) -> None:
        self.key_id = key_id
        self._key = key

    @property
    def public_key(self) -> dict[str, object]:
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {**key, "kid": self.key_id, "use": "sig"}

    def claims(self, **changed: object) -> dict[str, object]:
        usual = {
            "iss": self.url,
            "aud": self.audience,
            "nbf": NOW_S,
            "exp": NOW_S + 3600,
            "azp": "ctp",
            "roles": ["Payments.Write", "Payments.Read"],
            "billers": ["city-water"],
        }
        return {name: value for name, value in (usual | changed).items() if value is not ...}

    def token(
        self, *, header: Mapping[str, object] | None = None, sign: Signing | None = None, **changed: object
    ) -> str:
        """A good token but for what is changed; a claim or header field changed to `...` is left out."""
        fields = {"alg": "RS256", "typ": "JWT", "kid": self.key_id} | dict(header or {})
        kept = {name: value for name, value in fields.items() if value is not ...}
        return self.compact(json.dumps(kept).encode(), json.dumps(self.claims(**changed)).encode(), sign)

    def compact(self, header: bytes, payload: bytes, sign: Signing | None = None) -> str:
        text = f"{encoded(header)}.{encoded(payload)}"
        return f"{text}.{encoded((sign or self.rs256)(text.encode()))}"

    def rs256(self, text: bytes) -> bytes:
        return self._key.sign(text, padding.PKCS1v15(), SHA256())

    def hs256_with_the_public_key(self, text: bytes) -> bytes:
        public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return hmac.digest(public, text, hashlib.sha256)


@pytest.fixture(scope="session")
def rsa_keys() -> tuple[RSAPrivateKey, RSAPrivateKey]:
    first, second = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    return first, second


@pytest.fixture
def issuer(rsa_keys) -> Issuer:
    return Issuer("key-1", rsa_keys[0])


@pytest.fixture
def next_issuer(rsa_keys) -> Issuer:
    """The same issuer after it changed its signing key."""
    return Issuer("key-2", rsa_keys[1])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key_server(issuer) -> KeyServer:
    return KeyServer(issuer.public_key)


@pytest.fixture
def jwks(key_server) -> JwksSource:
    return JwksSource("https://login.example.com/keys", fetch=key_server)


@pytest.fixture
def verifier(jwks, clock) -> JwtVerifier:
    return JwtVerifier(jwks=jwks, issuer=Issuer.url, audience=Issuer.audience, now_s=clock)
