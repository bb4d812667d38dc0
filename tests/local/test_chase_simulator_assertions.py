"""Tokens for signed assertions: what is verified, and how Chase says no."""

import json
import time
from collections.abc import AsyncIterator

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.chase_simulator import ChaseSimulator
from tests.local.chase_assertions import (
    CLIENT_ID,
    MERCHANT_ID,
    RESOURCE,
    THUMBPRINT,
    a_key,
    a_signing_client,
    a_token_form,
    an_assertion,
    public_pem,
)
from tests.local.chase_calls import TEST, Answered, Merchant, a_payment
from tests.local.conftest import Running


@pytest.fixture
async def simulator(running: Running) -> AsyncIterator[ChaseSimulator]:
    async with running(credentials=[TEST, a_signing_client()]) as simulator:
        yield simulator


async def ask(simulator: ChaseSimulator, session: aiohttp.ClientSession, form: dict[str, str]) -> Answered:
    async with session.post(simulator.assertion_token_url, data=form) as response:
        return Answered(response.status, await response.json(), response.headers)


async def test_a_token_is_issued_for_a_signed_assertion(simulator, session) -> None:
    answered = await ask(simulator, session, a_token_form(an_assertion(simulator)))

    assert answered.status == 200
    assert answered.body.pop("access_token")
    assert answered.body == {"token_type": "bearer", "expires_in": 3599}
    assert answered.headers["Cache-Control"] == "no-store"


async def test_the_token_is_the_clients_and_no_other_merchants(simulator, session) -> None:
    token = (await ask(simulator, session, a_token_form(an_assertion(simulator)))).body["access_token"]
    merchant = Merchant(simulator, session, merchant_id=MERCHANT_ID, token=token)

    own, of_another = (
        await merchant.pay("request-1"),
        await merchant.pay("request-2", **{"merchant-id": "998482157630"}),
    )

    assert (own.status, of_another.status) == (200, 403)
    assert [entry["environment"] for entry in simulator.books()] == ["live"]


async def test_the_public_key_may_be_a_jwk(running: Running, session) -> None:
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(a_key().public_key()))

    async with running(credentials=[a_signing_client(public_key=jwk)]) as simulator:
        answered = await ask(simulator, session, a_token_form(an_assertion(simulator)))

    assert answered.status == 200


async def test_a_secret_serves_beside_a_key_each_at_its_own_endpoint(simulator, session) -> None:
    by_secret = await Merchant(simulator, session).ask_token()
    at_the_wrong_one = await Merchant(simulator, session).ask_token(client_id=CLIENT_ID, client_secret="")

    assert (by_secret.status, at_the_wrong_one.status) == (200, 401)


NOW_S = int(time.time())


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "CC-another"},
        {"iss": None},
        {"sub": "CC-another"},
        {"sub": None},
        {"aud": "https://idag2.jpmorganchase.com/adfs/oauth2/token"},
        {"aud": None},
        {"exp": NOW_S - 1},
        {"exp": None},
        {"exp": NOW_S + 300.5},
        {"exp": "tomorrow"},
        {"exp": 10**12},
        {"iat": NOW_S + 3600, "exp": NOW_S + 7200},
        {"iat": NOW_S + 50, "exp": NOW_S + 40},
        {"iat": None},
        {"iat": True},
        {"jti": None},
        {"jti": ""},
        {"jti": "j" * 201},
        {"headers": {}},
        {"headers": {"kid": THUMBPRINT.lower()}},
        {"headers": {"kid": ":".join(THUMBPRINT[i : i + 2] for i in range(0, 40, 2))}},
        {"key": a_key("somebody else's")},
        {"key": "k" * 64, "algorithm": "HS256"},
        {"key": a_key(), "algorithm": "RS512"},
        {"key": a_key(), "algorithm": "PS256"},
    ],
    # Not their times: a test has the same name in every run.
    ids=",".join,
)
async def test_an_assertion_that_is_wrong_in_one_thing_is_refused(simulator, session, wrong) -> None:
    answered = await ask(simulator, session, a_token_form(an_assertion(simulator, **wrong)))

    assert answered.status == 400
    assert answered.body == {"error": "invalid_grant", "error_description": "MSIS9622: Client authentication failed."}


@pytest.mark.parametrize("path", ["", "/", "?x=1"])
async def test_the_audience_is_the_token_url_to_the_letter(simulator, session, path) -> None:
    audience = f"{simulator.assertion_token_url}{path}"

    answered = await ask(simulator, session, a_token_form(an_assertion(simulator, aud=audience)))

    assert answered.status == (400 if path else 200)


async def test_a_list_of_audiences_is_not_the_token_url(simulator, session) -> None:
    assertion = an_assertion(simulator, aud=[simulator.assertion_token_url])

    assert (await ask(simulator, session, a_token_form(assertion))).status == 400


async def test_the_audience_is_what_the_client_knows_the_endpoint_by(running: Running, session) -> None:
    known_as = "http://simulator:7073/adfs/oauth2/token"

    async with running(credentials=[a_signing_client(audience=known_as)]) as simulator:
        by_its_name = await ask(simulator, session, a_token_form(an_assertion(simulator, aud=known_as)))
        by_another = await ask(simulator, session, a_token_form(an_assertion(simulator)))

    assert (by_its_name.status, by_another.status) == (200, 400)


@pytest.mark.parametrize("assertion", ["", "a.b.c", "no token"])
async def test_what_is_no_jwt_is_refused(simulator, session, assertion) -> None:
    answered = await ask(simulator, session, a_token_form(assertion))

    assert (answered.status, answered.body["error"]) == (400, "invalid_grant")


async def test_an_unsigned_assertion_is_refused(simulator, session) -> None:
    claims = jwt.decode(an_assertion(simulator), options={"verify_signature": False})
    unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": THUMBPRINT})

    assert (await ask(simulator, session, a_token_form(unsigned))).status == 400


async def test_an_unknown_client_is_refused_as_a_known_one_would_be(simulator, session) -> None:
    form = a_token_form(an_assertion(simulator), client_id="CC-another")

    answered = await ask(simulator, session, form)

    assert (answered.status, answered.body["error"]) == (400, "invalid_grant")


async def test_an_assertion_is_good_once_and_a_restart_does_not_forget_it(running: Running, session) -> None:
    async with running(credentials=[a_signing_client(audience="http://here")]) as before:
        form = a_token_form(an_assertion(before, aud="http://here"))
        first, again = await ask(before, session, form), await ask(before, session, form)

    async with running(credentials=[a_signing_client(audience="http://here")]) as after:
        later = await ask(after, session, form)

    assert (first.status, again.status, later.status) == (200, 400, 400)


@pytest.mark.parametrize("resource", ["", "JPMC:URI:RS-000000-00000-HelixAPIEntitlementsCAT-PROD"])
async def test_a_resource_that_the_client_is_not_entitled_to_is_forbidden(simulator, session, resource) -> None:
    answered = await ask(simulator, session, a_token_form(an_assertion(simulator), resource=resource))

    assert (answered.status, answered.body["error"]) == (403, "access_denied")


@pytest.mark.parametrize(
    ("changed", "error"),
    [({"grant_type": "password"}, "unsupported_grant_type"), ({"client_assertion_type": "jwt"}, "invalid_request")],
)
async def test_another_kind_of_request_is_refused(simulator, session, changed, error) -> None:
    answered = await ask(simulator, session, a_token_form(an_assertion(simulator), **changed))

    assert (answered.status, answered.body["error"]) == (400, error)


async def test_moving_the_clock_spoils_no_assertion(simulator, session, clock) -> None:
    await clock.advance(30 * 24 * 3600)

    assert (await ask(simulator, session, a_token_form(an_assertion(simulator)))).status == 200


async def test_how_long_tokens_last_can_be_changed_while_it_runs(simulator, session) -> None:
    simulator.expire_tokens_after(0)

    answered = await ask(simulator, session, a_token_form(an_assertion(simulator)))
    merchant = Merchant(simulator, session, merchant_id=MERCHANT_ID, token=answered.body["access_token"])

    assert answered.body["expires_in"] == 0
    assert (await merchant.pay("request-1", a_payment())).status == 401


async def test_this_endpoint_meets_the_faults_of_tokens(simulator, session) -> None:
    simulator.fault("token", "http_503")

    met = await ask(simulator, session, a_token_form(an_assertion(simulator)))

    assert met.status == 503
    assert simulator.calls == {"token": 1}


@pytest.mark.parametrize(
    "changed", [{"thumbprint": ""}, {"thumbprint": THUMBPRINT.lower()}, {"thumbprint": "AB" * 19}, {"resource": ""}]
)
def test_a_key_without_thumbprint_or_resource_is_no_credential(changed) -> None:
    with pytest.raises(ValueError, match="40 upper-case hex"):
        a_signing_client(**changed)


def test_a_key_that_is_not_rsa_is_no_credential() -> None:
    key = generate_private_key(SECP256R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    for wrong in (pem, "no PEM", {"kty": "EC"}, {}):
        with pytest.raises(ValueError, match="RSA"):
            a_signing_client(public_key=wrong)


def test_a_credential_shows_no_secret() -> None:
    assert "test-client-secret" not in repr(TEST)
    assert RESOURCE in repr(a_signing_client(public_key=public_pem(a_key())))
