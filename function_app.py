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
    shadow_mirror,
)

# Functions' own keys are no identity; every route but the health ones authenticates in functions/_http.py.
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

http = (payments, follow_ups, rollout, health)
messages = (chase_retry, ledger_posting, shadow_mirror)
timers = (outbox_sweep, reconciliation, comparison_due, purge)
for door in (*http, *messages, *timers):
    app.register_functions(door.bp)
