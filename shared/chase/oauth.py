"""Access tokens: one fetch for all who wait, one ahead of the expiry, one after a refusal."""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlencode

from shared.chase import codes, wire
from shared.chase.retry import Resending
from shared.chase.sending import Message, Reply, Sending
from shared.payments.outcome import NotSent, Unknown
from shared.payments.retry import Call
from shared.payments.secret import Secret

# A token must not expire on its way; and where it lives so shortly that this would eat it up, a fifth of its life.
_MARGIN_S: Final = 30.0
_MARGIN_SHARE: Final = 0.2
# From this share of its usable life on, a token is replaced in the background while it still serves.
_REFRESH_FROM_SHARE: Final = 0.8
# A refresh ahead of time that failed is not tried again by every sale that passes.
_REFRESH_AGAIN_S: Final = 5.0
# A sale's bytes leave within 10 s of its claim: a token that takes longer is of no use to it.
_TOKEN_WITHIN_S: Final = 4.0

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")


class TokenUnavailable(Exception):
    """No token could be had: the call it was for has not been sent. Its text names the cause, never a credential."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as the server gave it; it lives `lifetime_s` seconds from when it was asked for."""

    token: Secret
    lifetime_s: float


class Scheme(Protocol):
    """How we prove who we are. The mock takes a client secret; Chase's other environments take a signed JWT."""

    def headers(self) -> Mapping[str, str]: ...

    def form(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """RFC 6749 client credentials, with the secret in a Basic header."""

    client_id: str
    client_secret: Secret
    scope: str

    def headers(self) -> Mapping[str, str]:
        credential = f"{self.client_id}:{self.client_secret.reveal()}".encode()
        return {"Authorization": "Basic " + base64.b64encode(credential).decode()}

    def form(self) -> Mapping[str, str]:
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
        self.fetches += 1
        reply = await self._sending.exchange(self._message(), within_s=_TOKEN_WITHIN_S)
        return read_grant(reply) if isinstance(reply, Reply) else reply

    def _message(self) -> Message:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        body = urlencode(self._scheme.form()).encode()
        return Message("POST", self._url, {**headers, **self._scheme.headers()}, body=body)


def read_grant(reply: Reply) -> Grant | Unknown:
    """The grant in the server's answer, or Unknown. Only a 5xx is worth asking again at once (retry.resendable_as)."""
    if reply.status != 200:
        return Unknown(codes.http(reply.status), f"the token endpoint answered HTTP {reply.status}")
    body = wire.read_object(reply.body) or {}
    token, lifetime_s = body.get("access_token"), _seconds(body.get("expires_in"))
    if not isinstance(token, str) or not _PRINTABLE.fullmatch(token) or not 0 < lifetime_s < float("inf"):
        return Unknown(codes.UNREADABLE_ANSWER, "the token endpoint answered without a usable token")
    return Grant(Secret(token), lifetime_s)


def _seconds(value: object) -> float:
    # Some servers send the number as text.
    try:
        return float(value) if isinstance(value, int | float | str) else 0.0
    except (ValueError, OverflowError):
        return 0.0


@dataclass(frozen=True, slots=True)
class _Held:
    token: Secret
    refresh_from_s: float
    usable_until_s: float


class Tokens:
    """The token of this process. `fetch` asks for a new one; `boot_s` is the clock."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Grant | NotSent | Unknown]], *, boot_s: Callable[[], float]
    ) -> None:
        self._fetch = fetch
        self._boot_s = boot_s
        self._held: _Held | None = None
        self._fetching: asyncio.Task[_Held] | None = None
        self._failed_at_s: float | None = None

    @property
    def failing(self) -> bool:
        """Whether the latest fetch brought nothing."""
        return self._failed_at_s is not None

    async def current(self) -> Secret:
        """A token good for a call that leaves now. Raises TokenUnavailable."""
        held, now_s = self._held, self._boot_s()
        if held is None or now_s >= held.usable_until_s:
            # Shielded: a caller that gives up must not take the token from the others.
            return (await asyncio.shield(self._fetched())).token
        if now_s >= held.refresh_from_s and not self._failed_lately(now_s):
            self._fetched()
        return held.token

    def drop(self, refused: Secret) -> None:
        """Forget the token that Chase refused, unless it has been replaced already."""
        if self._held is not None and self._held.token == refused:
            self._held = None

    async def close(self) -> None:
        """End a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _failed_lately(self, now_s: float) -> bool:
        return self._failed_at_s is not None and now_s < self._failed_at_s + _REFRESH_AGAIN_S

    def _fetched(self) -> asyncio.Task[_Held]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._replace())
            self._fetching.add_done_callback(self._fetch_ended)
        return self._fetching

    async def _replace(self) -> _Held:
        asked_s = self._boot_s()
        grant = await self._fetch()
        if not isinstance(grant, Grant):
            self._failed_at_s = self._boot_s()
            raise TokenUnavailable(f"{grant.code}: {grant.message}")
        usable_s = grant.lifetime_s - min(_MARGIN_S, grant.lifetime_s * _MARGIN_SHARE)
        self._failed_at_s = None
        self._held = _Held(grant.token, asked_s + usable_s * _REFRESH_FROM_SHARE, asked_s + usable_s)
        return self._held

    def _fetch_ended(self, fetching: asyncio.Task[_Held]) -> None:
        self._fetching = None
        # A refresh in the background has nobody who waits for it; asking keeps asyncio from calling it forgotten.
        if not fetching.cancelled():
            fetching.exception()
