"""The signed JWT that client testing and production take in place of a secret."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.chase.assertion import SignedAssertion, scheme_of
from shared.chase.endpoint import ChaseEndpoint
from shared.chase.oauth import ClientSecret, CredentialUnusable
from shared.payments.secret import Secret
from tests.chase.conftest import RESOURCE, THUMBPRINT
from tests.chase.desk import Desk, MakeDesk
from tests.chase.full_answers import A_DELAYED_SALE
from tests.chase.peer import TOKEN_PATH, Peer, answers, grants

TOKEN_URL = "https://idag2.example/adfs/oauth2/token"
NOW_S = 1_790_000_000.75


@pytest.fixture
def assertion(pem: str) -> SignedAssertion:
    return SignedAssertion(
        client_id="CC-1",
        token_url=TOKEN_URL,
        resource=RESOURCE,
        private_key=Secret(pem),
        key_id=THUMBPRINT,
        lifetime_s=300.0,
        now_s=lambda: NOW_S,
        new_id=iter(["one", "two"]).__next__,
    )


def in_pem(key: object) -> Secret:
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


async def test_the_form_names_us_the_resource_and_the_kind_of_proof(assertion: SignedAssertion) -> None:
    form = dict(await assertion.form())

    assert form.pop("client_assertion").count(".") == 2
    assert form == {
        "grant_type": "client_credentials",
        "client_id": "CC-1",
        "resource": RESOURCE,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert assertion.headers() == {}


async def test_the_header_names_the_certificate(assertion: SignedAssertion) -> None:
    token = (await assertion.form())["client_assertion"]

    assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": "RS256", "kid": THUMBPRINT}


async def test_the_claims_are_ours_for_that_url_for_five_minutes(
    assertion: SignedAssertion, rsa_key: RSAPrivateKey
) -> None:
    token = (await assertion.form())["client_assertion"]

    claims = jwt.decode(
        token, rsa_key.public_key(), algorithms=["RS256"], audience=TOKEN_URL, options={"verify_exp": False}
    )
    assert claims == {
        "iss": "CC-1",
        "sub": "CC-1",
        "aud": TOKEN_URL,
        "iat": 1_790_000_000,
        "exp": 1_790_000_300,
        "jti": "one",
    }


async def test_no_two_assertions_have_the_same_id(assertion: SignedAssertion) -> None:
    tokens = [(await assertion.form())["client_assertion"] for _ in range(2)]

    ids = [jwt.decode(token, options={"verify_signature": False})["jti"] for token in tokens]
    assert ids == ["one", "two"]


async def test_signing_does_not_hold_up_the_loop(assertion: SignedAssertion) -> None:
    turns = 0
    signing = asyncio.ensure_future(assertion.form())

    while not signing.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > 1


@pytest.mark.parametrize(
    "key",
    [
        Secret("-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----\n"),
        in_pem(ec.generate_private_key(ec.SECP256R1())),
        in_pem(generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505 - it must be refused
    ],
    ids=["garbage", "an elliptic curve's", "too short"],
)
async def test_a_key_that_cannot_sign_is_named_and_not_quoted(assertion: SignedAssertion, key: Secret) -> None:
    with pytest.raises(CredentialUnusable, match=r"^private_key: ") as refused:
        await replace(assertion, private_key=key).form()

    assert "MII" not in str(refused.value)


def test_an_endpoint_is_proved_to_by_what_it_has(endpoint: ChaseEndpoint, signing: dict[str, object]) -> None:
    schemes = [type(scheme_of(each)) for each in (endpoint, replace(endpoint, **signing))]

    assert schemes == [ClientSecret, SignedAssertion]


def test_the_heavy_library_is_not_imported_before_the_first_signature() -> None:
    code = "import sys, shared.chase.client; print([name for name in ('jwt', 'cryptography') if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"


class TestOverTheWire:
    async def test_the_token_endpoint_gets_the_whole_form_and_no_basic_header(
        self, make_desk: MakeDesk, chase: Peer, signing: dict[str, object], rsa_key: RSAPrivateKey
    ) -> None:
        await make_desk(**signing).client.warm()

        (call,) = chase.token_calls
        form = {name: value for name, (value,) in parse_qs(call.body.decode(), strict_parsing=True).items()}
        claims = jwt.decode(
            form["client_assertion"], rsa_key.public_key(), algorithms=["RS256"], audience=chase.url + TOKEN_PATH
        )
        assert (call.method, call.headers["content-type"]) == ("POST", "application/x-www-form-urlencoded")
        assert "authorization" not in call.headers
        assert set(form) == {"grant_type", "client_id", "resource", "client_assertion_type", "client_assertion"}
        assert (claims["iss"], claims["sub"], claims["exp"] - claims["iat"]) == ("CC-1", "CC-1", 300)

    async def test_sales_after_warm_up_fetch_no_token_and_open_no_connection(
        self, make_desk: MakeDesk, chase: Peer, signing: dict[str, object]
    ) -> None:
        desk = make_desk(**signing)
        chase.does(answers(200, A_DELAYED_SALE))
        await desk.client.warm()
        warm = (desk.client.connections_opened, chase.connections, desk.client.token_fetches)

        for _ in range(100):
            await desk.sells()

        assert (desk.client.connections_opened, chase.connections, desk.client.token_fetches) == warm

    async def test_a_token_that_is_refused_is_asked_for_once_more_with_a_new_assertion(
        self, make_desk: MakeDesk, chase: Peer, signing: dict[str, object]
    ) -> None:
        desk = make_desk(**signing)
        chase.does_with_tokens(grants("token-1"), grants("token-2"))
        chase.does(answers(401), answers(200, A_DELAYED_SALE))

        await desk.sells()

        assert [call.headers["authorization"] for call in chase.calls] == ["Bearer token-1", "Bearer token-2"]
        assert len({call.body for call in chase.token_calls}) == 2

    async def test_an_assertion_that_is_refused_stops_sales_without_asking_again_and_tells_a_person(
        self, make_desk: MakeDesk, chase: Peer, signing: dict[str, object]
    ) -> None:
        desk = make_desk(**signing)
        chase.does_with_tokens(answers(400, {"error": "invalid_grant", "error_description": "MSIS9622: no"}))

        outcomes = [await desk.sells() for _ in range(5)]

        assert {outcome.code for outcome in outcomes} == {"CREDENTIAL_REFUSED"}
        assert (len(chase.token_calls), chase.calls) == (1, [])
        assert set(desk.alarms.names) == {"chase_credential_refused"}

    async def test_a_key_that_cannot_sign_is_told_at_warm_up(
        self, make_desk: MakeDesk, chase: Peer, signing: dict[str, object]
    ) -> None:
        unusable = in_pem(ec.generate_private_key(ec.SECP256R1()))
        desk = make_desk(**signing | {"private_key": unusable})

        await desk.client.warm()

        ((name, fields),) = desk.alarms.heard
        assert (name, chase.token_calls) == ("chase_credential_refused", [])
        assert "private_key: must be an RSA key of 2048 bits or more" in str(fields["message"])


async def test_a_desk_without_a_grant_is_not_entitled(make_desk: MakeDesk, chase: Peer, desk: Desk) -> None:
    chase.does_with_tokens(answers(403, {"error": "access_denied"}))

    outcome = await desk.sells()

    assert (outcome.code, desk.alarms.names) == ("NOT_ENTITLED", ["chase_not_entitled"])
