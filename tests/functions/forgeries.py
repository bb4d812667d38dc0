"""Credentials that are wrong in one way each, and the reason that our own log must give for refusing them."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from local.environment import HMAC_KEY_ID
from shared.auth.caller import Role
from shared.auth.hmac_signature import TOLERANCE_S, sign, string_to_sign
from shared.payments.secret import Secret
from tests.functions.routes import Route
from tests.house import PREFIX, Answer, House


@dataclass(frozen=True)
class Premises:
    """A house with two payments in it, one authorized and one captured, and a stranger who has a key of their own."""

    house: House
    payment_id: str
    strangers_key: str
    captured_id: str = ""

    def path(self, route: Route) -> str:
        return route.path(self.captured_id if route.door.captured else self.payment_id)

    async def call(self, route: Route, headers: Mapping[str, str]) -> Answer:
        about = {"Idempotency-Key": "attempt-2", "If-Match": f'"{route.door.version}"'}
        named = headers if route.method == "GET" else {**about, **headers}
        return await self.house.call(route.method, self.path(route), route.body, named)

    def signature(self, route: Route, **changed: Any) -> dict[str, str]:
        """A good signature of the route's request, but for what is `changed`."""
        return self.house.signature(route.method, self.path(route), route.body, **changed)


def other_key(name: str) -> Secret:
    return Secret(base64.b64encode(sha256(name.encode()).digest()).decode())


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def good_token(premises: Premises, **claims: Any) -> str:
    return premises.house.bearer(**claims)["Authorization"].removeprefix("Bearer ")


def with_another_signature(premises: Premises) -> dict[str, str]:
    head, claims, signature = good_token(premises).split(".")
    return bearer(f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}")


def with_other_claims(premises: Premises) -> dict[str, str]:
    head, claims, signature = good_token(premises, roles=[]).split(".")
    wanted = {**json.loads(base64.urlsafe_b64decode(claims + "==")), "roles": list(Role)}
    return bearer(f"{head}.{encoded(json.dumps(wanted).encode())}.{signature}")


def unsigned(premises: Premises) -> dict[str, str]:
    head = encoded(json.dumps({"alg": "none", "typ": "JWT", "kid": premises.house.keys.key_id}).encode())
    return bearer(f"{head}.{good_token(premises).split('.')[1]}.")


def signed_with_the_public_key(premises: Premises) -> dict[str, str]:
    """The old confusion: HS256, with what everybody may know as its secret."""
    private = load_pem_private_key(premises.house.keys.signing_key.reveal().encode(), password=None)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = encoded(json.dumps({"alg": "HS256", "typ": "JWT", "kid": premises.house.keys.key_id}).encode())
    text = f"{head}.{good_token(premises).split('.')[1]}"
    return bearer(f"{text}.{encoded(hmac.digest(public, text.encode(), 'sha256'))}")


def under_an_unknown_key_id(premises: Premises) -> dict[str, str]:
    claims = {"iss": premises.house.settings.jwt_issuer, "aud": premises.house.settings.jwt_audience}
    return bearer(jwt.encode(claims, premises.strangers_key, algorithm="RS256", headers={"kid": "strangers"}))


def now_s() -> int:
    return int(time.time())


FORGED_TOKENS: dict[str, tuple[Callable[[Premises], Mapping[str, str]], str]] = {
    "no credentials": (lambda _: {}, "no Authorization header"),
    "an empty header": (lambda _: {"Authorization": ""}, "no Authorization header"),
    "an unknown scheme": (lambda _: {"Authorization": "Basic Y3RwOmN0cA=="}, "unknown scheme"),
    "no token": (lambda _: bearer(""), "jwt: malformed"),
    "a token that is none": (lambda _: bearer("let-me-in"), "jwt: malformed"),
    "another signature": (with_another_signature, "jwt: wrong signature"),
    "other claims": (with_other_claims, "jwt: wrong signature"),
    "a stranger's key": (lambda p: p.house.bearer(signing_key=p.strangers_key), "jwt: wrong signature"),
    "an unknown key id": (under_an_unknown_key_id, "jwt: unknown kid"),
    "alg none": (unsigned, "jwt: algorithm is not RS256"),
    "HS256 with the public key": (signed_with_the_public_key, "jwt: algorithm is not RS256"),
    "an expired token": (lambda p: p.house.bearer(exp=now_s() - 60), "jwt: expired"),
    "a token of tomorrow": (lambda p: p.house.bearer(nbf=now_s() + 86_400), "jwt: not yet valid"),
    "another audience": (lambda p: p.house.bearer(aud="api://another-service"), "jwt: wrong audience"),
    "another issuer": (lambda p: p.house.bearer(iss="https://issuer.example/v2.0"), "jwt: wrong issuer"),
}


def of_another_digit(premises: Premises, route: Route) -> dict[str, str]:
    header = premises.signature(route)["Authorization"]
    return {"Authorization": header[:-1] + ("0" if header[-1] != "0" else "1")}


def of_another_body(premises: Premises, route: Route) -> dict[str, str]:
    return premises.house.signature(route.method, premises.path(route), route.body + b" ")


def of_another_path(premises: Premises, route: Route) -> dict[str, str]:
    return premises.house.signature(route.method, "/health/live", route.body)


def of_another_method(premises: Premises, route: Route) -> dict[str, str]:
    return premises.house.signature("PATCH", premises.path(route), route.body)


def signed_by(premises: Premises, route: Route, key_id: str, key: Secret) -> dict[str, str]:
    path, _, query = f"/{PREFIX}{premises.path(route)}".partition("?")
    timestamp, nonce = now_s(), f"nonce-of-{key_id}"
    signature = sign(key, string_to_sign(route.method, path, query, timestamp, nonce, route.body))
    parts = f"keyId={key_id},timestamp={timestamp},nonce={nonce},signature={signature}"
    return {"Authorization": f"IC-HMAC-SHA256 {parts}"}


FORGED_SIGNATURES: dict[str, tuple[Callable[[Premises, Route], Mapping[str, str]], str]] = {
    "no signature": (lambda p, r: {"Authorization": "IC-HMAC-SHA256 keyId=ctp-local"}, "hmac: a part missing"),
    "another digit": (of_another_digit, "hmac: wrong signature"),
    "another body": (of_another_body, "hmac: wrong signature"),
    "another path": (of_another_path, "hmac: wrong signature"),
    "another method": (of_another_method, "hmac: wrong signature"),
    "a stranger's key": (lambda p, r: signed_by(p, r, HMAC_KEY_ID, other_key("stranger")), "hmac: wrong signature"),
    "an unknown key id": (lambda p, r: signed_by(p, r, "stranger", other_key("stranger")), "hmac: unknown key id"),
    "a stale timestamp": (lambda p, r: p.signature(r, timestamp=now_s() - TOLERANCE_S - 5), "hmac: timestamp"),
    "a timestamp to come": (lambda p, r: p.signature(r, timestamp=now_s() + TOLERANCE_S + 5), "hmac: timestamp"),
}
