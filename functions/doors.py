"""Every door of the app."""

from typing import Final

import azure.functions as func

from functions import (
    chase_retry,
    comparison_due,
    follow_ups,
    health,
    ledger_posting,
    outbox_sweep,
    payments,
    purge,
    reconciliation,
    rollout,
    shadow_mirror,
)

_HTTP: Final = (payments, follow_ups, rollout, health)
_MESSAGES: Final = (chase_retry, ledger_posting, shadow_mirror)
_TIMERS: Final = (outbox_sweep, reconciliation, comparison_due, purge)

BLUEPRINTS: Final[tuple[func.Blueprint, ...]] = tuple(door.bp for door in (*_HTTP, *_MESSAGES, *_TIMERS))
