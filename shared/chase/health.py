"""How Chase is doing: for readiness, which must not hang on it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from shared.chase import codes
from shared.chase.sending import Message, Reply, Sending
from shared.chase.wire.addressing import HEALTH
from shared.chase.wire.answers import health_word, read_object
from shared.payments.outcome import NotSent, Unknown

# Readiness is asked every few seconds.
HEALTH_WITHIN_S: Final = 2.0

_IMPAIRED_WORDS: Final = frozenset({"WARN", "FAIL"})


class HealthStatus(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Health:
    """How Chase is doing, and how long it took to say so, in seconds."""

    status: HealthStatus
    latency_s: float


class HealthCheck:
    """Asks Chase how it is. `boot_s` is the clock."""

    def __init__(self, sending: Sending, *, base_url: str, boot_s: Callable[[], float]) -> None:
        self._sending = sending
        self._message = Message("GET", base_url + HEALTH, {"Accept": "application/json"})
        self._boot_s = boot_s

    async def __call__(self, *, impaired: bool) -> Health:
        """Down if it is not reached within HEALTH_WITHIN_S; degraded if it says so, or is `impaired` as we see it."""
        began_s = self._boot_s()
        reply = await self._sending.exchange(self._message, within_s=HEALTH_WITHIN_S)
        if isinstance(reply, Unknown) and reply.code == codes.CONNECTION_LOST:
            # That Chase closed a connection which lay idle says nothing of how it is.
            left_s = HEALTH_WITHIN_S - (self._boot_s() - began_s)
            reply = await self._sending.exchange(self._message, within_s=left_s)
        latency_s = self._boot_s() - began_s
        if isinstance(reply, NotSent | Unknown):
            return Health(HealthStatus.DOWN, latency_s)
        return Health(HealthStatus.DEGRADED if impaired or is_impaired(reply) else HealthStatus.OK, latency_s)


def is_impaired(reply: Reply) -> bool:
    """
    Whether the answer to the health check speaks of trouble.

    A 4xx does not: Chase was reached, and its newer releases may not have this route.
    """
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return health_word(read_object(reply.body) or {}) in _IMPAIRED_WORDS
