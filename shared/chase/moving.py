"""Calls that move money, or take a card number to Chase: one way for all of them, whatever the verb."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from shared.chase import codes
from shared.chase.alarms import Alarm, tell
from shared.chase.attempts import Attempts
from shared.chase.breaker import Breaker, BreakerState
from shared.chase.calling import Calling
from shared.chase.requests import Request
from shared.chase.retry import Resending
from shared.chase.sending import Reply
from shared.payments.outcome import NotSent, Unknown
from shared.payments.retry import MOVES_MONEY, Call

T = TypeVar("T", bound="Coded")


class Coded(Protocol):
    """Whatever a call comes to says why, by a code."""

    @property
    def code(self) -> str: ...


class Moving:
    """
    Sends by the deadline, through the call's breaker, as often as its strategy allows. Tells a person what to look at.

    Nothing that reached the wire is ever sent again here (retry.resendable_as).
    """

    def __init__(
        self,
        calling: Calling,
        resending: Resending,
        *,
        breaker_failures: int,
        breaker_cooldown_s: float,
        boot_s: Callable[[], float],
        alarm: Alarm,
        attempts: Attempts,
    ) -> None:
        self._calling = calling
        self._resending = resending
        self._alarm = alarm
        self._attempts = attempts
        self._breakers = {
            call: Breaker(failures_max=breaker_failures, cooldown_s=breaker_cooldown_s, boot_s=boot_s)
            for call in MOVES_MONEY
        }

    @property
    def broken(self) -> bool:
        """Whether some breaker is not closed."""
        return any(breaker.state is not BreakerState.CLOSED for breaker in self._breakers.values())

    def breaker_state(self, call: Call) -> BreakerState:
        return self._breakers[call].state

    async def __call__(
        self, call: Call, request: Request, meaning: Callable[[Reply], T], *, send_before_s: float
    ) -> T | NotSent | Unknown:
        """What became of it. Past `send_before_s` (on the scale of boot_s) nothing leaves."""

        async def attempt() -> T | NotSent | Unknown:
            return await self._attempt(call, request, meaning, send_before_s)

        outcome = await self._resending(call, attempt, until_s=send_before_s)
        tell(self._alarm, outcome, call=call.value, about=request.about)
        return outcome

    async def _attempt(
        self, call: Call, request: Request, meaning: Callable[[Reply], T], send_before_s: float
    ) -> T | NotSent | Unknown:
        breaker = self._breakers[call]
        if not breaker.may_send():
            return NotSent(codes.BREAKER_OPEN, "Chase has been failing: not tried, so as not to wait for it")
        with self._attempts.span(call) as span:
            reply = await self._calling(request, send_before_s=send_before_s)
            outcome = meaning(reply) if isinstance(reply, Reply) else reply
            span.told(result=type(outcome).__name__)
        if outcome.code == codes.SEND_DEADLINE_PASSED:
            return outcome
        if breaker.note(failed=isinstance(outcome, NotSent | Unknown) and codes.is_outage(outcome.code)):
            self._alarm("chase_breaker_opened", call=call.value, code=outcome.code)
        return outcome
