"""A signed JWT in place of a client secret (RFC 7523): client testing and production take nothing else."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.chase.endpoint import ChaseEndpoint
from shared.chase.oauth import ClientSecret, CredentialUnusable, Scheme
from shared.payments.secret import Secret

_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class SignedAssertion:
    """
    Proves who we are by an assertion of our own, signed anew for each fetch.

    `token_url` is whom it is for, character by character as it is called; `key_id` the certificate's SHA-1 thumbprint;
    `now_s` the real time in epoch seconds; `new_id` makes the assertion's own id, never twice the same.
    """

    client_id: str
    token_url: str
    resource: str
    private_key: Secret
    key_id: str
    lifetime_s: float
    # No laptop moves this clock: authentication goes by the real time.
    now_s: Callable[[], float] = time.time
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())

    def headers(self) -> Mapping[str, str]:
        return {}

    async def form(self) -> Mapping[str, str]:
        """Raises CredentialUnusable if the private key is none of RSA."""
        # In a thread: the library takes 70 ms to import and a signature 1 ms, and sales may be going on meanwhile.
        assertion = await asyncio.to_thread(self._signed)
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "resource": self.resource,
            "client_assertion_type": _TYPE,
            "client_assertion": assertion.reveal(),
        }

    def _signed(self) -> Secret:
        from shared.chase import signing  # noqa: PLC0415 - it costs a cold start 70 ms

        issued_s = int(self.now_s())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.token_url,
            "iat": issued_s,
            "exp": issued_s + int(self.lifetime_s),
            "jti": self.new_id(),
        }
        try:
            return signing.signed(claims, key_id=self.key_id, private_key=self.private_key)
        except ValueError as error:
            raise CredentialUnusable(str(error)) from None


def scheme_of(endpoint: ChaseEndpoint) -> Scheme:
    """The scheme that the endpoint has a credential for."""
    if endpoint.client_secret is not None:
        return ClientSecret(endpoint.client_id, endpoint.client_secret, endpoint.scope)
    assert endpoint.private_key is not None, "an endpoint has one of the two"
    return SignedAssertion(
        client_id=endpoint.client_id,
        token_url=endpoint.token_url,
        resource=endpoint.resource or "",
        private_key=endpoint.private_key,
        key_id=endpoint.certificate_thumbprint or "",
        lifetime_s=endpoint.assertion_lifetime_s,
    )
