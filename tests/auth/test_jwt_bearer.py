import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.auth.caller import Role
from shared.auth.jwks import JwksSource
from shared.auth.jwt_bearer import CACHED_TOKENS_MAX
from shared.payments.errors import Forbidden, Unauthenticated

NOW_S = 1_790_000_000


async def refusal(verifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        await verifier.verify(token)
    return refused.value.reason


async def test_a_good_token_names_its_caller_roles_and_billers(verifier, issuer):
    caller = await verifier.verify(issuer.token())

    assert caller.name == "ctp"
    assert caller.roles == {Role.WRITE, Role.READ}
    assert caller.billers == {"city-water"}
    assert (caller.key_id, caller.nonce) == (None, None)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://login.example.com/other/v2.0"}, "jwt: wrong issuer"),
        ({"iss": "https://login.example.com/tenant/v2.0/"}, "jwt: wrong issuer"),
        ({"iss": ["https://login.example.com/tenant/v2.0"]}, "jwt: wrong issuer"),
        ({"iss": ...}, "jwt: no iss"),
        ({"aud": "api://something-else"}, "jwt: wrong audience"),
        ({"aud": []}, "jwt: no aud"),
        ({"aud": 1}, "jwt: wrong audience"),
        ({"aud": ...}, "jwt: no aud"),
        ({"exp": NOW_S - 30}, "jwt: expired"),
        ({"exp": ...}, "jwt: no exp"),
        ({"exp": "never"}, "jwt: exp malformed"),
        ({"exp": str(NOW_S + 60)}, "jwt: exp malformed"),
        ({"exp": True}, "jwt: exp malformed"),
        ({"exp": float("inf")}, "jwt: exp malformed"),
        ({"exp": float("nan")}, "jwt: exp malformed"),
        ({"exp": 10**400}, "jwt: exp malformed"),
        ({"nbf": NOW_S + 31}, "jwt: not yet valid"),
        ({"nbf": ...}, "jwt: no nbf"),
        ({"nbf": {}}, "jwt: nbf malformed"),
        ({"roles": "Payments.Write"}, "jwt: roles malformed"),
        ({"roles": None}, "jwt: roles malformed"),
        ({"roles": ["Payments.Write", 1]}, "jwt: roles malformed"),
        ({"billers": "city-water"}, "jwt: billers malformed"),
        ({"billers": {"city-water": True}}, "jwt: billers malformed"),
        ({"azp": ...}, "jwt: no caller name"),
        ({"azp": "", "sub": "someone"}, "jwt: no caller name"),
        ({"azp": 7}, "jwt: no caller name"),
        ({"azp": "two\nlines"}, "jwt: no caller name"),
        ({"azp": "a" * 129}, "jwt: no caller name"),
    ],
    ids=str,
)
async def test_a_token_with_a_wrong_claim_is_refused(verifier, issuer, changed, reason):
    assert await refusal(verifier, issuer.token(**changed)) == reason


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"alg": "none"}, "jwt: algorithm is not RS256"),
        ({"alg": "None"}, "jwt: algorithm is not RS256"),
        ({"alg": ["RS256"]}, "jwt: algorithm is not RS256"),
        ({"alg": ...}, "jwt: algorithm is not RS256"),
        ({"alg": "RS384"}, "jwt: algorithm is not RS256"),
        ({"alg": "PS256"}, "jwt: algorithm is not RS256"),
        ({"alg": "ES256"}, "jwt: algorithm is not RS256"),
        ({"kid": ...}, "jwt: no kid"),
        ({"kid": ""}, "jwt: no kid"),
        ({"kid": 1}, "jwt: malformed"),
        ({"kid": "key-9"}, "jwt: unknown kid"),
        ({"crit": ["exp"]}, "jwt: malformed"),
        ({"b64": False, "crit": ["b64"]}, "jwt: malformed"),
    ],
    ids=str,
)
async def test_a_token_with_a_wrong_header_is_refused(verifier, issuer, header, reason):
    assert await refusal(verifier, issuer.token(header=header)) == reason


async def test_a_token_without_a_signature_is_refused(verifier, issuer):
    unsigned = issuer.token(header={"alg": "none"}, sign=lambda text: b"")
    stripped = issuer.token(sign=lambda text: b"")

    assert await refusal(verifier, unsigned) == "jwt: algorithm is not RS256"
    assert await refusal(verifier, stripped) == "jwt: wrong signature"


async def test_a_token_signed_with_the_public_key_as_if_it_were_a_secret_is_refused(verifier, issuer):
    confused = issuer.token(header={"alg": "HS256"}, sign=issuer.hs256_with_the_public_key)
    disguised = issuer.token(sign=issuer.hs256_with_the_public_key)

    assert await refusal(verifier, confused) == "jwt: algorithm is not RS256"
    assert await refusal(verifier, disguised) == "jwt: wrong signature"


async def test_a_token_signed_with_somebody_elses_key_is_refused(verifier, issuer, next_issuer):
    assert await refusal(verifier, issuer.token(sign=next_issuer.rs256)) == "jwt: wrong signature"


async def test_a_key_that_travels_in_the_token_is_not_believed(verifier, issuer, next_issuer):
    header = {"jwk": next_issuer.public_key, "jku": "https://evil.example.com/keys"}

    assert await refusal(verifier, issuer.token(header=header, sign=next_issuer.rs256)) == "jwt: wrong signature"


async def test_claims_that_were_changed_after_signing_are_refused(verifier, issuer):
    head, _, signature = issuer.token().split(".")
    _, payload, _ = issuer.token(billers="*").split(".")

    assert await refusal(verifier, f"{head}.{payload}.{signature}") == "jwt: wrong signature"


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b.c", "a b", "é.é.é", "\ud800", "x" * 20_000, "e30.e30.", "W10.e30.AA"]
)
async def test_what_is_no_token_is_refused(verifier, token):
    assert await refusal(verifier, token) in ("jwt: malformed", "jwt: algorithm is not RS256")


@pytest.mark.parametrize("part", ["header", "payload"])
async def test_deeply_nested_json_is_refused_and_crashes_nothing(verifier, issuer, part):
    parts = {"header": json.dumps({"alg": "RS256", "kid": "key-1"}).encode(), "payload": b"{}"} | {part: b"[" * 5000}

    assert await refusal(verifier, issuer.compact(**parts)) == "jwt: malformed"


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"text"', b"\xff", b'{"exp":' + b"9" * 5000 + b"}"])
async def test_a_payload_that_is_no_object_is_refused(verifier, issuer, payload):
    header = json.dumps({"alg": "RS256", "kid": "key-1"}).encode()

    assert await refusal(verifier, issuer.compact(header, payload)) == "jwt: malformed"


@settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10_000), character=st.sampled_from("Az09-_.= \n"))
async def test_a_token_with_one_character_changed_is_refused_or_the_same(verifier, issuer, position, character):
    good = issuer.token()
    position %= len(good)
    changed = good[:position] + character + good[position + 1 :]

    if changed != good:
        assert (await refusal(verifier, changed)).startswith("jwt: ")


@pytest.mark.parametrize("changed", [{"exp": NOW_S - 29}, {"nbf": NOW_S + 30}, {"exp": NOW_S + 0.5, "nbf": 0}], ids=str)
async def test_clocks_may_differ_by_30_s(verifier, issuer, changed):
    assert (await verifier.verify(issuer.token(**changed))).name == "ctp"


async def test_the_audience_may_be_one_of_several(verifier, issuer):
    token = issuer.token(aud=["api://something-else", issuer.audience])

    assert (await verifier.verify(token)).name == "ctp"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"azp": "v2", "appid": "v1", "sub": "s"}, "v2"),
        ({"azp": ..., "appid": "v1", "sub": "s"}, "v1"),
        ({"azp": ..., "sub": "s"}, "s"),
    ],
    ids=["azp", "appid", "sub"],
)
async def test_a_caller_is_named_by_the_application_the_token_was_issued_to(verifier, issuer, changed, name):
    assert (await verifier.verify(issuer.token(**changed))).name == name


async def test_a_token_without_roles_is_good_for_nothing(verifier, issuer):
    caller = await verifier.verify(issuer.token(roles=...))

    for role in Role:
        with pytest.raises(Forbidden):
            caller.require(role)


@pytest.mark.parametrize(
    ("billers", "may_use"),
    [("*", True), (["city-water"], True), (["county-tax"], False), ([], False), (..., False), (["*"], False)],
)
async def test_billers_are_a_list_or_a_star_and_none_if_not_said(verifier, issuer, billers, may_use):
    caller = await verifier.verify(issuer.token(billers=billers))

    assert caller.may_use("city-water") is may_use


async def test_a_new_signing_key_of_the_issuer_is_learnt_a_minute_later_at_the_latest(
    verifier, key_server, clock, issuer, next_issuer
):
    await verifier.verify(issuer.token())
    key_server.keys = [issuer.public_key, next_issuer.public_key]
    clock.advance(60)

    assert (await verifier.verify(next_issuer.token())).name == "ctp"
    assert (await verifier.verify(issuer.token())).name == "ctp"


async def test_made_up_key_ids_reach_the_issuer_once_a_minute(verifier, key_server, issuer):
    await verifier.verify(issuer.token())

    for number in range(20):
        assert await refusal(verifier, issuer.token(header={"kid": f"made-up-{number}"})) == "jwt: unknown kid"

    assert key_server.asked == 1


async def test_the_log_tells_when_the_keys_cannot_be_fetched(verifier, key_server, issuer):
    key_server.failing_with = OSError("secret-host unreachable")

    reason = await refusal(verifier, issuer.token())

    assert reason == "jwt: unknown kid, and the keys cannot be fetched: OSError"


class CountingSource(JwksSource):
    """Counts how often a signature was checked: the keys are asked for each time."""

    checked = 0

    async def key(self, key_id: str, now_s: float):
        self.checked += 1
        return await super().key(key_id, now_s)


@pytest.fixture
def jwks(key_server) -> CountingSource:
    return CountingSource("https://login.example.com/keys", fetch=key_server)


async def test_a_token_that_was_good_is_not_checked_again_for_five_minutes(verifier, jwks, issuer, clock):
    token = issuer.token()
    first = await verifier.verify(token)
    clock.advance(299)

    assert await verifier.verify(token) is first
    assert jwks.checked == 1


async def test_after_five_minutes_it_is_checked_again(verifier, jwks, issuer, clock):
    token = issuer.token()
    await verifier.verify(token)
    clock.advance(300)
    await verifier.verify(token)

    assert jwks.checked == 2


async def test_a_remembered_token_expires_like_any_other(verifier, jwks, issuer, clock):
    token = issuer.token(exp=NOW_S + 60)
    await verifier.verify(token)

    clock.advance(60)
    await verifier.verify(token)
    clock.advance(30)

    assert jwks.checked == 2
    assert await refusal(verifier, token) == "jwt: expired"


async def test_a_token_that_becomes_valid_is_not_remembered_as_refused(verifier, issuer, clock):
    token = issuer.token(nbf=NOW_S + 60)
    assert await refusal(verifier, token) == "jwt: not yet valid"

    clock.advance(60)

    assert (await verifier.verify(token)).name == "ctp"


async def test_refusals_are_not_remembered(verifier, jwks, issuer):
    token = issuer.token(aud="api://something-else")

    for _ in range(3):
        await refusal(verifier, token)

    assert jwks.checked == 3


async def test_the_token_used_longest_ago_is_forgotten_first(verifier, jwks, issuer):
    used, idle = issuer.token(azp="used"), issuer.token(azp="idle")
    await verifier.verify(used)
    await verifier.verify(idle)
    for number in range(CACHED_TOKENS_MAX - 1):
        await verifier.verify(issuer.token(azp=f"caller-{number}"))
        await verifier.verify(used)

    checked = jwks.checked
    await verifier.verify(used)
    assert jwks.checked == checked
    await verifier.verify(idle)
    assert jwks.checked == checked + 1
