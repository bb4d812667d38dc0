"""A way to the service on which some requests and some answers get lost."""

import random

from ctp.deadline import NoAnswer
from ctp.transport import Request, Response, Transport


class LossyTransport:
    """`share` of the calls end without an answer: half of them before the service saw them, half after."""

    def __init__(self, transport: Transport, rng: random.Random, share: float) -> None:
        self._transport, self._rng, self._share = transport, rng, share
        self.lost = 0

    def send(self, request: Request, within_s: float) -> Response:
        chance = self._rng.random()
        if chance < self._share / 2:
            self.lost += 1
            raise NoAnswer("lost on the way there")
        answer = self._transport.send(request, within_s)
        if chance < self._share:
            self.lost += 1
            raise NoAnswer("lost on the way back")
        return answer
