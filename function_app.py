"""The front door: registers every blueprint. The worker wants exactly one FunctionApp in this module."""

import azure.functions as func

from functions import chase_retry, follow_ups, health, outbox_sweep, payments, purge, reconciliation

# Functions' own keys are no identity; every route but the health ones authenticates in functions/_http.py.
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

for blueprint in (payments.bp, follow_ups.bp, health.bp, chase_retry.bp, outbox_sweep.bp, reconciliation.bp, purge.bp):
    app.register_functions(blueprint)
