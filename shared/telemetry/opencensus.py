"""
Figures through opencensus-ext-azure, the library that was asked for. It is retired (2024-09-30): TELEMETRY changes it.

Metrics only. Its log handler breaks on Python 3.13, it drops distributions, and it sends counters as they stand; so
events stay in the log, durations are sent as counts, sums and buckets, and counts as what came since the last time.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.telemetry.figures import BOUNDS_MS, Durations, Taken
from shared.telemetry.spans import Span

Point = tuple[str, float, Mapping[str, str]]


def points(taken: Taken) -> Iterator[Point]:
    """The figures as (name, value, dimensions), none of them a distribution."""
    for (name, dimensions), n in taken.counts.items():
        yield name, n, dict(dimensions)
    for (name, dimensions), durations in taken.durations.items():
        yield from _flat(name, durations, dict(dimensions))
    for (name, dimensions), value in taken.gauges.items():
        yield name, value, dict(dimensions)
    if taken.dropped:
        yield "telemetry.dropped", taken.dropped, {}


def _flat(name: str, durations: Durations, dimensions: Mapping[str, str]) -> Iterator[Point]:
    yield f"{name}.count", durations.count, dimensions
    yield f"{name}.sum_ms", durations.sum_ms, dimensions
    for le, n in zip((*map(str, BOUNDS_MS), "+Inf"), durations.buckets, strict=True):
        if n:
            yield f"{name}.bucket", n, {**dimensions, "le": le}


class OpenCensusExporter:
    """Sends over its own exporter's one request. `options` are those of opencensus' MetricsExporter."""

    def __init__(self, **options: Any) -> None:
        from opencensus.ext.azure.metrics_exporter import MetricsExporter  # type: ignore[import-untyped]
        from opencensus.metrics.export import (  # type: ignore[import-untyped]
            metric,
            metric_descriptor,
            point,
            time_series,
            value,
        )
        from opencensus.metrics.label_key import LabelKey  # type: ignore[import-untyped]
        from opencensus.metrics.label_value import LabelValue  # type: ignore[import-untyped]

        self._exporter = MetricsExporter(**options)
        kind = metric_descriptor.MetricDescriptorType.GAUGE_DOUBLE

        def made(found: Point, at: datetime) -> Any:
            name, number, dimensions = found
            labels = [LabelKey(key, "") for key in dimensions]
            series = time_series.TimeSeries(
                [LabelValue(text) for text in dimensions.values()],
                [point.Point(value.ValueDouble(float(number)), at)],
                None,
            )
            return metric.Metric(metric_descriptor.MetricDescriptor(name, name, "1", kind, labels), [series])

        self._made = made

    def send(self, taken: Taken, spans: Sequence[Span]) -> None:
        at = datetime.now(UTC).replace(tzinfo=None)
        self._exporter.export_metrics([self._made(found, at) for found in points(taken)])

    def close(self) -> None:
        self._exporter.shutdown()
