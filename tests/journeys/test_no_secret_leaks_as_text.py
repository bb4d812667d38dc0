"""What holds a secret prints without it, however somebody prints it; no error of a wrong setting quotes its value."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from functions._http import Call
from functions._requests import SaleBody
from local.chase_simulator import Credential
from local.http_messages import request_of
from shared.auth.hmac_signature import HmacKey
from shared.chase.endpoint import ChaseEndpoint
from shared.chase.sending import Message, Reply
from shared.payments.secret import Secret
from shared.settings import Settings, SettingsError
from shared.telemetry import RecordedTelemetry
from shared.use_cases.sale import SaleCall
from tests.builders import VISA, a_card, a_sale_body, a_sale_request, a_submitted_payment
from tests.house import House
from tests.journeys.hunt import Hunt
from tests.journeys.sinks import Sinks
from tests.journeys.watch import CVV, a_hunt

SALE = a_sale_body(method={"type": "card", "number": VISA, "expiry": {"month": 5, "year": 2029}, "cvv": CVV})
BODY = json.dumps(SALE).encode()


@pytest.fixture
def sinks(tmp_path: Path) -> Sinks:
    return Sinks(tmp_path, RecordedTelemetry())


@pytest.fixture
def hunt(house: House) -> Hunt:
    hunt = a_hunt()
    hunt.key("the HMAC key", house.keys.hmac_key.reveal())
    hunt.key("the fingerprint key", house.keys.fingerprint_key.reveal())
    hunt.key("the audit key", house.keys.audit_key.reveal())
    hunt.key("the instrument key", house.keys.instrument_key.reveal())
    hunt.key("Chase's client secret", house.keys.chase_client_secret.reveal())
    hunt.key("the token signing key", house.keys.signing_key.reveal())
    return hunt


async def test_what_holds_a_secret_prints_without_it(house: House, sinks: Sinks, hunt: Hunt) -> None:
    caller = await house.services.authenticator.authenticate(house.bearer()["Authorization"], "GET", "/", b"")
    body = house.services.fingerprints.of(BODY)
    request = a_sale_request(method=a_card(VISA, cvv=Secret(CVV)))
    http = await request_of({"type": "http", "method": "POST", "headers": [], "query_string": b""}, _receive, "/", {})
    secret = house.keys.chase_client_secret
    holders = [
        *(Secret(VISA), request, request.method, SaleCall(request, "ctp", "attempt-1", body), body, body.fingerprint),
        *(a_submitted_payment(method=request.method), house.settings, house.settings.hmac_callers, house.keys),
        *(house.services, house.services.fingerprints, house.services.sale, house.services.authenticator, caller),
        HmacKey(house.keys.hmac_key, "ctp", frozenset(), None),
        ChaseEndpoint("http://127.0.0.1", "http://127.0.0.1", "local-ctp", secret, "scope"),
        Message("POST", "http://127.0.0.1", {"Authorization": f"Bearer {secret.reveal()}"}, body=BODY),
        Reply(200, BODY),
        Credential("live", "local-ctp", secret, frozenset()),
        *(http, Call(http, caller, house.services), _parsed()),
    ]

    for holder in holders:
        sinks.value(holder)

    assert hunt.leaks(sinks.texts()) == []


async def _receive() -> dict[str, object]:
    return {"type": "http.request", "body": BODY}


def _parsed() -> BaseModel:
    return SaleBody.model_validate(SALE)


def _wrong_settings(house: House) -> Iterator[dict[str, str]]:
    key = house.keys.fingerprint_key.reveal()
    for spoiled in (f"\ufeff{key}", f"{key} ", key[:-5], f"{key}{key}"):
        yield {"FINGERPRINT_KEYS": json.dumps({"local": spoiled})}
        yield {"HMAC_CALLERS": json.dumps({"ctp": {"keys": {"k": spoiled}, "roles": [], "billers": "*"}})}
    yield {"FINGERPRINT_KEYS": key}
    yield {"FINGERPRINT_KEYS": json.dumps([key])}
    yield {"HMAC_CALLERS": json.dumps({"ctp": {"keys": key, "roles": [], "billers": "*"}})}
    yield {"CHASE_BASE_URL": f"http://{key}"}
    yield {"MERCHANTS": key}


async def test_an_error_of_a_wrong_setting_names_it_without_its_value(house: House, sinks: Sinks, hunt: Hunt) -> None:
    good = {
        "APP_ENVIRONMENT": "local",
        "SQLITE_PATH": "payments.sqlite3",
        "CHASE_BASE_URL": "http://127.0.0.1",
        "CHASE_TOKEN_URL": "http://127.0.0.1",
        "CHASE_CLIENT_ID": "local-ctp",
        "CHASE_CLIENT_SECRET": house.keys.chase_client_secret.reveal(),
        "MERCHANTS": "{}",
        "FINGERPRINT_KEYS": "{}",
        "JWT_ISSUER": "issuer",
        "JWT_AUDIENCE": "audience",
        "JWT_JWKS_URL": "http://127.0.0.1",
    }

    for wrong in _wrong_settings(house):
        with pytest.raises(SettingsError, match=next(iter(wrong))) as raised:
            Settings.from_environment({**good, **wrong})
        # Its frames hold the whole environment, as they must.
        sinks.exception(raised.value, with_locals=False)

    assert hunt.leaks(sinks.texts()) == []
