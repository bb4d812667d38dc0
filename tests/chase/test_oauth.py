"""The token endpoint: how it is asked, and what each of its answers means."""

import asyncio
import json

import pytest

from shared.chase.oauth import ClientSecret, Grant, read_grant
from shared.chase.sending import Reply
from shared.payments.outcome import NotSent, Unknown
from shared.payments.secret import Secret
from tests.chase.desk import Desk
from tests.chase.peer import Peer, a_payment, answers, falls_silent, grants


class TestTheTokenEndpoint:
    async def test_is_asked_with_basic_credentials_and_a_form(self, desk: Desk, chase: Peer) -> None:
        await desk.client.warm()

        (call,) = chase.token_calls
        assert call.method == "POST"
        assert call.headers["authorization"] == "Basic Q0MtMTpzM2NyM3Qtb2YtdGhlLWNsaWVudA=="
        assert call.headers["content-type"] == "application/x-www-form-urlencoded"
        assert call.body == b"grant_type=client_credentials&scope=jpm%3Apayments%3Asandbox"

    async def test_that_is_down_for_a_moment_is_asked_again(self, desk: Desk, chase: Peer) -> None:
        chase.does_with_tokens(answers(503), grants("token-1"))
        chase.does(answers(200, a_payment()))

        await desk.sells()

        assert (len(chase.token_calls), len(chase.calls)) == (2, 1)

    async def test_that_redirects_is_not_followed(self, desk: Desk, chase: Peer) -> None:
        async with Peer() as elsewhere:
            chase.does_with_tokens(answers(307, Location=elsewhere.url))

            outcome = await desk.sells()

            assert (outcome.code, elsewhere.connections) == ("TOKEN_UNAVAILABLE", 0)

    async def test_does_not_hold_up_a_client_that_closes(self, desk: Desk, chase: Peer) -> None:
        chase.does_with_tokens(falls_silent)
        selling = asyncio.create_task(desk.sells())
        await asyncio.sleep(0.01)

        await desk.client.close()

        await asyncio.gather(selling, return_exceptions=True)
        assert selling.done()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b""),
        Reply(200, b"[]"),
        Reply(200, b'{"access_token": "", "expires_in": 3599}'),
        Reply(200, b'{"access_token": "a\\r\\nHost: b", "expires_in": 3599}'),
        Reply(200, b'{"access_token": 7, "expires_in": 3599}'),
        Reply(200, b'{"access_token": "t"}'),
        Reply(200, b'{"access_token": "t", "expires_in": 0}'),
        Reply(200, b'{"access_token": "t", "expires_in": "soon"}'),
        Reply(200, b'{"access_token": "t", "expires_in": NaN}'),
    ],
)
def test_an_answer_without_a_usable_token_is_no_grant(reply: Reply) -> None:
    grant = read_grant(reply)

    assert isinstance(grant, Unknown)
    assert grant.code == "UNREADABLE_ANSWER"


class TestARefusal:
    @pytest.mark.parametrize(
        ("status", "body", "code", "named"),
        [
            (400, {"error": "invalid_grant", "error_description": "no"}, "CREDENTIAL_REFUSED", "invalid_grant"),
            (400, {"error": "invalid_client"}, "CREDENTIAL_REFUSED", "invalid_client"),
            (400, {"error": "invalid_resource"}, "CREDENTIAL_REFUSED", "invalid_resource"),
            (400, {"message": "MSIS9622: client authentication failed"}, "CREDENTIAL_REFUSED", "MSIS9622"),
            (400, b"<html>MSIS9622: client authentication failed", "CREDENTIAL_REFUSED", "MSIS9622"),
            (401, {"error": "invalid_client"}, "CREDENTIAL_REFUSED", "invalid_client"),
            (401, {"error": "unauthorized_client"}, "NOT_ENTITLED", "unauthorized_client"),
            (401, b"", "NOT_ENTITLED", "401"),
            (403, {"error": "access_denied"}, "NOT_ENTITLED", "403"),
            (403, b"<html>", "NOT_ENTITLED", "403"),
        ],
    )
    def test_says_whether_the_credential_or_its_grant_is_wrong(
        self, status: int, body: object, code: str, named: str
    ) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()

        refused = read_grant(Reply(status, content))

        assert isinstance(refused, NotSent)
        assert refused.code == code
        assert named in refused.message

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"{}", b'{"error": "the assertion eyJ was wrong"}', b'{"error": []}']
    )
    def test_that_is_not_in_the_servers_own_words_is_taken_for_none(self, body: bytes) -> None:
        answer = read_grant(Reply(400, body))

        assert isinstance(answer, Unknown)
        assert answer.code == "HTTP_400"

    def test_quotes_nothing_of_what_was_sent(self) -> None:
        body = b'{"error": "invalid_grant", "error_description": "eyJhbGciOiJSUzI1NiJ9"}'

        assert "eyJ" not in repr(read_grant(Reply(400, body)))


def test_a_lifetime_that_is_sent_as_text_is_read() -> None:
    assert read_grant(Reply(200, b'{"access_token": "t", "expires_in": "3599"}')) == Grant(Secret("t"), 3599.0)


async def test_another_scheme_needs_headers_and_a_form_only() -> None:
    scheme = ClientSecret("id", Secret("secret"), "scope")

    assert await scheme.form() == {"grant_type": "client_credentials", "scope": "scope"}
    assert "secret" not in repr(scheme).replace("client_secret", "")
