"""Look-ups: they move nothing, so no breaker stands before them and they may be asked again."""

from shared.chase.alarms import Alarm, tell
from shared.chase.attempts import Attempts
from shared.chase.calling import Calling
from shared.chase.classification import Expected, found
from shared.chase.judgement import Asked
from shared.chase.requests import Request
from shared.chase.retry import Resending
from shared.chase.sending import Reply
from shared.payments.outcome import Inquiry, NoAnswer, NothingFound, NotSent, Outcome, Unknown
from shared.payments.retry import Call


class Asking:
    """Asks Chase what it has; a look-up that failed says nothing about the payment, and is NoAnswer."""

    def __init__(self, calling: Calling, resending: Resending, *, alarm: Alarm, attempts: Attempts) -> None:
        self._attempts = attempts
        self._calling = calling
        self._resending = resending
        self._alarm = alarm

    async def __call__(self, request: Request, asked: Asked, *, expected: Expected) -> Inquiry:
        async def attempt() -> Outcome | NothingFound:
            with self._attempts.span(Call.INQUIRY) as span:
                reply = await self._calling(request)
                answer = found(reply, asked, expected=expected) if isinstance(reply, Reply) else reply
                span.told(result=type(answer).__name__)
            return answer

        answer = await self._resending(Call.INQUIRY, attempt)
        if not isinstance(answer, NotSent | Unknown):
            return answer
        tell(self._alarm, answer, call=Call.INQUIRY.value, about=request.about)
        return NoAnswer(answer.code, answer.message)
