import asyncio
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import RSAAlgorithm

from shared.auth.jwks import JwksSource
from shared.auth.rs256 import RSA_BITS_MIN

NOW_S = 1_790_000_000
MINUTE_S = 60
DAY_S = 24 * 3600


async def test_keys_are_fetched_when_first_needed_and_then_kept(jwks, key_server):
    first = await jwks.key("key-1", NOW_S)
    second = await jwks.key("key-1", NOW_S + DAY_S - 1)

    assert first is second is not None
    assert key_server.asked == 1


async def test_a_key_that_the_issuer_added_is_found(jwks, key_server, next_issuer):
    await jwks.key("key-1", NOW_S)
    key_server.keys.append(next_issuer.public_key)

    found = await jwks.key("key-2", NOW_S + MINUTE_S)

    assert found is not None
    assert key_server.asked == 2


async def test_unknown_key_ids_ask_the_issuer_once_a_minute_at_most(jwks, key_server):
    await jwks.key("key-1", NOW_S)

    for second in range(2 * MINUTE_S):
        assert await jwks.key(f"made-up-{second}", NOW_S + second) is None

    assert key_server.asked == 2


async def test_many_who_wait_for_the_keys_share_one_fetch(jwks, key_server):
    found = await asyncio.gather(*(jwks.key("key-1", NOW_S) for _ in range(50)))

    assert None not in found
    assert key_server.asked == 1


async def test_a_caller_who_hangs_up_does_not_end_the_fetch_for_the_others(issuer):
    answer = asyncio.get_running_loop().create_future()
    jwks = JwksSource("https://login.example.com/keys", fetch=lambda url: answer)
    hangs_up, stays = (asyncio.create_task(jwks.key("key-1", NOW_S)) for _ in range(2))
    await asyncio.sleep(0)

    hangs_up.cancel()
    await asyncio.sleep(0)
    answer.set_result(json.dumps({"keys": [issuer.public_key]}).encode())

    assert await stays is not None


@pytest.mark.parametrize("failure", [OSError("unreachable"), TimeoutError(), ValueError("too large")], ids=repr)
async def test_a_failed_refresh_keeps_the_keys_there_are(jwks, key_server, failure):
    await jwks.key("key-1", NOW_S)
    key_server.failing_with = failure

    assert await jwks.key("key-2", NOW_S + MINUTE_S) is None
    assert await jwks.key("key-1", NOW_S + MINUTE_S) is not None
    assert jwks.failure == type(failure).__name__


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"keys":[]}',
        b'{"keys":{}}',
        b'{"keys":[{}]}',
        b'{"keys":[1]}',
        b"\xff",
        b"[" * 9999,
    ],
    ids=lambda document: repr(document[:20]),
)
async def test_a_document_without_keys_keeps_the_keys_there_are(issuer, document):
    documents = [json.dumps({"keys": [issuer.public_key]}).encode(), document]

    async def fetch(url: str) -> bytes:
        return documents.pop(0)

    jwks = JwksSource("https://login.example.com/keys", fetch=fetch)
    await jwks.key("key-1", NOW_S)
    await jwks.key("key-2", NOW_S + MINUTE_S)

    assert await jwks.key("key-1", NOW_S + MINUTE_S) is not None
    assert jwks.failure is not None


async def test_while_there_is_no_key_at_all_the_issuer_is_asked_again_after_two_seconds(jwks, key_server):
    key_server.failing_with = OSError("not up yet")
    for second in (0, 1):
        assert await jwks.key("key-1", NOW_S + second) is None
    key_server.failing_with = None

    assert await jwks.key("key-1", NOW_S + 2) is not None
    assert key_server.asked == 2
    assert jwks.failure is None


async def test_keys_of_yesterday_are_used_while_they_are_renewed_behind_the_request(jwks, key_server, next_issuer):
    old = await jwks.key("key-1", NOW_S)
    key_server.keys = [next_issuer.public_key]

    used = await jwks.key("key-1", NOW_S + DAY_S)
    assert used is old
    await jwks.key("key-2", NOW_S + DAY_S)

    assert key_server.asked == 2
    assert await jwks.key("key-1", NOW_S + DAY_S) is None


async def test_a_clock_that_was_set_back_does_not_stop_the_refresh(jwks, key_server, next_issuer):
    await jwks.key("key-1", NOW_S)
    key_server.keys.append(next_issuer.public_key)

    assert await jwks.key("key-2", NOW_S - DAY_S) is not None


@pytest.mark.parametrize("change", [{"use": "enc"}, {"alg": "RS512"}, {"alg": "PS256"}, {"kid": ""}], ids=str)
async def test_a_key_for_something_else_is_left_out(jwks, key_server, issuer, change):
    key_server.keys = [{**issuer.public_key, **change}]

    assert await jwks.key(change.get("kid", "key-1"), NOW_S) is None


async def test_a_shared_secret_among_the_keys_is_left_out(jwks, key_server, issuer):
    key_server.keys.append({"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"})

    assert await jwks.key("shared", NOW_S) is None
    assert await jwks.key("key-1", NOW_S) is not None


async def test_a_private_key_among_the_keys_is_left_out(jwks, key_server, rsa_keys):
    key_server.keys.append({**RSAAlgorithm.to_jwk(rsa_keys[1], as_dict=True), "kid": "private"})

    assert await jwks.key("private", NOW_S) is None


async def test_an_rsa_key_shorter_than_2048_bits_is_left_out(jwks, key_server):
    short = generate_private_key(public_exponent=65537, key_size=RSA_BITS_MIN // 2).public_key()
    key_server.keys = [{**RSAAlgorithm.to_jwk(short, as_dict=True), "kid": "short"}]

    assert await jwks.key("short", NOW_S) is None
