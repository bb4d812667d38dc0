"""Which declines may be tried again later: by the network's advice if there is one, else by Chase's response code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.payments.outcome import Retry

# Mastercard's advice: 01 new account information, 02 try again later, 03 do not try again, 21 payment cancelled.
RETRY_OF_ADVICE: Final[Mapping[str, Retry]] = MappingProxyType(
    {"01": Retry.NEVER, "02": Retry.LATER, "03": Retry.NEVER, "21": Retry.NEVER}
)

# Chase's published list of declines is not complete: each family is given with the spellings that its platform uses.
# A code that is not here is a hard decline.
LATER: Final = frozenset(
    {
        # money is short today
        "INSUFFICIENT_FUNDS",
        # over a limit: 302, 509 and 510 of the acquirer's own table
        "CREDIT_FLOOR",
        "CREDIT_LIMIT_EXCEEDED",
        "EXCEEDS_LIMIT",
        "EXCEEDS_WITHDRAWAL_LIMIT",
        "EXCEEDS_WITHDRAWAL_FREQUENCY",
        "FREQUENCY_LIMIT_EXCEEDED",
        "LIMIT_EXCEEDED",
        "OVER_CREDIT_LIMIT",
        "OVER_FREQUENCY",
        "OVER_FREQUENCY_LIMIT",
        "OVER_LIMIT",
        "WITHDRAWAL_LIMIT_EXCEEDED",
        # nobody at the issuer decided
        "ISSUER_NOT_AVAILABLE",
        "ISSUER_TIMEOUT",
        "ISSUER_UNAVAILABLE",
        "TRY_AGAIN",
        "TRY_AGAIN_LATER",
    }
)


def retry_of(code: str, advice: str | None) -> Retry:
    """What the caller may do after a decline. The network's advice outranks the code."""
    by_code = Retry.LATER if code in LATER else Retry.NEVER
    return RETRY_OF_ADVICE.get((advice or "").zfill(2), by_code)
