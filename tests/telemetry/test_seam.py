"""Whatever stands behind the seam: telling never fails, never waits, and counts right."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.settings import Settings, SettingsError
from shared.telemetry.exported import ExportedTelemetry
from shared.telemetry.figures import BOUNDS_MS, SERIES_MAX, Figures, Taken
from shared.telemetry.guarded import GuardedTelemetry
from shared.telemetry.kept import MOST_OF_A_KIND
from shared.telemetry.log import LoggedTelemetry
from shared.telemetry.memory import SLOT_S, MemoryTelemetry, merged
from shared.telemetry.spans import Span
from tests.test_settings import an_environment

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
STRING = "InstrumentationKey=00000000-0000-4000-8000-000000000001"


class Broken(LoggedTelemetry):
    def event(self, name: str, /, **fields: object) -> None:
        raise RuntimeError("the adapter is broken")

    alarm = event

    def count(self, name: str, n: int = 1, /, **dimensions: str) -> None:
        raise RuntimeError("the adapter is broken")

    def observe_ms(self, name: str, value_ms: float, /, **dimensions: str) -> None:
        raise RuntimeError("the adapter is broken")

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None:
        raise RuntimeError("the adapter is broken")


class Kept:
    """An exporter that keeps what it was to send; `failing` raises instead."""

    def __init__(self) -> None:
        self.sent: list[tuple[Taken, Sequence[Span]]] = []
        self.failing = False
        self.closed = False

    def send(self, taken: Taken, spans: Sequence[Span]) -> None:
        if self.failing:
            raise ConnectionError("nobody listens")
        self.sent.append((taken, spans))

    def close(self) -> None:
        self.closed = True


class TestAGuardedAdapter:
    def test_that_is_broken_fails_nobody_and_is_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        telemetry = GuardedTelemetry(Broken())

        for _ in range(3):
            telemetry.event("payment.outcome", code="APPROVED")
            telemetry.alarm("payment.late_charge")
            telemetry.count("payments.outcomes")
            telemetry.observe_ms("db.duration", 1.0)
            telemetry.gauge("payments.unknown", 1)
            with telemetry.span("chase.duration", operation="sale"):
                pass
        telemetry.close()

        assert caplog.messages == ["telemetry failed: RuntimeError"]

    def test_lets_what_a_step_raises_through(self) -> None:
        with pytest.raises(KeyError), GuardedTelemetry(Broken()).span("chase.duration"):
            raise KeyError("of the work itself")


class TestFigures:
    def test_are_handed_out_once(self) -> None:
        figures = Figures()
        figures.count("messages.published", 2, {"queue": "chase-retry"})
        key = ("messages.published", (("queue", "chase-retry"),))

        assert (figures.taken().counts, figures.taken().counts) == ({key: 2}, {})

    def test_of_durations_are_in_the_bucket_that_they_do_not_exceed(self) -> None:
        figures = Figures()
        for value_ms in (1.0, 1.1, 75_000.0, 75_001.0):
            figures.observe_ms("db.duration", value_ms, {})

        [durations] = figures.taken().durations.values()
        assert [at for at, n in enumerate(durations.buckets) if n] == [0, 1, len(BOUNDS_MS) - 1, len(BOUNDS_MS)]
        assert (durations.count, durations.max_ms) == (4, 75_001.0)

    def test_with_an_id_as_a_dimension_are_bounded_and_the_rest_is_counted(self) -> None:
        figures = Figures()
        for n in range(SERIES_MAX + 5):
            figures.count("payments.outcomes", 1, {"paymentId": str(n)})
            figures.observe_ms("db.duration", 1.0, {"paymentId": str(n)})

        taken = figures.taken()
        assert (len(taken.counts), len(taken.durations), taken.dropped) == (SERIES_MAX, SERIES_MAX, 10)


class TestExporting:
    def test_loads_nothing_before_there_is_something_to_send(self) -> None:
        loaded: list[str] = []
        telemetry = ExportedTelemetry(lambda: loaded.append("loaded") or Kept(), every_s=3600)  # type: ignore[func-returns-value]
        telemetry.event("payment.outcome", code="APPROVED")
        telemetry.count("payments.outcomes")

        assert loaded == []
        telemetry.close()
        assert loaded == ["loaded"]

    def test_sends_the_last_figures_when_it_ends(self) -> None:
        exporter = Kept()
        telemetry = ExportedTelemetry(lambda: exporter, every_s=3600)
        telemetry.count("payments.outcomes")
        telemetry.close()

        assert (len(exporter.sent[-1][0].counts), exporter.closed) == (1, True)

    def test_that_fails_is_told_once_and_tried_again(self, caplog: pytest.LogCaptureFixture) -> None:
        exporter = Kept()
        exporter.failing = True
        telemetry = ExportedTelemetry(lambda: exporter, every_s=3600)
        for _ in range(3):
            telemetry.flush()
        exporter.failing = False
        telemetry.flush()

        assert caplog.messages == ["figures are not sent: ConnectionError"]
        assert len(exporter.sent) == 1

    @pytest.mark.parametrize("module", ["exported", "opencensus", "opentelemetry", "guarded", "memory"])
    def test_imports_no_library_with_its_module(self, module: str) -> None:
        libraries = ("opencensus", "opentelemetry", "azure.monitor", "requests")
        code = f"import sys, shared.telemetry.{module}; print([n for n in {libraries} if n in sys.modules])"

        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

        assert run.stdout.strip() == "[]"


class TestMemory:
    def test_a_flood_of_one_event_pushes_out_none_of_another(self) -> None:
        telemetry = MemoryTelemetry(lambda: START)
        telemetry.event("payment.gone", paymentId="pay_1")
        for number in range(MOST_OF_A_KIND + 5):
            telemetry.event("payment.outcome", number=number)
        telemetry.alarm("payment.late_charge", paymentId="pay_2")

        kept = [each.told for each in telemetry.lines()]
        assert [each["event"] for each in (kept[0], kept[-1])] == ["payment.gone", "payment.late_charge"]
        assert [each["number"] for each in kept[1:-1]] == list(range(5, MOST_OF_A_KIND + 5))
        assert [each.told["event"] for each in telemetry.lines(after=MOST_OF_A_KIND + 6)] == ["payment.late_charge"]

    def test_keeps_figures_by_the_time_at_which_they_came(self) -> None:
        now = [START]
        telemetry = MemoryTelemetry(lambda: now[0])
        for _ in range(3):
            telemetry.count("payments.outcomes", outcome="Approved")
            telemetry.observe_ms("db.duration", 5.0, operation="run")
            telemetry.tick()
            now[0] += timedelta(seconds=SLOT_S / 2)

        slots = telemetry.slots()
        assert [slot.at for slot in slots] == [START, START + timedelta(seconds=SLOT_S)]
        assert sum(merged(slots).counts.values()) == 3
        assert telemetry.total_ms("db.duration") == 15.0


class TestTheSetting:
    def through(self, **given: str) -> str:
        return Settings.from_environment(an_environment(**given)).telemetry_through

    def test_is_opencensus_where_there_is_somewhere_to_send_and_else_the_log(self) -> None:
        assert self.through() == "log"
        assert self.through(APPLICATIONINSIGHTS_CONNECTION_STRING=STRING) == "opencensus"

    def test_alone_changes_the_library(self) -> None:
        given = {"APPLICATIONINSIGHTS_CONNECTION_STRING": STRING}
        assert self.through(**given, TELEMETRY="opentelemetry") == "opentelemetry"

    @pytest.mark.parametrize("name", ["opencensus", "opentelemetry"])
    def test_that_has_nowhere_to_send_says_what_to_write(self, name: str) -> None:
        with pytest.raises(SettingsError, match=f"TELEMETRY: {name} needs APPLICATIONINSIGHTS_CONNECTION_STRING"):
            self.through(TELEMETRY=name)

    def test_never_prints_the_connection_string(self) -> None:
        given = an_environment(APPLICATIONINSIGHTS_CONNECTION_STRING=STRING)

        assert STRING not in repr(Settings.from_environment(given))

    def test_says_as_whom(self) -> None:
        identity = "11111111-2222-4333-8444-555555555555"
        settings = Settings.from_environment(
            an_environment(APPLICATIONINSIGHTS_AUTHENTICATION_STRING=f"ClientId={identity};Authorization=AAD")
        )

        assert settings.telemetry_client_id == identity
