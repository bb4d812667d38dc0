"""The access token of this process: one fetch for all who wait, one ahead of the expiry, one after a refusal."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from shared.chase import codes
from shared.chase.oauth import Grant
from shared.payments.outcome import NotSent, Unknown
from shared.payments.secret import Secret

# A token must not expire on its way; and where it lives so shortly that this would eat it up, a fifth of its life.
_MARGIN_S: Final = 30.0
_MARGIN_SHARE: Final = 0.2
# From this share of its usable life on, a token is replaced in the background while it still serves.
_REFRESH_FROM_SHARE: Final = 0.8
# A refresh ahead of time that failed is not tried again by every sale that passes.
_REFRESH_AGAIN_S: Final = 5.0
# What a person must mend is not asked for by every sale that passes, but soon after they have.
_REFUSED_AGAIN_S: Final = 30.0
# Event loops keep no timer for much longer.
_TIMER_MAX_S: Final = 24 * 3600.0


class TokenUnavailable(Exception):
    """No token could be had: the call it was for has not been sent. Its text names the cause, never a credential."""

    def __init__(self, failure: NotSent | Unknown) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure

    @property
    def code(self) -> str:
        """Why, as far as a person must know: one word for all that passes by itself."""
        return self.failure.code if codes.is_ours_to_mend(self.failure.code) else codes.AUTH_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class _Held:
    token: Secret
    refresh_from_s: float
    usable_until_s: float


@dataclass(frozen=True, slots=True)
class _Failed:
    failure: NotSent | Unknown
    at_s: float

    @property
    def is_ours_to_mend(self) -> bool:
        return codes.is_ours_to_mend(self.failure.code)

    @property
    def again_s(self) -> float:
        return self.at_s + (_REFUSED_AGAIN_S if self.is_ours_to_mend else _REFRESH_AGAIN_S)


class Tokens:
    """`fetch` asks for a new token; `boot_s` is the clock."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Grant | NotSent | Unknown]], *, boot_s: Callable[[], float]
    ) -> None:
        self._fetch = fetch
        self._boot_s = boot_s
        self._held: _Held | None = None
        self._failed: _Failed | None = None
        self._fetching: asyncio.Task[_Held] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def failing(self) -> bool:
        """Whether the latest fetch brought nothing."""
        return self._failed is not None

    async def current(self) -> Secret:
        """A token good for a call that leaves now. Raises TokenUnavailable."""
        held, failed, now_s = self._held, self._failed, self._boot_s()
        lately = failed is not None and now_s < failed.again_s
        if held is not None and now_s < held.usable_until_s:
            if now_s >= held.refresh_from_s and not lately:
                self._fetched()
            return held.token
        if failed is not None and lately and failed.is_ours_to_mend:
            raise TokenUnavailable(failed.failure)
        # Shielded: a caller that gives up must not take the token from the others.
        return (await asyncio.shield(self._fetched())).token

    def drop(self, refused: Secret) -> None:
        """Forget the token that Chase refused, unless it has been replaced already."""
        if self._held is not None and self._held.token == refused:
            self._held = None

    async def close(self) -> None:
        """End a fetch that is under way, and plan no other."""
        if self._timer is not None:
            self._timer.cancel()
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _fetched(self) -> asyncio.Task[_Held]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._replace())
            self._fetching.add_done_callback(self._fetch_ended)
        return self._fetching

    async def _replace(self) -> _Held:
        asked_s = self._boot_s()
        grant = await self._fetch()
        if not isinstance(grant, Grant):
            self._failed = _Failed(grant, self._boot_s())
            self._plan(self._failed.again_s)
            raise TokenUnavailable(grant)
        usable_s = grant.lifetime_s - min(_MARGIN_S, grant.lifetime_s * _MARGIN_SHARE)
        self._failed = None
        self._held = _Held(grant.token, asked_s + usable_s * _REFRESH_FROM_SHARE, asked_s + usable_s)
        self._plan(self._held.refresh_from_s)
        return self._held

    def _plan(self, refresh_s: float) -> None:
        """Fetch again at `refresh_s` though nobody asks: a sale after a quiet hour must not wait for a token."""
        if self._timer is not None:
            self._timer.cancel()
        if self._held is not None and refresh_s < self._held.usable_until_s:
            wait_s = min(refresh_s - self._boot_s(), _TIMER_MAX_S)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._fetched)

    def _fetch_ended(self, fetching: asyncio.Task[_Held]) -> None:
        self._fetching = None
        # A refresh in the background has nobody who waits for it; asking keeps asyncio from calling it forgotten.
        if not fetching.cancelled():
            fetching.exception()
