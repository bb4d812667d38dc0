"""Which outcomes a person must look at, and what the alarm is called."""

from collections.abc import Mapping
from typing import Final, Protocol

from shared.chase import codes
from shared.payments.outcome import NotSent, Unknown

ALARM_OF: Final[Mapping[str, str]] = {
    codes.UNFAMILIAR_ANSWER: "chase_unfamiliar_answer",
    codes.UNREADABLE_ANSWER: "chase_unfamiliar_answer",
    codes.OTHER_PAYMENT_FOUND: "chase_other_payment_found",
    codes.FORBIDDEN: "chase_forbidden",
    codes.AUTH_REFUSED: "chase_token_refused",
    codes.AUTH_UNAVAILABLE: "chase_token_unavailable",
    codes.CREDENTIAL_REFUSED: "chase_credential_refused",
    codes.NOT_ENTITLED: "chase_not_entitled",
    codes.HOST_REFUSED: "shadow.production_egress",
}


class Alarm(Protocol):
    """Tells a person; no field is ever a secret (Telemetry.alarm fits)."""

    def __call__(self, name: str, /, **fields: object) -> None: ...


def tell(alarm: Alarm, outcome: object, *, call: str, about: str) -> None:
    """Raise the alarm that `outcome` of `call` calls for, if any; `about` is the id that it went under."""
    if isinstance(outcome, NotSent | Unknown) and outcome.code in ALARM_OF:
        alarm(ALARM_OF[outcome.code], call=call, about=about, code=outcome.code, message=outcome.message)
