"""Entra ID access tokens (RS256): whose they are, and what they allow."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

from shared.auth.caller import Caller
from shared.auth.jwks import JwksSource
from shared.payments.errors import Unauthenticated

__all__ = ["JwksSource", "JwtVerifier"]

# How far the issuer's clock and ours may differ.
LEEWAY_S: Final = 30
# How long a token that was good is taken as good without looking: it bounds what withdrawing a signing key means.
CACHED_FOR_S: Final = 300
# Callers are services, a handful; each entry is about 1 KiB.
CACHED_TOKENS_MAX: Final = 1024
# Entra's tokens are 1 to 4 KiB. What is longer is not looked at.
TOKEN_LENGTH_MAX: Final = 16 * 1024
# Who the token was issued to: v2.0 tokens, v1.0 tokens, and tokens of other issuers.
NAME_CLAIMS: Final = ("azp", "appid", "sub")

_NAME: Final = re.compile(r"[ -~]{1,128}")


class JwtVerifier:
    """
    Tells whose a bearer token is. `now_s` is the real time in epoch seconds, never a clock that tests or laptops move.

    Good tokens are remembered by their SHA-256, until they expire but five minutes at most; refusals never are.
    """

    def __init__(self, *, jwks: JwksSource, issuer: str, audience: str, now_s: Callable[[], float]) -> None:
        self._jwks = jwks
        self._issuer = issuer
        self._audience = audience
        self._now_s = now_s
        self._verified: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()

    async def verify(self, token: str) -> Caller:
        """Who the token was issued to. Raises Unauthenticated, whose reason quotes nothing of the token."""
        if len(token) > TOKEN_LENGTH_MAX or not token.isascii():
            raise Unauthenticated("jwt: malformed")
        now_s = self._now_s()
        digest = sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None and now_s < known[1]:
            self._verified.move_to_end(digest)
            return known[0]
        claims = await self._claims(token, now_s)
        caller = _caller(claims)
        self._remember(digest, caller, min(_instant(claims, "exp"), now_s + CACHED_FOR_S))
        return caller

    async def _claims(self, token: str, now_s: float) -> Mapping[str, Any]:
        """The claims of a token that this issuer signed, for us, for now."""
        from shared.auth import rs256  # noqa: PLC0415 - it costs a cold start 70 ms

        key = await self._jwks.key(rs256.key_id(token), now_s)
        if key is None:
            why = f", and the keys cannot be fetched: {self._jwks.failure}" if self._jwks.failure else ""
            raise Unauthenticated(f"jwt: unknown kid{why}")
        claims = rs256.signed_claims(token, key, issuer=self._issuer, audience=self._audience)
        _check_times(claims, now_s)
        return claims

    def _remember(self, digest: bytes, caller: Caller, until_s: float) -> None:
        self._verified[digest] = (caller, until_s)
        self._verified.move_to_end(digest)
        if len(self._verified) > CACHED_TOKENS_MAX:
            self._verified.popitem(last=False)


def _check_times(claims: Mapping[str, Any], now_s: float) -> None:
    if now_s >= _instant(claims, "exp") + LEEWAY_S:
        raise Unauthenticated("jwt: expired")
    if now_s < _instant(claims, "nbf") - LEEWAY_S:
        raise Unauthenticated("jwt: not yet valid")


def _instant(claims: Mapping[str, Any], name: str) -> float:
    """Epoch seconds. A boolean is no number, nor is NaN or infinity, which JSON should not hold but Python reads."""
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise Unauthenticated(f"jwt: {name} malformed")
    return float(value)


def _caller(claims: Mapping[str, Any]) -> Caller:
    return Caller(name=_name(claims), roles=_roles(claims), billers=_billers(claims))


def _name(claims: Mapping[str, Any]) -> str:
    name = next((claims[claim] for claim in NAME_CLAIMS if claim in claims), None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Unauthenticated("jwt: no caller name")
    return name


def _roles(claims: Mapping[str, Any]) -> frozenset[str]:
    """No claim, no roles: the token is good, but good for nothing (Entra omits the claim when none is assigned)."""
    return _texts(claims, "roles")


def _billers(claims: Mapping[str, Any]) -> frozenset[str] | None:
    """`"*"` is every biller; no claim is none. A star inside a list is a biller of that name, which nobody has."""
    return None if claims.get("billers") == "*" else _texts(claims, "billers")


def _texts(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    values = claims.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Unauthenticated(f"jwt: {name} malformed")
    return frozenset(values)
