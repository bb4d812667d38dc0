import base64
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.auth.authenticator import Authenticator
from shared.auth.caller import Role
from shared.auth.hmac_signature import HmacKey, HmacVerifier, sign, string_to_sign
from shared.payments.errors import Unauthenticated
from shared.payments.secret import Secret

NOW_S = 1_790_000_000
KEY = Secret(base64.b64encode(b"k" * 32).decode())
NONCE = "a-nonce-of-its-own"
URL = "https://pay.example.com/api/v1/payments?limit=1"
BODY = b"{}"


def signed_header(timestamp: int = NOW_S, nonce: str = NONCE) -> str:
    signature = sign(KEY, string_to_sign("POST", "/api/v1/payments", "limit=1", timestamp, nonce, BODY))
    return f"IC-HMAC-SHA256 keyId=ctp-a,timestamp={timestamp},nonce={nonce},signature={signature}"


@pytest.fixture
def refusals() -> list[str]:
    return []


@pytest.fixture
def authenticator_in(verifier, clock, refusals):
    signer = HmacVerifier({"ctp-a": HmacKey(KEY, "ctp-signed", frozenset({Role.WRITE}), None)}, clock)
    return lambda mode: Authenticator(verifier, signer, mode, refusals.append)


@pytest.fixture
def enforcing(authenticator_in) -> Authenticator:
    return authenticator_in("enforce")


@pytest.fixture
def auditing(authenticator_in) -> Authenticator:
    return authenticator_in("audit")


async def refusal(authenticator, authorization) -> Unauthenticated:
    with pytest.raises(Unauthenticated) as refused:
        await authenticator.authenticate(authorization, "POST", URL, BODY)
    return refused.value


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_bearer_token_gets_in(enforcing, issuer, scheme):
    caller = await enforcing.authenticate(f"{scheme} {issuer.token()}", "POST", URL, BODY)

    assert (caller.name, caller.nonce) == ("ctp", None)


@pytest.mark.parametrize("scheme", ["IC-HMAC-SHA256", "ic-hmac-sha256"])
async def test_a_signed_request_gets_in_and_brings_its_nonce_for_the_database_to_judge(enforcing, scheme):
    header = signed_header().replace("IC-HMAC-SHA256", scheme)

    caller = await enforcing.authenticate(header, "POST", URL, BODY)
    again = await enforcing.authenticate(header, "POST", URL, BODY)

    assert (caller.name, caller.key_id, caller.nonce) == ("ctp-signed", "ctp-a", NONCE)
    assert again == caller


@pytest.mark.parametrize("authorization", [None, ""])
async def test_no_header_is_refused(enforcing, authorization):
    assert (await refusal(enforcing, authorization)).reason == "no Authorization header"


@pytest.mark.parametrize(
    "authorization", ["Basic Y3RwOnNlY3JldA==", "Bearer", "token", "IC-HMAC-SHA512 keyId=ctp-a", " ", "\u212a x"]
)
async def test_an_unknown_or_bare_scheme_is_refused(enforcing, authorization):
    assert (await refusal(enforcing, authorization)).reason in ("unknown scheme", "jwt: malformed")


async def test_two_credentials_in_one_header_are_refused(enforcing, issuer):
    token = issuer.token()

    for authorization in (f"Bearer {token}, Bearer {token}", f"Bearer {token}, {signed_header()}", f"Bearer  {token}"):
        assert (await refusal(enforcing, authorization)).reason == "jwt: malformed"
    assert (await refusal(enforcing, f"{signed_header()}, Bearer {token}")).reason.startswith("hmac: ")


def bad_credentials(issuer, next_issuer) -> list[str]:
    return [
        f"Bearer {issuer.token(exp=NOW_S - 31)}",
        f"Bearer {issuer.token(aud='api://something-else')}",
        f"Bearer {issuer.token(iss='https://evil.example.com')}",
        f"Bearer {issuer.token(header={'kid': 'made-up'})}",
        f"Bearer {issuer.token(header={'alg': 'none'})}",
        f"Bearer {issuer.token(sign=next_issuer.rs256)}",
        f"Bearer {issuer.token()}x",
        signed_header()[:-1] + "!",
        signed_header(timestamp=NOW_S - 301),
        signed_header().replace(NONCE, "another-nonce-than-signed"),
        signed_header().replace("ctp-a", "ctp-z"),
        "Basic Y3RwOnNlY3JldA==",
    ]


async def test_a_refusal_tells_the_caller_nothing_and_the_log_no_credential(enforcing, issuer, next_issuer):
    for authorization in bad_credentials(issuer, next_issuer):
        refused = await refusal(enforcing, authorization)

        assert (refused.detail, str(refused), refused.facts) == ("Authentication is required",) * 2 + ({},)
        assert refused.reason
        # Nonces, signatures and the parts of a token are longer than the names of things.
        for part in re.findall(r"[^ ,.=]{12,}", authorization.partition(" ")[2]):
            assert part not in refused.reason
        # A chained error would show its text, and with it parts of the token, in a traceback.
        assert refused.__cause__ is None
        assert refused.__suppress_context__ or refused.__context__ is None


async def test_audit_lets_in_whom_it_would_refuse_and_tells_why(auditing, refusals, issuer, next_issuer):
    for authorization in [None, *bad_credentials(issuer, next_issuer)]:
        caller = await auditing.authenticate(authorization, "POST", URL, BODY)

        assert caller.name == "unauthenticated"
        assert caller.may_use("any-biller")
        for role in Role:
            caller.require(role)

    assert len(refusals) == 13
    assert refusals[:2] == ["no Authorization header", "jwt: expired"]


async def test_audit_takes_good_credentials_for_what_they_are(auditing, refusals, issuer):
    caller = await auditing.authenticate(f"Bearer {issuer.token()}", "POST", URL, BODY)

    assert caller.billers == {"city-water"}
    assert refusals == []


def test_a_cold_start_pays_for_no_cryptography():
    rooms = "authenticator, caller, hmac_signature, jwks, jwt_bearer"
    program = (
        f"import sys\nfrom shared.auth import {rooms}\n"
        "jwt_bearer.JwtVerifier(jwks=jwks.JwksSource('https://x'), issuer='i', audience='a', now_s=float)\n"
        "heavy = {'jwt', 'cryptography', 'aiohttp', 'pydantic', 'urllib.request'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=30,
        check=True,
    )

    assert done.stdout.strip() == "[]"
