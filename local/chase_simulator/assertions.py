"""The token endpoint of client testing and production: a client proves itself with a JWT that it signed (RFC 7523)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from local.chase_simulator.books import Books
from local.chase_simulator.credentials import ALGORITHM, Credential
from local.chase_simulator.exchange import Answer, Call, Refused
from local.chase_simulator.forms import Form, client_credentials_form
from local.chase_simulator.refusals import oauth_error
from local.chase_simulator.tokens import Tokens

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# How far a client's clock may be ahead of ours.
_CLOCK_SKEW_S: Final = 60
_JTI_MAX: Final = 200
# The last second of the year 9998: a later one does not fit every computation with times.
_LATEST_S: Final = 253_370_764_799
# Times are checked below, by the clock we were given; the library would go by its own.
_OPTIONS: Final[Any] = {f"verify_{claim}": False for claim in ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")}

Claims = Mapping[str, Any]


class Assertions:
    """
    The route, over the clients that have a public key. `url` tells this endpoint's own.

    Whatever is wrong with an assertion, the answer says no more than that: Chase's does not either.
    """

    def __init__(self, books: Books, tokens: Tokens, *, url: Callable[[], str]) -> None:
        self._books = books
        self._tokens = tokens
        self._url = url
        with_key = ((each, each.rsa_key()) for each in tokens.credentials)
        self._clients = {each.client_id: (each, key) for each, key in with_key if key is not None}

    def issue(self, call: Call) -> Answer:
        """A token for an assertion, which is good once."""
        form = client_credentials_form(call)
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise Refused(oauth_error(400, "invalid_request", f"client_assertion_type must be {_ASSERTION_TYPE}"))
        credential = self._client(form)
        if form.get("resource") != credential.resource:
            raise Refused(oauth_error(403, "access_denied", "The client is not entitled to this resource"))
        granted = {
            "access_token": self._tokens.grant(credential),
            "token_type": "bearer",
            "expires_in": self._tokens.lifetime_s,
        }
        return Answer(200, granted, {"Cache-Control": "no-store"})

    def _client(self, form: Form) -> Credential:
        known = self._clients.get(form.get("client_id", ""))
        if known is None:
            raise _failed()
        credential, key = known
        claims = _signed(form.get("client_assertion", ""), key, credential.thumbprint)
        self._check(claims, credential)
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        if not self._books.use_assertion(
            credential.client_id, claims["jti"], expires_at=expires_at, now=self._tokens.real_now()
        ):
            raise _failed()
        return credential

    def _check(self, claims: Claims, credential: Credential) -> None:
        issued_s, expires_s, jti = (claims.get(name) for name in ("iat", "exp", "jti"))
        now_s = self._tokens.real_now().timestamp()
        if not (
            claims.get("iss") == claims.get("sub") == credential.client_id
            and claims.get("aud") == (credential.audience or self._url())
            and type(issued_s) is type(expires_s) is int
            and issued_s <= now_s + _CLOCK_SKEW_S
            and max(now_s, issued_s) < expires_s <= _LATEST_S
            and isinstance(jti, str)
            and 0 < len(jti) <= _JTI_MAX
        ):
            raise _failed()


def _signed(assertion: str, key: RSAPublicKey, thumbprint: str) -> Claims:
    """The claims, if the key signed them and the header names it as Chase wants it named. Raises Refused."""
    try:
        decoded = jwt.decode_complete(assertion, key, algorithms=[ALGORITHM], options=_OPTIONS)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise _failed() from None
    if decoded["header"].get("kid") != thumbprint:
        raise _failed()
    claims: Claims = decoded["payload"]
    return claims


def _failed() -> Refused:
    return Refused(oauth_error(400, "invalid_grant", "MSIS9622: Client authentication failed."))
