"""Whatever stands in an Authorization header: a caller, or Unauthenticated; and nobody without the key."""

import asyncio
import base64
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from shared.auth.authenticator import Authenticator
from shared.auth.caller import Caller, Role
from shared.auth.hmac_signature import HmacKey, HmacVerifier, sign, string_to_sign
from shared.auth.jwks import JwksSource
from shared.auth.jwt_bearer import JwtVerifier
from shared.payments.errors import Unauthenticated
from shared.payments.secret import Secret
from tests.auth.conftest import NOW_S, Clock, Issuer, KeyServer
from tests.fuzz.counting import TRIED, fuzz
from tests.fuzz.inputs import NASTY, damaged

KEY = Secret(base64.b64encode(b"k" * 32).decode())
PATH, BODY = "/api/v1/payments", b"{}"
SIGNATURE = sign(KEY, string_to_sign("POST", PATH, "", NOW_S, "nonce-1", BODY))
SIGNED = f"IC-HMAC-SHA256 keyId=ctp-a,timestamp={NOW_S},nonce=nonce-1,signature={SIGNATURE}"
SCHEMES = st.sampled_from(["Bearer ", "bearer ", "IC-HMAC-SHA256 ", "Basic ", ""])
TEXTS = st.text(st.characters(exclude_categories=()), max_size=200)
URLS = st.sampled_from([PATH, f"{PATH}?", "", "//", "https://h/%zz"]) | TEXTS


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer("key-1", generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture(scope="module")
def authenticator(issuer: Issuer) -> Authenticator:
    jwks = JwksSource("https://login.example.com/keys", fetch=KeyServer(issuer.public_key))
    verifier = JwtVerifier(jwks=jwks, issuer=issuer.url, audience=issuer.audience, now_s=Clock())
    signer = HmacVerifier({"ctp-a": HmacKey(KEY, "ctp", frozenset({Role.WRITE}), None)}, Clock())
    return Authenticator(verifier, signer, "enforce", lambda _reason: None)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def asked(loop: asyncio.Runner, door: Authenticator, header: str, url: str, body: bytes) -> Caller | None:
    """Who it is; None where nobody is let in."""
    try:
        return loop.run(door.authenticate(header, "POST", url, body))
    except Unauthenticated:
        return None


@fuzz()
@given(header=st.builds(str.__add__, SCHEMES, TEXTS), url=URLS, body=NASTY | st.binary(max_size=50))
def test_anything_at_all_lets_nobody_in(authenticator, loop, header: str, url: str, body: bytes) -> None:
    TRIED["authenticator: any header"] += 1

    assert asked(loop, authenticator, header, url, body) is None


@fuzz()
@given(data=st.data())
def test_a_good_signature_with_anything_wrong_in_it_lets_nobody_in(authenticator, loop, data: st.DataObject) -> None:
    TRIED["authenticator: damaged signatures"] += 1
    header = data.draw(damaged(SIGNED.encode())).decode("latin-1")

    caller = asked(loop, authenticator, header, PATH, BODY)

    # Order, case of the scheme and one space after a comma mean nothing; the four values do.
    assert caller is None or values_of(header) == values_of(SIGNED)


@fuzz()
@given(url=URLS, body=st.binary(max_size=50))
def test_a_good_signature_of_another_request_lets_nobody_in(authenticator, loop, url: str, body: bytes) -> None:
    TRIED["authenticator: signatures of another request"] += 1

    assert asked(loop, authenticator, SIGNED, url, body + b"!") is None


@fuzz()
@given(data=st.data())
def test_a_good_token_with_anything_wrong_in_it_lets_nobody_in(
    authenticator, loop, issuer: Issuer, data: st.DataObject
) -> None:
    TRIED["authenticator: damaged tokens"] += 1
    token = issuer.token()
    header = f"Bearer {data.draw(damaged(token.encode())).decode('latin-1')}"

    caller = asked(loop, authenticator, header, PATH, BODY)

    # The last character of base64 may hold bits that mean nothing; what it says must be what was signed.
    assert caller is None or header.rpartition(".")[0] == f"Bearer {token}".rpartition(".")[0]


@fuzz()
@given(header=st.binary(max_size=60) | NASTY, payload=st.binary(max_size=120) | NASTY)
def test_a_token_of_anything_well_signed_makes_no_caller_of_nonsense(
    authenticator, loop, issuer: Issuer, header: bytes, payload: bytes
) -> None:
    TRIED["authenticator: tokens of nonsense, well signed"] += 1
    known = b'{"alg":"RS256","kid":"key-1"}'

    for head in (header, known):
        assert asked(loop, authenticator, f"Bearer {issuer.compact(head, payload)}", PATH, BODY) is None


def values_of(header: str) -> set[str]:
    return {part.strip(" ") for part in header.partition(" ")[2].split(",")}
