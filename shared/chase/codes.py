"""Our own words for outcomes that are not Chase's answer; its response codes pass through beside them."""

from typing import Final

# NotSent: no byte of the request left us, or Chase turned it away before processing it.
NOT_CONNECTED: Final = "NOT_CONNECTED"
SEND_DEADLINE_PASSED: Final = "SEND_DEADLINE_PASSED"
BREAKER_OPEN: Final = "BREAKER_OPEN"
AUTH_UNAVAILABLE: Final = "TOKEN_UNAVAILABLE"
AUTH_REFUSED: Final = "TOKEN_REFUSED"
CREDENTIAL_REFUSED: Final = "CREDENTIAL_REFUSED"
NOT_ENTITLED: Final = "NOT_ENTITLED"
FORBIDDEN: Final = "FORBIDDEN"
THROTTLED: Final = "THROTTLED"

# Shadow was about to speak to somebody else than Chase's tests, or about another merchant than a test one.
HOST_REFUSED: Final = "HOST_REFUSED"
SHADOW_REFUSED: Final = "SHADOW_REFUSED"

# Unknown: bytes left us, and what came back is no answer we understand.
READ_TIMEOUT: Final = "READ_TIMEOUT"
CONNECTION_LOST: Final = "CONNECTION_LOST"
UNREADABLE_ANSWER: Final = "UNREADABLE_ANSWER"
UNFAMILIAR_ANSWER: Final = "UNFAMILIAR_ANSWER"
DUPLICATE: Final = "DUPLICATE"

# Unknown, and NoAnswer: Chase spoke of something other than what it was asked for.
OTHER_PAYMENT_FOUND: Final = "OTHER_PAYMENT_FOUND"

# Declined, where Chase's validation names no code of its own.
VALIDATION_ERROR: Final = "VALIDATION_ERROR"


def http(status: int) -> str:
    """The code of an HTTP status that has no word of its own."""
    return f"HTTP_{status}"


def is_ours_to_mend(code: str) -> bool:
    """Whether no token can be had until a person acts: asking again soon brings the same answer."""
    return code in (CREDENTIAL_REFUSED, NOT_ENTITLED)


def is_outage(code: str) -> bool:
    """Whether the code speaks of Chase or the way to it being down, rather than of this one request."""
    return code in _OUTAGES or code.startswith("HTTP_5")


_OUTAGES: Final = frozenset({NOT_CONNECTED, AUTH_UNAVAILABLE, READ_TIMEOUT, CONNECTION_LOST})
