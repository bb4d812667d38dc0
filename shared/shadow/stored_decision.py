"""What was decided for one attempt, for ever, and for how long a first sale may follow a live one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.shadow.document import Mode

# Long enough for a person at a till, short enough that a forgotten attempt is soon nobody's (api: Sale).
LIVE_FOR: Final = timedelta(minutes=15)

# Why a decision is `off` that was not made so by the document.
GIVEN_UP: Final = "given_up"
EXPIRED: Final = "expired"

_PROCESSOR: Final = {Mode.LIVE: "chase", Mode.SHADOW: "existing", Mode.OFF: "existing"}


@dataclass(frozen=True, slots=True)
class Asked:
    """For which attempt of which bill a decision is asked. The attempt is the key that the caller will sell with."""

    caller: str
    attempt: str
    biller_id: str
    method: str
    reference: str


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """`expires_at` is set for `live` alone: a first sale must come before it."""

    asked: Asked
    mode: Mode
    config_version: int
    why: str
    decided_at: datetime
    expires_at: datetime | None = None

    @property
    def processor(self) -> str:
        return _PROCESSOR[self.mode]

    def is_about(self, asked: Asked) -> bool:
        """Whether it is this bill's, by this method: another's decision says nothing of it."""
        return self.asked == asked


Terms = Asked | StoredDecision
"""Under what a sale is taken: the live decision that was made before, or the one that its own commit makes."""


def decided(asked: Asked, mode: Mode, *, why: str, config_version: int, now: datetime) -> StoredDecision:
    """The decision as it is stored."""
    expires_at = now + LIVE_FOR if mode is Mode.LIVE else None
    return StoredDecision(asked, mode, config_version, why, now, expires_at)
