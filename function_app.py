"""The front door: registers every blueprint. The worker wants exactly one FunctionApp in this module."""

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

# Functions' own keys are no identity; every route but the health ones authenticates in functions/_http.py.
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

http = (payments, follow_ups, rollout, shadow_report, health)
messages = (chase_retry, ledger_posting, shadow_mirror)
timers = (outbox_sweep, reconciliation, comparison_due, purge, rollout_guard)
for door in (*http, *messages, *timers):
    app.register_functions(door.bp)
