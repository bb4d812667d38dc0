"""Tokens: one fetch for all, one ahead of time, one after a refusal. No sale waits for a token after the first."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.chase.oauth import ClientSecret, Grant, Tokens, TokenUnavailable, read_grant
from shared.chase.sending import Reply
from shared.payments.outcome import NotSent, Unknown
from shared.payments.secret import Secret
from tests.chase.desk import Clock, Desk
from tests.chase.peer import Peer, a_payment, answers, falls_silent, grants

HOUR_S = 3600.0


class Issuer:
    """Grants token-1, token-2, ...; refuses while `down`; holds its answer back while `gate` is closed."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False
        self.lifetime_s = HOUR_S
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self) -> Grant | NotSent | Unknown:
        self.asked += 1
        number = self.asked
        await self.gate.wait()
        return Unknown("HTTP_503", "down") if self.down else Grant(Secret(f"token-{number}"), self.lifetime_s)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def tokens(issuer: Issuer, clock: Clock) -> Tokens:
    return Tokens(issuer.fetch, boot_s=clock.boot_s)


@pytest.fixture
def settled() -> Callable[[], Awaitable[None]]:
    async def settle() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    return settle


Settle = Callable[[], Awaitable[None]]


async def test_a_token_is_fetched_once_and_kept(tokens: Tokens, issuer: Issuer) -> None:
    held = [await tokens.current() for _ in range(3)]

    assert (held, issuer.asked) == ([Secret("token-1")] * 3, 1)


async def test_all_who_wait_share_one_fetch(tokens: Tokens, issuer: Issuer) -> None:
    held = await asyncio.gather(*(tokens.current() for _ in range(50)))

    assert (set(held), issuer.asked) == ({Secret("token-1")}, 1)


async def test_a_token_is_replaced_30_s_before_it_expires(tokens: Tokens, clock: Clock) -> None:
    await tokens.current()

    clock.now_s += HOUR_S - 30.0

    assert await tokens.current() == Secret("token-2")


async def test_a_tokens_life_counts_from_when_it_was_asked_for(tokens: Tokens, issuer: Issuer, clock: Clock) -> None:
    issuer.gate.clear()
    asking = asyncio.create_task(tokens.current())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clock.now_s += 20.0
    issuer.gate.set()
    await asking

    clock.now_s += HOUR_S - 50.0

    assert await tokens.current() == Secret("token-2")


async def test_a_short_lived_token_is_used_for_most_of_its_life(tokens: Tokens, issuer: Issuer, clock: Clock) -> None:
    issuer.lifetime_s = 10.0
    await tokens.current()

    clock.now_s += 5.0

    assert await tokens.current() == Secret("token-1")


async def test_a_token_is_replaced_ahead_of_time_while_the_old_one_serves(
    tokens: Tokens, issuer: Issuer, clock: Clock, settled: Settle
) -> None:
    await tokens.current()
    clock.now_s += HOUR_S * 0.8
    issuer.gate.clear()

    meanwhile = [await tokens.current() for _ in range(10)]
    await settled()
    issuer.gate.set()
    await settled()

    assert (meanwhile, issuer.asked) == ([Secret("token-1")] * 10, 2)
    assert await tokens.current() == Secret("token-2")


async def test_a_refresh_that_fails_hurts_nobody_and_is_not_tried_by_every_sale(
    tokens: Tokens, issuer: Issuer, clock: Clock, settled: Settle
) -> None:
    await tokens.current()
    clock.now_s += HOUR_S * 0.8
    issuer.down = True

    for _ in range(10):
        assert await tokens.current() == Secret("token-1")
        await settled()

    assert (issuer.asked, tokens.failing) == (2, True)
    issuer.down = False
    clock.now_s += 5.0
    await tokens.current()
    await settled()
    assert (issuer.asked, tokens.failing) == (3, False)


async def test_everybody_who_waits_is_told_that_there_is_no_token(tokens: Tokens, issuer: Issuer) -> None:
    issuer.down = True

    told = await asyncio.gather(*(tokens.current() for _ in range(5)), return_exceptions=True)

    assert {type(answer) for answer in told} == {TokenUnavailable}
    assert issuer.asked == 1


async def test_the_next_call_after_a_failure_asks_again(tokens: Tokens, issuer: Issuer) -> None:
    issuer.down = True
    with pytest.raises(TokenUnavailable):
        await tokens.current()
    issuer.down = False

    assert await tokens.current() == Secret("token-2")


async def test_a_caller_that_gives_up_does_not_take_the_token_from_the_others(tokens: Tokens, issuer: Issuer) -> None:
    issuer.gate.clear()
    impatient = asyncio.create_task(tokens.current())
    patient = asyncio.create_task(tokens.current())
    await asyncio.sleep(0)

    impatient.cancel()
    issuer.gate.set()

    assert await patient == Secret("token-1")
    assert impatient.cancelled()


class TestDropping:
    async def test_a_refused_token_makes_the_next_call_fetch(self, tokens: Tokens) -> None:
        refused = await tokens.current()

        tokens.drop(refused)

        assert await tokens.current() == Secret("token-2")

    async def test_a_token_that_was_replaced_already_changes_nothing(self, tokens: Tokens, issuer: Issuer) -> None:
        refused = await tokens.current()
        tokens.drop(refused)
        await tokens.current()

        tokens.drop(refused)

        assert (await tokens.current(), issuer.asked) == (Secret("token-2"), 2)

    async def test_before_there_was_a_token_changes_nothing(self, tokens: Tokens) -> None:
        tokens.drop(Secret("token-0"))

        assert await tokens.current() == Secret("token-1")


async def test_closing_ends_a_fetch_that_is_under_way(tokens: Tokens, issuer: Issuer) -> None:
    issuer.gate.clear()
    waiting = asyncio.create_task(tokens.current())
    await asyncio.sleep(0)

    await tokens.close()

    assert (await asyncio.gather(waiting, return_exceptions=True))[0].__class__ is asyncio.CancelledError


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


def test_a_lifetime_that_is_sent_as_text_is_read() -> None:
    assert read_grant(Reply(200, b'{"access_token": "t", "expires_in": "3599"}')) == Grant(Secret("t"), 3599.0)


def test_another_scheme_needs_headers_and_a_form_only() -> None:
    scheme = ClientSecret("id", Secret("secret"), "scope")

    assert scheme.form() == {"grant_type": "client_credentials", "scope": "scope"}
    assert "secret" not in repr(scheme).replace("client_secret", "")
