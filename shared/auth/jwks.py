"""The keys that sign our callers' tokens: fetched when first needed, kept, and asked for again sparingly."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from shared.auth import key_document

if TYPE_CHECKING:
    from jwt import PyJWK

# An unknown key id costs nothing to make up: it may not become a request to the identity provider each time.
REFRESH_EVERY_S: Final = 60
# With no key at all nobody gets in, so a failed first fetch may not cost a minute.
FIRST_FETCH_EVERY_S: Final = 2
# Entra asks its clients to look for new keys every day.
KEYS_STALE_AFTER_S: Final = 24 * 3600


class JwksSource:
    """
    The RSA signing keys of one issuer, by key id.

    An unknown key id asks for them again, at most once a minute and never twice at once; keys older than a day are
    renewed behind the request that noticed. A failed refresh keeps the keys there are.
    """

    def __init__(self, url: str, *, fetch: Callable[[str], Awaitable[bytes]] = key_document.fetch) -> None:
        self._url = url
        self._fetch = fetch
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched_at_s: float | None = None
        self._asked_at_s: float | None = None
        self._refreshing: asyncio.Task[None] | None = None
        # Why the last refresh failed (a type's name, for our log), or None if it did not.
        self.failure: str | None = None

    async def key(self, key_id: str, now_s: float) -> "PyJWK | None":
        """The key of that id, or None if the issuer has none or cannot be asked now; `now_s` in epoch seconds."""
        found = self._keys.get(key_id)
        if found is not None:
            if not _within(KEYS_STALE_AFTER_S, self._fetched_at_s, now_s):
                self._refresh_unless_too_soon(now_s)
            return found
        refreshing = self._refresh_unless_too_soon(now_s)
        if refreshing is not None:
            # Shielded: a caller who hangs up must not end the fetch that others wait for.
            await asyncio.shield(refreshing)
        return self._keys.get(key_id)

    def _refresh_unless_too_soon(self, now_s: float) -> asyncio.Task[None] | None:
        """The refresh under way, else a new one, else None because the last was too recent."""
        if self._refreshing is not None and not self._refreshing.done():
            return self._refreshing
        if _within(REFRESH_EVERY_S if self._keys else FIRST_FETCH_EVERY_S, self._asked_at_s, now_s):
            return None
        self._asked_at_s = now_s
        self._refreshing = asyncio.create_task(self._refresh(now_s))
        return self._refreshing

    async def _refresh(self, now_s: float) -> None:
        from shared.auth import rs256  # noqa: PLC0415 - it costs a cold start 70 ms

        try:
            self._keys = rs256.signing_keys(await self._fetch(self._url))
        except Exception as error:  # whatever went wrong, the old keys are better than none
            self.failure = type(error).__name__
        else:
            self.failure, self._fetched_at_s = None, now_s


def _within(wait_s: float, since_s: float | None, now_s: float) -> bool:
    """Whether less than `wait_s` has passed. A clock that was set back counts as time passed: it must not block us."""
    return since_s is not None and 0 <= now_s - since_s < wait_s
