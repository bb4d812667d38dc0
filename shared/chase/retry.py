"""Sending again, driven by strategies as data. Only what did not leave us is ever sent again when it moves money."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from shared.chase import codes
from shared.payments.outcome import NotSent, Unknown
from shared.payments.retry import MOVES_MONEY, Call, OutcomeClass, RetryStrategy, Strategies

T = TypeVar("T")

Wait = Callable[[float], Awaitable[None]]
"""Waits that many seconds; a laptop's may be shorter, a test's takes none."""

# The others are not cured by trying again at once: a passed deadline, a refused credential, an open breaker; and a
# token that could not be had was asked for again where it is fetched (one layer retries).
RESENDABLE: Final = frozenset({codes.NOT_CONNECTED, codes.THROTTLED})


def resendable_as(call: Call, result: object) -> OutcomeClass | None:
    """Under which class of outcome `call` may be made again after `result`; None if it may not."""
    if isinstance(result, NotSent) and result.code in RESENDABLE:
        return OutcomeClass.NOT_SENT
    if isinstance(result, Unknown) and call not in MOVES_MONEY and codes.is_outage(result.code):
        return OutcomeClass.UNKNOWN
    return None


class Resending:
    """
    One call, made as often as its strategy allows. `rng` gives a number from 0 to 1; `boot_s` is the clock.

    `retried` hears of each attempt after the first.
    """

    def __init__(
        self,
        strategies: Strategies,
        *,
        wait: Wait,
        rng: Callable[[], float],
        boot_s: Callable[[], float],
        retried: Callable[[Call], None] = lambda _: None,
    ) -> None:
        self._retried = retried
        self._strategies = strategies
        self._wait = wait
        self._rng = rng
        self._boot_s = boot_s

    async def __call__(self, call: Call, attempt: Callable[[], Awaitable[T]], *, until_s: float = float("inf")) -> T:
        """The result of the last attempt; no wait ends after `until_s` (on the scale of boot_s)."""
        began_s = self._boot_s()
        first = await attempt()
        on = resendable_as(call, first)
        if on is None:
            return first
        strategy = self._strategies[call, on]
        return await self._again(first, attempt, strategy, min(until_s, began_s + strategy.deadline_s))

    async def _again(self, first: T, attempt: Callable[[], Awaitable[T]], strategy: RetryStrategy, until_s: float) -> T:
        made = [first]

        async def next_attempt() -> T:
            if made:
                return made.pop()
            self._retried(strategy.call)
            return await attempt()

        def is_over(state: RetryCallState) -> bool:
            used_up = state.attempt_number >= strategy.attempts
            return used_up or self._boot_s() + state.upcoming_sleep >= until_s

        retrying = AsyncRetrying(
            sleep=self._wait,
            wait=lambda state: self._rng() * strategy.wait_at_most_s(state.attempt_number),
            stop=is_over,
            retry=retry_if_result(lambda result: resendable_as(strategy.call, result) is strategy.on),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else first,
        )
        return await retrying(next_attempt)
