"""Tokens: one fetch for all, one ahead of time, one after a refusal. No sale waits for a token after the first."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.chase.oauth import Grant
from shared.chase.tokens import Tokens, TokenUnavailable
from shared.payments.outcome import NotSent, Unknown
from shared.payments.secret import Secret
from tests.chase.desk import Clock

HOUR_S = 3600.0


class Issuer:
    """Grants token-1, token-2, ...; refuses while `down`; holds its answer back while `gate` is closed."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False
        self.refuses = False
        self.lifetime_s = HOUR_S
        self.asked_again = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self) -> Grant | NotSent | Unknown:
        self.asked += 1
        number = self.asked
        if number > 1:
            self.asked_again.set()
        await self.gate.wait()
        if self.refuses:
            return NotSent("CREDENTIAL_REFUSED", "MSIS9622")
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


class TestACredentialThatIsRefused:
    async def test_is_not_tried_again_by_every_call(self, tokens: Tokens, issuer: Issuer, clock: Clock) -> None:
        issuer.refuses = True

        told = []
        for _ in range(5):
            with pytest.raises(TokenUnavailable) as refused:
                await tokens.current()
            told.append(refused.value.code)

        assert (told, issuer.asked) == (["CREDENTIAL_REFUSED"] * 5, 1)

    async def test_is_tried_again_after_30_s(self, tokens: Tokens, issuer: Issuer, clock: Clock) -> None:
        issuer.refuses = True
        with pytest.raises(TokenUnavailable):
            await tokens.current()
        issuer.refuses = False

        clock.now_s += 30.0

        assert (await tokens.current(), tokens.failing) == (Secret("token-2"), False)

    async def test_does_not_take_away_the_token_that_still_serves(
        self, tokens: Tokens, issuer: Issuer, clock: Clock, settled: Settle
    ) -> None:
        await tokens.current()
        issuer.refuses = True
        clock.now_s += HOUR_S * 0.8

        held = [await tokens.current() for _ in range(3)]
        await settled()

        assert (held, issuer.asked, tokens.failing) == ([Secret("token-1")] * 3, 2, True)


class TestWithoutAnyCall:
    async def test_a_token_is_replaced_ahead_of_time(self, tokens: Tokens, issuer: Issuer) -> None:
        issuer.lifetime_s = 0.01
        await tokens.current()

        await asyncio.wait_for(issuer.asked_again.wait(), 1.0)

        await tokens.close()
        assert issuer.asked == 2

    async def test_nothing_is_fetched_after_closing(self, tokens: Tokens, issuer: Issuer) -> None:
        issuer.lifetime_s = 0.01
        await tokens.current()

        await tokens.close()
        await asyncio.sleep(0.01)

        assert issuer.asked == 1

    async def test_nothing_is_fetched_for_nobody_once_there_is_no_token(self, tokens: Tokens, issuer: Issuer) -> None:
        issuer.lifetime_s = 0.01
        issuer.down = True
        with pytest.raises(TokenUnavailable):
            await tokens.current()

        await asyncio.sleep(0.01)

        assert issuer.asked == 1


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
