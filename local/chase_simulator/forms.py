"""What both token endpoints ask of a request before they look at who sends it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from local.chase_simulator.exchange import Call, Refused
from local.chase_simulator.refusals import oauth_error

_FORM: Final = "application/x-www-form-urlencoded"

Form = Mapping[str, str]


def client_credentials_form(call: Call) -> Form:
    """The fields of a request for the client-credentials grant. Raises Refused."""
    if call.headers.get("Content-Type", "").partition(";")[0].strip().lower() != _FORM:
        raise Refused(oauth_error(400, "invalid_request", f"the body must be {_FORM}"))
    form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    if form.get("grant_type") != "client_credentials":
        raise Refused(oauth_error(400, "unsupported_grant_type", "grant_type must be client_credentials"))
    return form
