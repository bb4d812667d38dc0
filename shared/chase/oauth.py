"""The token endpoint: how it is asked, and what its answer means (RFC 6749)."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from shared.chase import codes
from shared.chase.retry import Resending
from shared.chase.sending import Message, Reply, Sending
from shared.chase.wire.answers import read_object
from shared.payments.outcome import NotSent, Unknown
from shared.payments.retry import Call
from shared.payments.secret import Secret

# A sale's bytes leave within 10 s of its claim: a token that takes longer is of no use to it.
_TOKEN_WITHIN_S: Final = 4.0

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")

# RFC 6749, section 5.2, and the one that Chase's server adds. No other text of an answer is shown: it may quote us.
_ERRORS: Final = frozenset(
    {
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_resource",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)
# How Chase's server numbers its refusals; MSIS9622 is an assertion that it cannot check.
_NUMBERED: Final = re.compile(rb"MSIS\d{4}")


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as the server gave it; it lives `lifetime_s` seconds from when it was asked for."""

    token: Secret
    lifetime_s: float


class CredentialUnusable(Exception):
    """Our own credential cannot be put to use; nothing was asked. The text names the field, never its value."""


class Scheme(Protocol):
    """How we prove who we are. The mock takes a client secret; Chase's other environments take a signed JWT."""

    def headers(self) -> Mapping[str, str]: ...

    async def form(self) -> Mapping[str, str]:
        """The fields of a request. Raises CredentialUnusable."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """RFC 6749 client credentials, with the secret in a Basic header."""

    client_id: str
    client_secret: Secret
    scope: str

    def headers(self) -> Mapping[str, str]:
        credential = f"{self.client_id}:{self.client_secret.reveal()}".encode()
        return {"Authorization": "Basic " + base64.b64encode(credential).decode()}

    async def form(self) -> Mapping[str, str]:
        return {"grant_type": "client_credentials", "scope": self.scope}


class TokenEndpoint:
    """Asks for tokens; `fetches` counts how often it did."""

    def __init__(self, url: str, scheme: Scheme, *, sending: Sending, resending: Resending) -> None:
        self._url = url
        self._scheme = scheme
        self._sending = sending
        self._resending = resending
        self.fetches = 0

    async def fetch(self) -> Grant | NotSent | Unknown:
        """A grant, or why there is none."""
        return await self._resending(Call.TOKEN, self._ask)

    async def _ask(self) -> Grant | NotSent | Unknown:
        try:
            message = await self._message()
        except CredentialUnusable as error:
            return NotSent(codes.CREDENTIAL_REFUSED, str(error))
        self.fetches += 1
        reply = await self._sending.exchange(message, within_s=_TOKEN_WITHIN_S)
        return read_grant(reply) if isinstance(reply, Reply) else reply

    async def _message(self) -> Message:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        body = urlencode(await self._scheme.form()).encode()
        return Message("POST", self._url, {**headers, **self._scheme.headers()}, body=body)


def read_grant(reply: Reply) -> Grant | NotSent | Unknown:
    """The grant in the server's answer, or why there is none. Only a 5xx is worth asking again at once."""
    body = read_object(reply.body) or {}
    if reply.status != HTTPStatus.OK:
        return _refusal(reply, body) or _unexplained(reply.status)
    token, lifetime_s = body.get("access_token"), _seconds(body.get("expires_in"))
    if not isinstance(token, str) or not _PRINTABLE.fullmatch(token) or not 0 < lifetime_s < float("inf"):
        return Unknown(codes.UNREADABLE_ANSWER, "the token endpoint answered without a usable token")
    return Grant(Secret(token), lifetime_s)


def _refusal(reply: Reply, body: Mapping[str, Any]) -> NotSent | None:
    """A refusal in the server's own words: of the credential, or of what it may do. None if it is neither."""
    error, numbered = str(body.get("error")), _NUMBERED.search(reply.body)
    named = error if error in _ERRORS else numbered.group().decode() if numbered else None
    why = f"the token endpoint answered HTTP {reply.status}" + (f" {named}" if named else "")
    if named is not None and (reply.status == HTTPStatus.BAD_REQUEST or error == "invalid_client"):
        return NotSent(codes.CREDENTIAL_REFUSED, f"{why}: it does not take our credential, or what it is used for")
    if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return NotSent(codes.NOT_ENTITLED, f"{why}: this client has not been granted Chase's payments")
    return None


def _unexplained(status: int) -> Unknown:
    return Unknown(codes.http(status), f"the token endpoint answered HTTP {status}")


def _seconds(value: object) -> float:
    # Some servers send the number as text.
    try:
        return float(value) if isinstance(value, int | float | str) else 0.0
    except (ValueError, OverflowError):
        return 0.0
