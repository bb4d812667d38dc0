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
    rollout_guard,
    shadow_mirror,
    shadow_report,
)

_HTTP: Final = (payments, follow_ups, rollout, shadow_report, health)
_MESSAGES: Final = (chase_retry, ledger_posting, shadow_mirror)
_TIMERS: Final = (outbox_sweep, reconciliation, comparison_due, purge, rollout_guard)

BLUEPRINTS: Final[tuple[func.Blueprint, ...]] = tuple(door.bp for door in (*_HTTP, *_MESSAGES, *_TIMERS))
