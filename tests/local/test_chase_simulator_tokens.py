"""Tokens: who gets one, how long it is good for, and what it proves."""

import aiohttp
import pytest

from local.chase_simulator import ChaseSimulator, Credential
from shared.payments.secret import Secret
from tests.local.chase_calls import LIVE, LIVE_MERCHANT, TEST, TEST_MERCHANT, Merchant
from tests.local.conftest import Running


async def test_a_token_is_issued_for_the_secret_in_a_basic_header(simulator, session) -> None:
    header = aiohttp.encode_basic_auth(TEST.client_id, TEST.client_secret.reveal())
    form = {"grant_type": "client_credentials", "scope": "jpm:payments:sandbox"}

    async with session.post(simulator.token_url, data=form, headers={"Authorization": header}) as response:
        body = await response.json()

    assert response.status == 200
    assert body.pop("access_token")
    assert body == {"scope": "jpm:payments:sandbox", "token_type": "Bearer", "expires_in": 3599}


async def test_a_token_is_issued_for_the_secret_in_the_form_body(simulator, session) -> None:
    answered = await Merchant(simulator, session).ask_token()

    assert answered.status == 200
    assert answered.body["expires_in"] == 3599


@pytest.mark.parametrize(
    "form",
    [
        {"client_secret": "another-secret"},
        {"client_id": "another-client"},
        {"client_secret": LIVE.client_secret.reveal()},
        {"client_secret": ""},
    ],
    ids=["wrong secret", "wrong client", "another client's secret", "no secret"],
)
async def test_a_client_that_cannot_prove_itself_gets_no_token(simulator, session, form) -> None:
    answered = await Merchant(simulator, session).ask_token(**form)

    assert answered.status == 401
    assert answered.body["error"] == "invalid_client"


@pytest.mark.parametrize("header", ["Basic !!!", "Basic " + "Zm9vOmJhcg==", "Basic gICA"])
async def test_a_bad_basic_header_gets_no_token(simulator, session, header) -> None:
    form = {"grant_type": "client_credentials"}

    async with session.post(simulator.token_url, data=form, headers={"Authorization": header}) as response:
        body = await response.json()

    assert (response.status, body["error"]) == (401, "invalid_client")


async def test_a_client_that_names_itself_nowhere_gets_no_token(simulator, session) -> None:
    async with session.post(simulator.token_url, data={"grant_type": "client_credentials"}) as response:
        assert response.status == 401


async def test_only_the_client_credentials_grant_is_known(simulator, session) -> None:
    answered = await Merchant(simulator, session).ask_token(grant_type="password")

    assert (answered.status, answered.body["error"]) == (400, "unsupported_grant_type")


async def test_a_token_request_must_be_a_form(simulator, session) -> None:
    async with session.post(simulator.token_url, json={"grant_type": "client_credentials"}) as response:
        body = await response.json()

    assert (response.status, body["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer not-a-token", "Basic dGVzdDp0ZXN0"])
async def test_the_gateway_refuses_a_call_without_a_good_token(merchant, header) -> None:
    answered = await merchant.pay("request-1", Authorization=header)

    assert answered.status == 401
    assert answered.body["error"] == "invalid_token"
    assert "error_description" in answered.body
    assert merchant.simulator.books() == []


async def test_an_expired_token_is_refused(running: Running, session) -> None:
    async with running(token_lifetime_s=0) as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        answered = await merchant.pay("request-1")

    assert (answered.status, answered.body["error_description"]) == (401, "Access token expired")


async def test_a_token_says_how_long_it_lasts(running: Running, session) -> None:
    async with running(token_lifetime_s=120) as simulator:
        answered = await Merchant(simulator, session).ask_token()

    assert answered.body["expires_in"] == 120


async def test_moving_the_clock_ends_no_token(merchant, clock) -> None:
    await clock.advance(24 * 3600)

    assert (await merchant.pay("request-1")).status == 200


async def test_a_revoked_token_is_refused(merchant) -> None:
    merchant.simulator.revoke_tokens()

    assert (await merchant.pay("request-1")).status == 401


async def test_a_token_outlives_a_restart(running: Running, session) -> None:
    async with running() as before:
        merchant = Merchant(before, session)
        await merchant.sign_in()

    async with running() as after:
        merchant.simulator = after
        answered = await merchant.pay("request-1")

    assert answered.status == 200


async def test_the_token_of_a_client_that_is_gone_is_refused(running: Running, session) -> None:
    async with running() as before:
        merchant = Merchant(before, session)
        await merchant.sign_in()

    async with running(credentials=[LIVE]) as after:
        merchant.simulator = after
        answered = await merchant.pay("request-1")

    assert answered.status == 401


@pytest.mark.parametrize(
    ("credential", "merchant_id", "environment"),
    [(LIVE, LIVE_MERCHANT, "live"), (TEST, TEST_MERCHANT, "test")],
    ids=["live", "test"],
)
async def test_credential_and_merchant_id_together_tell_the_environment(
    simulator: ChaseSimulator, session, credential, merchant_id, environment
) -> None:
    merchant = Merchant(simulator, session, credential, merchant_id)
    await merchant.sign_in()

    await merchant.pay("request-1")

    assert [entry["environment"] for entry in simulator.books()] == [environment]


@pytest.mark.parametrize(
    ("credential", "merchant_id"),
    [(LIVE, TEST_MERCHANT), (TEST, LIVE_MERCHANT), (TEST, "000000000000")],
    ids=["live client, test merchant", "test client, live merchant", "nobody's merchant"],
)
async def test_a_mixture_of_environments_is_refused(simulator, session, credential, merchant_id) -> None:
    merchant = Merchant(simulator, session, credential, merchant_id)
    await merchant.sign_in()

    answered = await merchant.pay("request-1")

    assert answered.status == 403
    assert answered.body["responseCode"] == "UNAUTHORIZED"
    assert answered.body["responseMessage"].startswith("Incorrect combination")
    assert simulator.books() == []


async def test_a_merchant_id_cannot_stand_in_both_environments(running: Running) -> None:
    twofold = Credential("live", "live-client", Secret("live-client-secret"), frozenset({TEST_MERCHANT}))

    with pytest.raises(ValueError, match="both environments"):
        async with running(credentials=[TEST, twofold], books=":memory:"):
            pass
