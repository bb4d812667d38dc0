"""What is sent again, how often and after which waits. Nothing that may have moved money is among it."""

import asyncio
import itertools
from collections.abc import Iterable

import pytest

from shared.chase import codes
from shared.chase.retry import RESENDABLE, Resending, resendable_as
from shared.payments.outcome import Declined, NothingFound, NotSent, Outcome, Pending, Unknown
from shared.payments.retry import MOVES_MONEY, Call, OnExhaust, OutcomeClass, RetryStrategy, strategies
from tests.chase.desk import Clock

UNKNOWNS = ("READ_TIMEOUT", "CONNECTION_LOST", "UNREADABLE_ANSWER", "UNFAMILIAR_ANSWER", "DUPLICATE", "HTTP_500")
NOT_SENTS = (
    codes.NOT_CONNECTED,
    codes.SEND_DEADLINE_PASSED,
    codes.BREAKER_OPEN,
    codes.AUTH_UNAVAILABLE,
    codes.AUTH_REFUSED,
    codes.FORBIDDEN,
    codes.THROTTLED,
)
LOST = Unknown("READ_TIMEOUT", "")
UNREACHED = NotSent("NOT_CONNECTED", "")


class Attempts:
    """Gives one outcome per attempt, the last one for ever, and counts."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self._outcomes = list(outcomes)
        self.made = 0

    async def __call__(self) -> Outcome:
        self.made += 1
        return self._outcomes[min(self.made, len(self._outcomes)) - 1]


def resending(clock: Clock, *changed: RetryStrategy, rng: float = 1.0) -> Resending:
    return Resending(strategies(*changed), wait=clock.wait, rng=lambda: rng, boot_s=clock.boot_s)


@pytest.mark.parametrize(("call", "code"), list(itertools.product(sorted(MOVES_MONEY), UNKNOWNS)))
async def test_a_call_that_moves_money_is_never_made_again_after_silence(clock: Clock, call: Call, code: str) -> None:
    attempts = Attempts([Unknown(code, "")])

    await resending(clock)(call, attempts)

    assert attempts.made == 1


@pytest.mark.parametrize(("call", "code"), list(itertools.product(sorted(MOVES_MONEY), NOT_SENTS)))
async def test_what_did_not_leave_is_sent_again_where_that_may_help(clock: Clock, call: Call, code: str) -> None:
    attempts = Attempts([NotSent(code, "")])

    await resending(clock)(call, attempts)

    assert attempts.made == (3 if code in RESENDABLE else 1)


@pytest.mark.parametrize("answer", [Declined("X", ""), Pending("X", ""), NothingFound()])
@pytest.mark.parametrize("call", list(Call))
def test_an_answer_is_never_asked_for_again(call: Call, answer: object) -> None:
    assert resendable_as(call, answer) is None


async def test_an_inquiry_is_made_again_after_silence(clock: Clock) -> None:
    attempts = Attempts([LOST, NothingFound()])

    answer = await resending(clock)(Call.INQUIRY, attempts)

    assert (answer, attempts.made, clock.waits) == (NothingFound(), 2, [0.5])


async def test_silence_after_a_resend_ends_it(clock: Clock) -> None:
    attempts = Attempts([UNREACHED, LOST, UNREACHED])

    outcome = await resending(clock)(Call.SALE, attempts)

    assert (outcome, attempts.made) == (LOST, 2)


async def test_the_last_outcome_is_given_when_the_attempts_are_used_up(clock: Clock) -> None:
    outcome = await resending(clock)(Call.SALE, Attempts([NotSent("THROTTLED", "first"), UNREACHED]))

    assert outcome == UNREACHED


@pytest.mark.parametrize(("rng", "waits"), [(1.0, [0.2, 0.4]), (0.5, [0.1, 0.2]), (0.0, [0.0, 0.0])])
async def test_waits_are_full_jitter_under_a_doubling_bound(clock: Clock, rng: float, waits: list[float]) -> None:
    await resending(clock, rng=rng)(Call.SALE, Attempts([UNREACHED]))

    assert clock.waits == pytest.approx(waits)


async def test_a_wait_is_never_longer_than_the_cap(clock: Clock) -> None:
    patient = RetryStrategy(
        Call.SALE, OutcomeClass.NOT_SENT, attempts=5, base_s=1, cap_s=2, deadline_s=60, on_exhaust=OnExhaust.ANSWER
    )

    await resending(clock, patient)(Call.SALE, Attempts([UNREACHED]))

    assert clock.waits == [1.0, 2.0, 2.0, 2.0]


async def test_no_wait_ends_after_the_strategys_deadline(clock: Clock) -> None:
    hasty = RetryStrategy(
        Call.SALE, OutcomeClass.NOT_SENT, attempts=9, base_s=1, cap_s=1, deadline_s=3.5, on_exhaust=OnExhaust.ANSWER
    )

    await resending(clock, hasty)(Call.SALE, Attempts([UNREACHED]))

    assert clock.waits == [1.0, 1.0, 1.0]


async def test_the_deadline_counts_from_before_the_first_attempt(clock: Clock) -> None:
    async def slow_attempt() -> Outcome:
        clock.now_s += 7.9
        return UNREACHED

    await resending(clock)(Call.SALE, slow_attempt)

    assert clock.waits == []


async def test_no_wait_ends_after_the_callers_own_limit(clock: Clock) -> None:
    await resending(clock)(Call.SALE, Attempts([UNREACHED]), until_s=clock.now_s + 0.3)

    assert clock.waits == [0.2]


async def test_an_answer_at_once_asks_for_no_wait(clock: Clock) -> None:
    attempts = Attempts([Declined("X", "")])

    await resending(clock)(Call.SALE, attempts)

    assert (attempts.made, clock.waits) == (1, [])


async def test_cancellation_climbs_out_of_a_resend(clock: Clock) -> None:
    outcomes = iter([UNREACHED])

    async def attempt() -> Outcome:
        try:
            return next(outcomes)
        except StopIteration:
            raise asyncio.CancelledError from None

    with pytest.raises(asyncio.CancelledError):
        await resending(clock)(Call.SALE, attempt)
