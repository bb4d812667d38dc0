"""A call with a token: nothing else in this room knows that tokens are refused, fetched again and sent once more."""

from http import HTTPStatus

from shared.chase.requests import Request
from shared.chase.sending import NEVER_TOO_LATE, Reply, Sending
from shared.chase.tokens import Tokens, TokenUnavailable
from shared.payments.outcome import NotSent, Unknown
from shared.payments.secret import Secret


class Calling:
    """Sends requests to `base_url` under the process's token."""

    def __init__(self, sending: Sending, tokens: Tokens, *, base_url: str) -> None:
        self._sending = sending
        self._tokens = tokens
        self._base_url = base_url

    async def __call__(self, request: Request, *, send_before_s: float = NEVER_TOO_LATE) -> Reply | NotSent | Unknown:
        """The answer, or what became of the call instead. A 401 that is returned is the second in a row."""
        try:
            token = await self._tokens.current()
            reply = await self._send(request, token, send_before_s)
            if not _refused(reply):
                return reply
            # Refused before processing, so the same request may go once more, under a fresh token.
            self._tokens.drop(token)
            fresh = await self._tokens.current()
        except TokenUnavailable as error:
            return NotSent(error.code, f"no token for Chase; nothing was sent ({error})")
        return await self._send(request, fresh, send_before_s)

    async def _send(self, request: Request, token: Secret, send_before_s: float) -> Reply | NotSent | Unknown:
        return await self._sending.exchange(request.message(self._base_url, token), send_before_s=send_before_s)


def _refused(reply: Reply | NotSent | Unknown) -> bool:
    return isinstance(reply, Reply) and reply.status == HTTPStatus.UNAUTHORIZED
