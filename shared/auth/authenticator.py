"""An Authorization header becomes a Caller, or nobody."""

from collections.abc import Callable
from typing import Final, Literal

from shared.auth.caller import Caller, Role
from shared.auth.hmac_signature import SCHEME, HmacVerifier
from shared.auth.jwt_bearer import JwtVerifier
from shared.payments.errors import Unauthenticated

# Whom a refused request is taken for while `audit` only watches; settings refuse that mode in production.
AUDITED: Final = Caller("unauthenticated", frozenset(Role), None)


class Authenticator:
    """
    Both schemes behind one question. `enforce` refuses; `audit` tells `on_refusal` the reason and lets everybody in.

    A reason is for our log alone, and holds nothing of the credentials.
    """

    def __init__(
        self,
        jwt: JwtVerifier,
        hmac: HmacVerifier,
        mode: Literal["enforce", "audit"],
        on_refusal: Callable[[str], None],
    ) -> None:
        self._jwt = jwt
        self._hmac = hmac
        self._mode = mode
        self._on_refusal = on_refusal

    async def authenticate(self, authorization: str | None, method: str, url: str, body: bytes) -> Caller:
        """Who sent this request. `url` and `body` as they came over the wire. Raises Unauthenticated (`enforce`)."""
        try:
            return await self._identified(authorization, method, url, body)
        except Unauthenticated as refusal:
            if self._mode != "audit":
                raise
            self._on_refusal(refusal.reason)
            return AUDITED

    async def _identified(self, authorization: str | None, method: str, url: str, body: bytes) -> Caller:
        if not authorization:
            raise Unauthenticated("no Authorization header")
        scheme, _, credentials = authorization.partition(" ")
        match scheme.upper():  # RFC 9110: a scheme's case means nothing
            case "BEARER":
                return await self._jwt.verify(credentials)
            case _ if scheme.upper() == SCHEME:
                return self._hmac.verify(authorization, method, url, body)
            case _:
                raise Unauthenticated("unknown scheme")
