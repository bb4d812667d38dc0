"""Figures and spans through azure-monitor-opentelemetry's exporters: what Microsoft supports in OpenCensus' place."""

import time
from collections.abc import Sequence
from typing import Any, Final

from shared.telemetry.figures import BOUNDS_MS, Durations, Taken
from shared.telemetry.spans import FAILED, Span

_SCOPE: Final = "payments"
_SEND_WITHIN_MS: Final = 10_000


class OpenTelemetryExporter:
    """
    Hands what was added up here straight to the exporters: no provider of the library's runs, no instrumentation.

    Our spans keep the ids that their calls went out with. `options` are those of the Azure Monitor exporters.
    """

    def __init__(self, **options: Any) -> None:
        from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        self._metrics = AzureMonitorMetricExporter(**options)
        self._traces = AzureMonitorTraceExporter(**options)
        self._resource = Resource.create({"service.name": "ic-chase-payment-processing"})
        self._scope = InstrumentationScope(_SCOPE)
        self._since_ns = time.time_ns()

    def send(self, taken: Taken, spans: Sequence[Span]) -> None:
        self._metrics.export(self._data(taken), timeout_millis=_SEND_WITHIN_MS)
        if spans:
            self._traces.export([self._span(span) for span in spans])

    def close(self) -> None:
        self._metrics.shutdown()
        self._traces.shutdown()

    def _data(self, taken: Taken) -> Any:
        from opentelemetry.sdk.metrics import export as otel

        since, now = self._since_ns, time.time_ns()
        self._since_ns = now
        delta = otel.AggregationTemporality.DELTA

        def number(name: str, value: float, dimensions: Any, *, adds: bool) -> Any:
            found = otel.NumberDataPoint(dict(dimensions), since, now, value)
            data = otel.Sum([found], delta, True) if adds else otel.Gauge([found])
            return otel.Metric(name, "", "1", data)

        def durations(name: str, found: Durations, dimensions: Any) -> Any:
            of = (found.count, found.sum_ms, found.buckets, BOUNDS_MS, 0.0, found.max_ms)
            data = otel.Histogram([otel.HistogramDataPoint(dict(dimensions), since, now, *of)], delta)
            return otel.Metric(name, "", "ms", data)

        metrics = [number(name, n, of, adds=True) for (name, of), n in taken.counts.items()]
        metrics += [durations(name, found, of) for (name, of), found in taken.durations.items()]
        metrics += [number(name, value, of, adds=False) for (name, of), value in taken.gauges.items()]
        if taken.dropped:
            metrics.append(number("telemetry.dropped", taken.dropped, (), adds=True))
        scoped = otel.ScopeMetrics(self._scope, metrics, "")
        return otel.MetricsData([otel.ResourceMetrics(self._resource, [scoped], "")])

    def _span(self, span: Span) -> Any:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
        from opentelemetry.trace.status import Status, StatusCode

        def context(span_id: str, *, remote: bool) -> Any:
            return SpanContext(int(span.trace.trace_id, 16), int(span_id, 16), remote, TraceFlags(TraceFlags.SAMPLED))

        parent = span.trace.parent_id
        raised = span.dimensions.get("result") == FAILED
        return ReadableSpan(
            name=span.name,
            context=context(span.trace.span_id, remote=False),
            parent=None if parent is None else context(parent, remote=False),
            resource=self._resource,
            attributes=dict(span.dimensions),
            kind=SpanKind.CLIENT,
            status=Status(StatusCode.ERROR if raised else StatusCode.UNSET),
            start_time=span.began_ns,
            end_time=span.began_ns + int(span.took_ms * 1_000_000),
            instrumentation_scope=self._scope,
        )
