"""Bearer tokens: granting one, and what it proves. How a client asks for one: client_secrets, assertions."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from local.chase_simulator.books import Books
from local.chase_simulator.credentials import Credential
from local.chase_simulator.exchange import Call, Refused
from local.chase_simulator.records import TokenRecord
from local.chase_simulator.refusals import invalid_token


class Tokens:
    """
    Grants bearer tokens and knows them again, after a restart too: their digests are in the books.

    `real_now` is time that nobody moves: a clock moved for payments must not end a client's authentication.
    """

    def __init__(
        self, books: Books, credentials: Iterable[Credential], *, real_now: Callable[[], datetime], lifetime_s: int
    ) -> None:
        self._books = books
        self.credentials = tuple(credentials)
        self.real_now = real_now
        self.lifetime_s = lifetime_s

    def grant(self, credential: Credential) -> str:
        """A new token, good for `lifetime_s`."""
        token, now = secrets.token_urlsafe(48), self.real_now()
        expires_at = now + timedelta(seconds=self.lifetime_s)
        kept = TokenRecord(_digest(token), credential.client_id, credential.environment, expires_at)
        self._books.keep_token(kept, now=now)
        return token

    def bearer(self, call: Call) -> Credential:
        """Whose token the call carries. Raises Refused with the gateway's 401."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(invalid_token("Missing access token"))
        record = self._books.token(_digest(token))
        if record is None:
            raise Refused(invalid_token("Invalid access token"))
        if record.expires_at <= self.real_now():
            raise Refused(invalid_token("Access token expired"))
        return self._of(record)

    def _of(self, record: TokenRecord) -> Credential:
        for credential in self.credentials:
            if (credential.environment, credential.client_id) == (record.environment, record.client_id):
                return credential
        raise Refused(invalid_token("Invalid access token"))


def _digest(token: str) -> str:
    """A token is 48 random bytes: its bare digest cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()
