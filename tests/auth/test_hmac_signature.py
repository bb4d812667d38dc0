import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.auth.hmac_signature import HmacKey, HmacVerifier, Signature, canonical_path, parse, sign, string_to_sign
from shared.payments.errors import Unauthenticated
from shared.payments.secret import Secret

NOW_S = 1_790_000_000
NONCE = "a-nonce-of-its-own"
BODY = b'{"billerId":"city-water"}'
FIRST_KEY, SECOND_KEY = (Secret(base64.b64encode(bytes([number]) * 32).decode()) for number in (1, 2))
ROLES = frozenset({"Payments.Write"})
BILLERS = frozenset({"city-water"})


def a_header(
    *, key=FIRST_KEY, key_id="ctp-a", method="POST", path="/api/v1/payments", query="", timestamp=NOW_S, body=BODY
) -> str:
    signature = sign(key, string_to_sign(method, path, query, timestamp, NONCE, body))
    return f"IC-HMAC-SHA256 keyId={key_id},timestamp={timestamp},nonce={NONCE},signature={signature}"


@pytest.fixture
def hmac_verifier(clock) -> HmacVerifier:
    callers = {"ctp-a": HmacKey(FIRST_KEY, "ctp", ROLES, BILLERS), "ctp-b": HmacKey(SECOND_KEY, "ctp", ROLES, BILLERS)}
    return HmacVerifier(callers, clock)


def verified(hmac_verifier, header, *, method="POST", url="https://pay.example.com/api/v1/payments", body=BODY):
    return hmac_verifier.verify(header, method, url, body)


def refusal(hmac_verifier, header, **request) -> str:
    with pytest.raises(Unauthenticated) as refused:
        verified(hmac_verifier, header, **request)
    return refused.value.reason


@pytest.mark.parametrize(("key_id", "key"), [("ctp-a", FIRST_KEY), ("ctp-b", SECOND_KEY)])
def test_both_keys_of_a_rotation_open_the_same_door(hmac_verifier, key_id, key):
    caller = verified(hmac_verifier, a_header(key=key, key_id=key_id))

    assert (caller.name, caller.roles, caller.billers) == ("ctp", ROLES, BILLERS)
    assert (caller.key_id, caller.nonce) == (key_id, NONCE)


def test_a_key_signs_under_its_own_id_only(hmac_verifier):
    reason = refusal(hmac_verifier, a_header(key=SECOND_KEY, key_id="ctp-a"))

    assert reason == "hmac: wrong signature under key ctp-a"


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_timestamp_within_300_s_is_accepted(hmac_verifier, seconds):
    assert verified(hmac_verifier, a_header(timestamp=NOW_S + seconds)).name == "ctp"


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_timestamp_further_away_is_refused(hmac_verifier, seconds):
    assert refusal(hmac_verifier, a_header(timestamp=NOW_S + seconds)) == "hmac: timestamp more than 300 s away"


def test_a_timestamp_grows_too_old_while_the_clock_goes_on(hmac_verifier, clock):
    header = a_header()
    clock.advance(300.5)

    assert refusal(hmac_verifier, header) == "hmac: timestamp more than 300 s away"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"url": "/api/v1/payments/"},
        {"url": "/api/v1/payments?limit=1"},
        {"body": BODY + b"\n"},
        {"body": b"\xef\xbb\xbf" + BODY},
        {"body": b""},
    ],
    ids=str,
)
def test_a_request_that_was_changed_on_its_way_is_refused(hmac_verifier, change):
    assert refusal(hmac_verifier, a_header(), **change) == "hmac: wrong signature under key ctp-a"


@pytest.mark.parametrize(
    "url",
    [
        "/api/v1/payments?reference=a%2Fb&limit=1",
        "http://127.0.0.1:7071/api/v1/%70ayments?limit=1&reference=a%2fb",
        "/api/./v1/payments?limit=1&&%72eference=a%2Fb",
    ],
)
def test_a_proxy_that_spells_the_url_otherwise_breaks_no_signature(hmac_verifier, url):
    header = a_header(method="GET", query="limit=1&reference=a%2Fb", body=b"")

    assert verified(hmac_verifier, header, method="GET", url=url, body=b"").name == "ctp"


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=20))
def test_encoding_what_is_already_canonical_changes_no_signature(text):
    as_sent = string_to_sign("GET", f"/{text}", "", NOW_S, NONCE, b"")
    as_rewritten = string_to_sign("GET", canonical_path(f"/{text}"), "", NOW_S, NONCE, b"")

    assert sign(FIRST_KEY, as_sent) == sign(FIRST_KEY, as_rewritten)


def test_an_unknown_key_id_is_refused(hmac_verifier):
    assert refusal(hmac_verifier, a_header(key_id="ctp-z")) == "hmac: unknown key id"


def test_nobody_gets_in_where_no_keys_are_set(clock):
    assert refusal(HmacVerifier({}, clock), a_header()) == "hmac: unknown key id"


def test_a_url_with_a_lone_surrogate_is_refused(hmac_verifier):
    assert refusal(hmac_verifier, a_header(), url="/\udcff") == "hmac: the URL is not UTF-8"


def test_the_parts_may_come_in_any_order_with_a_space_after_each_comma():
    signature = "0a" * 32

    parsed = parse(f"ic-hmac-sha256 signature={signature}, nonce={NONCE}, keyId=ctp-a,timestamp=1")

    assert parsed == Signature("ctp-a", 1, NONCE, signature)


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=300))
def test_whatever_comes_after_the_scheme_is_refused_and_never_crashes(text):
    with pytest.raises(Unauthenticated):
        parse(f"IC-HMAC-SHA256 {text}")


def test_a_header_that_is_too_long_is_not_looked_at():
    with pytest.raises(Unauthenticated) as refused:
        parse(a_header() + "," * 512)

    assert refused.value.reason == "hmac: header malformed"


def test_what_is_signed_is_six_lines_and_nothing_trailing():
    text = string_to_sign("post", "/a%2fb", "b=2&a=1", NOW_S, NONCE, b"")

    assert text.decode().split("\n") == [
        "POST",
        "/a%2Fb",
        "a=1&b=2",
        "1790000000",
        NONCE,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ]


@pytest.mark.parametrize("spoil", ["\ufeff{}", "{}\n", "{}\r\n", " {}", "{}=", "AA{}", "{}é"], ids=ascii)
def test_a_key_with_a_byte_order_mark_or_white_space_is_refused_at_the_start(clock, spoil):
    key = Secret(spoil.format(FIRST_KEY.reveal()))

    with pytest.raises(ValueError, match="a signing key must be") as refused:
        HmacVerifier({"ctp-a": HmacKey(key, "ctp", ROLES, None)}, clock)

    assert FIRST_KEY.reveal()[:8] not in str(refused.value)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match="32 bytes"):
        sign(Secret(base64.b64encode(b"k" * length).decode()), b"")


def test_no_reason_holds_the_signature_or_what_a_stranger_wrote(hmac_verifier):
    good = a_header()
    signature = good.rpartition("=")[2]
    refused = [
        good.replace("ctp-a", "stranger"),
        good.replace("nonce=", "nonce=!"),
        good + ",stranger=1",
        good.replace("timestamp=", "timestamp=x"),
        good[:-1],
        good.replace(NONCE, NONCE[::-1]),
    ]

    reasons = [refusal(hmac_verifier, header) for header in refused]

    for part in (signature, signature[:16], "stranger", NONCE):
        assert not any(part in reason for reason in reasons)


def test_the_verifier_prints_no_key(hmac_verifier):
    assert FIRST_KEY.reveal() not in f"{hmac_verifier!r} {HmacKey(FIRST_KEY, 'ctp', ROLES, None)!r}"
