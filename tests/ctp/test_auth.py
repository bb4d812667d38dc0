"""Who CTP says it is: the published vectors, and what the service itself reads out of a signed request."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ctp.auth import BearerAuth, HmacAuth, string_to_sign
from shared.auth.hmac_signature import HmacKey, HmacVerifier
from shared.payments.secret import Secret

PUBLISHED = json.loads((Path(__file__).parents[2] / "docs" / "hmac-test-vectors.json").read_text("utf-8"))
KEY: str = PUBLISHED["key"]


@pytest.mark.parametrize("vector", PUBLISHED["vectors"], ids=lambda vector: vector["name"])
def test_each_published_vector_is_what_is_signed(vector: dict[str, Any]) -> None:
    body = base64.b64decode(vector["bodyBase64"])
    auth = HmacAuth(PUBLISHED["keyId"], KEY, now_s=lambda: vector["timestamp"], nonce=lambda: vector["nonce"])

    header = auth.headers(vector["method"], vector["url"], body)["Authorization"]
    text = string_to_sign(vector["method"], vector["url"], str(vector["timestamp"]), vector["nonce"], body)

    assert text.decode() == vector["stringToSign"]
    assert header == (
        f"IC-HMAC-SHA256 keyId={PUBLISHED['keyId']},timestamp={vector['timestamp']},"
        f"nonce={vector['nonce']},signature={vector['signature']}"
    )


def test_the_service_takes_what_is_signed_and_no_nonce_comes_twice() -> None:
    verifier = HmacVerifier({"k": HmacKey(Secret(KEY), "ctp", frozenset(), None)}, lambda: 1790000000)
    auth = HmacAuth("k", KEY, now_s=lambda: 1790000000)
    url = "https://payments.example.com/api/v1/payments/pay_%2F1/void"

    callers = [verifier.verify(auth.headers("POST", url, b"{}")["Authorization"], "POST", url, b"{}") for _ in "ab"]

    assert {caller.name for caller in callers} == {"ctp"}
    assert len({caller.nonce for caller in callers}) == 2


@pytest.mark.parametrize("key", [f"\ufeff{KEY}", f"{KEY}\n", f" {KEY}", KEY[:-4], "c2hvcnQ=", "kein Schlüssel"])
def test_a_key_that_would_match_nothing_is_refused_unquoted(key: str) -> None:
    with pytest.raises(ValueError, match="signing key must be") as refused:
        HmacAuth("k", key)

    assert key.strip() not in str(refused.value)


def test_a_token_is_asked_for_with_every_request() -> None:
    tokens = iter(("first", "second"))
    auth = BearerAuth(lambda: next(tokens))

    sent = [auth.headers("GET", "https://example.com", b"")["Authorization"] for _ in range(2)]

    assert sent == ["Bearer first", "Bearer second"]
