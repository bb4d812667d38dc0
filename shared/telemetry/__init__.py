"""
What is told about the service's work: events and alarms by name, figures, spans; and the one context of each.

A thin seam. What stands behind it is chosen in wiring, from TELEMETRY; what sends anything is imported by nobody
before there is something to send.
"""

from shared.telemetry.context import Trace, correlation_id, current_trace, entered
from shared.telemetry.log import LoggedTelemetry
from shared.telemetry.memory import RecordedTelemetry

__all__ = ["LoggedTelemetry", "RecordedTelemetry", "Trace", "correlation_id", "current_trace", "entered"]
