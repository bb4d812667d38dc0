"""A process of its own that tells some figures through one adapter: the libraries keep threads and sockets open."""

import os
import sys

from shared.telemetry.context import entered
from shared.telemetry.exported import ExportedTelemetry, Exporter

# A call that sends figures of its own would go to the internet.
os.environ["APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL"] = "true"


def load() -> Exporter:
    if sys.argv[1] == "opencensus":
        from shared.telemetry.opencensus import OpenCensusExporter

        return OpenCensusExporter(connection_string=sys.argv[2], enable_local_storage=False)
    from shared.telemetry.opentelemetry import OpenTelemetryExporter

    return OpenTelemetryExporter(connection_string=sys.argv[2], disable_offline_storage=True)


telemetry = ExportedTelemetry(load, every_s=3600, keeps_spans=True)
with entered("bill-1", f"00-{'a' * 32}-{'b' * 16}-01"):
    for _ in range(3):
        telemetry.count("payments.outcomes", operation="sale", outcome="Approved", method="card", mode="live")
    telemetry.observe_ms("db.duration", 3.0, operation="run")
    telemetry.observe_ms("db.duration", 40.0, operation="run")
    telemetry.gauge("payments.unknown", 2)
    telemetry.watch("sales.in_flight", lambda: [({}, 5)])
    with telemetry.span("chase.duration", operation="sale", mode="live") as span:
        span.told(result="Approved")
telemetry.flush()
telemetry.count("payments.outcomes", operation="sale", outcome="Approved", method="card", mode="live")
telemetry.flush()
telemetry.close()
