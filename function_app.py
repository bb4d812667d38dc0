"""The front door: registers every blueprint. The worker wants exactly one FunctionApp in this module."""

import azure.functions as func

from functions import (
    chase_retry,
    follow_ups,
    health,
    outbox_sweep,
    payments,
    purge,
    reconciliation,
    rollout,
    rollout_guard,
    shadow_report,
)

# Functions' own keys are no identity; every route but the health ones authenticates in functions/_http.py.
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

called = (payments, follow_ups, rollout, shadow_report, health)
by_themselves = (chase_retry, outbox_sweep, reconciliation, purge, rollout_guard)
for door in (*called, *by_themselves):
    app.register_functions(door.bp)
