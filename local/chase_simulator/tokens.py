"""The token endpoint and what a bearer token proves. Further client schemes join `_SCHEMES`."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from local.chase_simulator.books import Books, TokenRecord
from local.chase_simulator.exchange import Answer, Call, Refused
from local.chase_simulator.refusals import invalid_token, oauth_error
from local.chase_simulator.transaction import Environment
from shared.payments.secret import Secret

# What Chase's mock endpoint answers when no scope is asked for.
_DEFAULT_SCOPE: Final = "jpm:payments:sandbox"
_FORM: Final = "application/x-www-form-urlencoded"

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Credential:
    """A client of one environment, and the merchants that it may act for."""

    environment: Environment
    client_id: str
    client_secret: Secret
    merchant_ids: frozenset[str]


class Tokens:
    """
    Issues bearer tokens and knows them again, after a restart too: their digests are in the books.

    `real_now` is time that nobody moves: a clock moved for payments must not end a client's authentication.
    """

    def __init__(
        self, books: Books, credentials: Iterable[Credential], *, real_now: Callable[[], datetime], lifetime_s: int
    ) -> None:
        self._books = books
        self._credentials = tuple(credentials)
        self._real_now = real_now
        self.lifetime_s = lifetime_s

    def issue(self, call: Call) -> Answer:
        """The client-credentials grant (RFC 6749, section 4.4)."""
        form = _form(call)
        if form.get("grant_type") != "client_credentials":
            raise Refused(oauth_error(400, "unsupported_grant_type", "grant_type must be client_credentials"))
        credential = self._client(call, form)
        token, now = secrets.token_urlsafe(48), self._real_now()
        expires_at = now + timedelta(seconds=self.lifetime_s)
        kept = TokenRecord(_digest(token), credential.client_id, credential.environment, expires_at)
        self._books.keep_token(kept, now=now)
        granted = {"access_token": token, "scope": form.get("scope", _DEFAULT_SCOPE), "token_type": "Bearer"}
        return Answer(200, {**granted, "expires_in": self.lifetime_s}, {"Cache-Control": "no-store"})

    def bearer(self, call: Call) -> Credential:
        """Whose token the call carries. Raises Refused with the gateway's 401."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(invalid_token("Missing access token"))
        record = self._books.token(_digest(token))
        if record is None:
            raise Refused(invalid_token("Invalid access token"))
        if record.expires_at <= self._real_now():
            raise Refused(invalid_token("Access token expired"))
        return self._of(record)

    def _client(self, call: Call, form: Form) -> Credential:
        for scheme in _SCHEMES:
            claimed = scheme(call, form)
            if claimed is not None:
                return self._verified(*claimed)
        raise Refused(oauth_error(401, "invalid_client", "Client authentication is missing"))

    def _verified(self, client_id: str, client_secret: Secret) -> Credential:
        for credential in self._credentials:
            same_id = _same(credential.client_id, client_id)
            if _same(credential.client_secret.reveal(), client_secret.reveal()) and same_id:
                return credential
        raise Refused(oauth_error(401, "invalid_client", "Client authentication failed"))

    def _of(self, record: TokenRecord) -> Credential:
        for credential in self._credentials:
            if (credential.environment, credential.client_id) == (record.environment, record.client_id):
                return credential
        raise Refused(invalid_token("Invalid access token"))


def _form(call: Call) -> Form:
    if call.headers.get("Content-Type", "").partition(";")[0].strip().lower() != _FORM:
        raise Refused(oauth_error(400, "invalid_request", f"the body must be {_FORM}"))
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))


def _basic_header(call: Call, _form: Form) -> tuple[str, Secret] | None:
    scheme, _, encoded = call.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise Refused(oauth_error(401, "invalid_client", "Client authentication failed")) from None
    return client_id, Secret(client_secret)


def _form_body(_call: Call, form: Form) -> tuple[str, Secret] | None:
    if "client_id" not in form:
        return None
    return form["client_id"], Secret(form.get("client_secret", ""))


_SCHEMES: Final = (_basic_header, _form_body)


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())


def _digest(token: str) -> str:
    """A token is 48 random bytes: its bare digest cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()
