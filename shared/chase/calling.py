"""A call with a token: nothing else in this room knows that tokens are refused, fetched again and sent once more."""

from collections.abc import Callable
from http import HTTPStatus

from shared.chase import codes
from shared.chase.oauth import Tokens, TokenUnavailable
from shared.chase.sending import NEVER_TOO_LATE, Message, Reply, Sending
from shared.payments.outcome import NotSent, Unknown
from shared.payments.secret import Secret

MessageWith = Callable[[Secret], Message]
"""The message as it goes out under that token."""


class Calling:
    """Sends messages under the process's token."""

    def __init__(self, sending: Sending, tokens: Tokens) -> None:
        self._sending = sending
        self._tokens = tokens

    async def __call__(
        self, message: MessageWith, *, send_before_s: float = NEVER_TOO_LATE
    ) -> Reply | NotSent | Unknown:
        """The answer, or what became of the call instead. A 401 that is returned is the second in a row."""
        try:
            token = await self._tokens.current()
            reply = await self._sending.exchange(message(token), send_before_s=send_before_s)
            if not _refused(reply):
                return reply
            # Refused before processing, so the same request may go once more, under a fresh token.
            self._tokens.drop(token)
            fresh = await self._tokens.current()
        except TokenUnavailable as error:
            return NotSent(codes.AUTH_UNAVAILABLE, f"no token for Chase; nothing was sent ({error})")
        return await self._sending.exchange(message(fresh), send_before_s=send_before_s)


def _refused(reply: Reply | NotSent | Unknown) -> bool:
    return isinstance(reply, Reply) and reply.status == HTTPStatus.UNAUTHORIZED
