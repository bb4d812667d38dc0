"""How Chase is doing: for readiness, which must not hang on it."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from shared.chase import wire
from shared.chase.sending import Reply

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


def is_impaired(reply: Reply) -> bool:
    """
    Whether the answer to the health check speaks of trouble.

    A 4xx does not: Chase was reached, and its newer releases may not have this route.
    """
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return wire.health_word(wire.read_object(reply.body) or {}) in _IMPAIRED_WORDS
