"""Where Chase is and how patiently we speak to it: plain values, so that this room knows no settings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.payments.secret import Secret

# Chase's guidance for production is 8 h at most.
ASSERTION_LIFETIME_MAX_S: Final = 8 * 3600.0
# Shorter, and clocks that differ by seconds would make it old before it is read.
ASSERTION_LIFETIME_MIN_S: Final = 60.0

_THUMBPRINT: Final = re.compile(r"[0-9A-F]{40}")
_PEM: Final = re.compile(r"\s*-----BEGIN ((?:RSA )?PRIVATE KEY)-----\s[A-Za-z0-9+/=\s]+-----END \1-----\s*")


@dataclass(frozen=True, slots=True)
class ChaseEndpoint:
    """
    Chase's addresses, our credential there, and the limits of a call; all times in seconds.

    The credential is either `client_secret` with `scope` (Chase's mock), or `private_key` (RSA, PEM, unencrypted) with
    `certificate_thumbprint` (SHA-1 of its certificate, 40 upper-case hex digits) and `resource`
    (JPMC:URI:RS-...): client testing and production. `assertion_lifetime_s`: a signed assertion is made for one fetch
    and used at once, so it lives just long enough for clocks that differ by minutes.

    `pool_timeout_s` bounds the wait for a connection, a new one's connect included; `keepalive_s` must be shorter than
    the time after which Chase closes an idle connection. `lookup_parameter` names the query that finds a payment by its
    request-id: published sources differ about it. `pinned_to` are the only hosts that anything is sent to; None: those
    of the two addresses.

    Raises ValueError, which names every field that is wrong and no value.
    """

    base_url: str
    token_url: str
    client_id: str
    client_secret: Secret | None = None
    scope: str = "jpm:payments:sandbox"
    private_key: Secret | None = None
    certificate_thumbprint: str | None = None
    resource: str | None = None
    assertion_lifetime_s: float = 300.0
    lookup_parameter: str = "requestIdentifier"
    connect_timeout_s: float = 5.0
    pool_timeout_s: float = 5.0
    read_timeout_s: float = 75.0
    keepalive_s: float = 15.0
    connections_max: int = 256
    pinned_to: frozenset[str] | None = None

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))

    def _problems(self) -> Iterator[str]:
        if not self.client_id:
            yield "client_id: is missing"
        if (self.client_secret is None) == (self.private_key is None):
            yield "client_secret, private_key: give exactly one of the two"
        elif self.private_key is None:
            yield from self._problems_with_a_secret()
        else:
            yield from self._problems_with_a_key(self.private_key)

    def _problems_with_a_secret(self) -> Iterator[str]:
        if not self.scope:
            yield "scope: is missing"
        for name in ("certificate_thumbprint", "resource"):
            if getattr(self, name):
                yield f"{name}: goes with private_key, not with client_secret"

    def _problems_with_a_key(self, private_key: Secret) -> Iterator[str]:
        # That it is an RSA key is seen when it first signs, off the cold path: reading it needs a heavy library.
        if not _PEM.fullmatch(private_key.reveal()):
            yield "private_key: must be one unencrypted private key in PEM, with its line ends"
        if not _THUMBPRINT.fullmatch(self.certificate_thumbprint or ""):
            yield "certificate_thumbprint: must be the certificate's SHA-1 as 40 upper-case hex digits without colons"
        if not self.resource:
            yield "resource: is missing (JPMC:URI:RS-...)"
        if not ASSERTION_LIFETIME_MIN_S <= self.assertion_lifetime_s <= ASSERTION_LIFETIME_MAX_S:
            least, most = ASSERTION_LIFETIME_MIN_S, ASSERTION_LIFETIME_MAX_S
            yield f"assertion_lifetime_s: must be {least:g} to {most:g} seconds"
