"""The mock's token endpoint: a client proves itself with its secret (RFC 6749, section 4.4)."""

import base64
import hmac
from typing import Final

from local.chase_simulator.credentials import Credential
from local.chase_simulator.exchange import Answer, Call, Refused
from local.chase_simulator.forms import Form, client_credentials_form
from local.chase_simulator.refusals import oauth_error
from local.chase_simulator.tokens import Tokens
from shared.payments.secret import Secret

# What Chase's mock endpoint answers when no scope is asked for.
_DEFAULT_SCOPE: Final = "jpm:payments:sandbox"


class ClientSecrets:
    """The route, over the clients that have a secret."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def issue(self, call: Call) -> Answer:
        """A token for a secret in a Basic header or in the form."""
        form = client_credentials_form(call)
        credential = self._client(call, form)
        granted = {
            "access_token": self._tokens.grant(credential),
            "scope": form.get("scope", _DEFAULT_SCOPE),
            "token_type": "Bearer",
            "expires_in": self._tokens.lifetime_s,
        }
        return Answer(200, granted, {"Cache-Control": "no-store"})

    def _client(self, call: Call, form: Form) -> Credential:
        for scheme in _SCHEMES:
            claimed = scheme(call, form)
            if claimed is not None:
                return self._verified(*claimed)
        raise Refused(oauth_error(401, "invalid_client", "Client authentication is missing"))

    def _verified(self, client_id: str, client_secret: Secret) -> Credential:
        for credential in self._tokens.credentials:
            known = credential.client_secret
            if known is None:
                continue
            same_id = _same(credential.client_id, client_id)
            if _same(known.reveal(), client_secret.reveal()) and same_id:
                return credential
        raise Refused(oauth_error(401, "invalid_client", "Client authentication failed"))


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
