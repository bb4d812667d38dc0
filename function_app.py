"""The front door: registers every blueprint. The worker wants exactly one FunctionApp in this module."""

import azure.functions as func

from functions import (
    chase_retry,
    follow_ups,
    health,
    ledger_posting,
    outbox_sweep,
    payments,
    purge,
    reconciliation,
    rollout,
)

# Functions' own keys are no identity; every route but the health ones authenticates in functions/_http.py.
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

for door in (payments, follow_ups, rollout, health, chase_retry, ledger_posting, outbox_sweep, reconciliation, purge):
    app.register_functions(door.bp)
