"""
The ledger service to come, over HTTP: `PUT {LEDGER_URL}/postings/{id}`. docs/ledger.md is its contract.

Nobody owns that service yet. The contract is ours to propose: idempotent by the posting's id, entries included, so that
it needs no rule of ours to book them.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import aiohttp

from shared.payments.journal import entries_of
from shared.payments.posting import LedgerRefused, LedgerUnavailable, Posting
from shared.payments.secret import Secret

VERSION: Final = 1

# 409: the id is booked already, which is what was asked for.
_BOOKED_ALREADY: Final = 409
_REFUSED: Final = frozenset({400, 422})
# An answer has nothing that we need; so much of it is read, so that its connection can be used again.
_ANSWER_READ_MAX: Final = 64 * 1024


class HttpLedger:
    """
    A ledger behind HTTP. Fits `use_cases.ports.Ledger`. `url` is without its trailing slash; `timeout_s` bounds a call.

    The session is made lazily on the running loop and closed by `close()`. No redirect is followed (the token would go
    with it), no proxy or credential taken from the environment, no cookie kept.
    """

    def __init__(self, url: str, *, token: Secret | None, timeout_s: float) -> None:
        self._url, self._token, self._timeout_s = url, token, timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def post(self, posting: Posting) -> None:
        """Raises LedgerRefused, or LedgerUnavailable for whatever leaves it open whether the posting is booked."""
        status = await self._status(posting)
        if 200 <= status < 300 or status == _BOOKED_ALREADY:
            return
        if status in _REFUSED:
            raise LedgerRefused(f"the ledger refused posting {posting.id} ({status})")
        raise LedgerUnavailable(f"the ledger answered {status}")

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _status(self, posting: Posting) -> int:
        try:
            # aiohttp sends a PUT again, once, over an idle connection that was dropped: harmless, by the posting's id.
            async with self._opened().put(
                f"{self._url}/postings/{posting.id}",
                data=json.dumps(body(posting), separators=(",", ":")).encode(),
                headers=self._headers(posting),
                allow_redirects=False,
            ) as response:
                await response.content.read(_ANSWER_READ_MAX)
                return response.status
        except Exception as error:  # whatever it was: nothing is known, and its text may quote what was sent
            raise LedgerUnavailable(f"the ledger did not answer ({type(error).__name__})") from None

    def _headers(self, posting: Posting) -> Mapping[str, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": posting.id}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return headers

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


def body(posting: Posting) -> Mapping[str, Any]:
    """The posting as the contract words it: amounts in minor units, `at` in UTC with milliseconds."""
    entries = [
        {
            "line": line,
            "account": entry.account,
            "debitMinor": entry.debit_minor,
            "creditMinor": entry.credit_minor,
            "currency": entry.currency,
        }
        for line, entry in enumerate(entries_of(posting), start=1)
    ]
    return {
        "version": VERSION,
        "id": posting.id,
        "paymentId": posting.payment_id,
        "billerId": posting.biller_id,
        "kind": posting.kind,
        "amountMinor": posting.amount.amount_minor,
        "currency": posting.amount.currency,
        "at": _time(posting.at),
        "entries": entries,
    }


def _time(at: datetime) -> str:
    return f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
