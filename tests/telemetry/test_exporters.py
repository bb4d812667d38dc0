"""What the two libraries really post, to an ingestion on loopback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.telemetry.ingestion import Ingestion, ingestion

ROOT = Path(__file__).parents[2]
APPROVED = "method=card mode=live operation=sale outcome=Approved"


def exported(through: str, status: int = 200) -> tuple[Ingestion, str]:
    """Everything that was posted, and what the process complained of."""
    with ingestion() as taken:
        taken.status = status
        command = [sys.executable, "-W", "ignore", "-m", "tests.telemetry.exporting", through, taken.connection_string]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    return taken, run.stderr


@pytest.fixture(scope="module", params=["opencensus", "opentelemetry"])
def posted(request: pytest.FixtureRequest) -> tuple[str, Ingestion]:
    return request.param, exported(request.param)[0]


def test_counts_are_what_came_since_the_last_time_so_sums_are_right(posted: tuple[str, Ingestion]) -> None:
    values = [
        metric["value"]
        for envelope in posted[1].envelopes
        for metric in envelope["data"]["baseData"].get("metrics", [])
        if metric["name"] == "payments.outcomes"
    ]

    assert values == [3, 1]


def test_dimensions_gauges_and_what_is_watched_arrive(posted: tuple[str, Ingestion]) -> None:
    metrics = posted[1].metrics()

    assert ("payments.outcomes", APPROVED) in metrics
    assert (metrics["payments.unknown", ""], metrics["sales.in_flight", ""]) == (2, 5)


def test_durations_arrive_though_opencensus_drops_distributions(posted: tuple[str, Ingestion]) -> None:
    through, taken = posted
    metrics = taken.metrics()

    if through == "opencensus":
        assert metrics["db.duration.count", "operation=run"] == 2
        assert metrics["db.duration.sum_ms", "operation=run"] == 43.0
        assert metrics["db.duration.bucket", "le=5 operation=run"] == 1
    else:
        assert metrics["db.duration", "operation=run"] == 43.0


def test_spans_keep_the_ids_that_their_calls_went_out_with(posted: tuple[str, Ingestion]) -> None:
    through, taken = posted
    spans = [each for each in taken.envelopes if each["data"]["baseType"] == "RemoteDependencyData"]

    if through == "opencensus":
        assert spans == []
    else:
        [span] = spans
        assert span["tags"]["ai.operation.id"] == "a" * 32
        assert span["data"]["baseData"]["name"] == "chase.duration"


@pytest.mark.parametrize("through", ["opencensus", "opentelemetry"])
def test_an_ingestion_that_fails_fails_nobody(through: str) -> None:
    taken, _ = exported(through, status=500)

    assert taken.envelopes
