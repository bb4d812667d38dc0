"""The rows that need no long run, and what is told of all: table, latest.json, plots, exit."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import plots
from benchmarks.__main__ import main
from benchmarks.bench import Bench, Checked
from benchmarks.big_database import FILE, big_database, some_ids
from benchmarks.cells import FAST, SLOW, Cell, Cells, Spread
from benchmarks.figures import Figure, Limit, Row, ratio
from benchmarks.load import Loaded
from benchmarks.report import Report, verdict
from benchmarks.rows import added_latency, cpu_per_sale, overload, reading_and_sweeping, round_trips, throughput
from benchmarks.rows.growth import Grown
from benchmarks.sizes import FULL, QUICK, TINY, sizes_of

LOADS = (0.5, 0.5, 0.5)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(TINY, None, tmp_path)


def a_cell(good: int = 100, *, seconds: float = 1.0, cpu_s: float = 0.1, took_s: float = 0.01) -> Cell:
    loaded = Loaded(
        seconds=seconds,
        statuses={201: good},
        charged_minor=good,
        took_s=[took_s] * good,
        refused_took_s=[],
        failed=0,
        cpu_s=cpu_s,
        generator_cpu_s=0.001,
    )
    return Cell(loaded, rss_mb=80.0)


def the_cells(**styles: float) -> Cells:
    """Two rounds: we spend 1 ms a sale, the styles what is said."""
    cells = Cells(flushes_ms=[1.0, 2.0])
    for noise in (1.0, 3.0):
        found = {("ours", FAST): a_cell(cpu_s=0.1 * noise)}
        found |= {(name, FAST): a_cell(cpu_s=0.1 * noise * by) for name, by in styles.items()}
        found |= {("ours", SLOW): a_cell(took_s=0.210), ("stub", SLOW): a_cell(took_s=0.200)}
        cells.rounds.append(found)
    return cells


class TestRoundTrips:
    def test_are_two_with_two_commits_and_flushes_are_shared(self, bench: Bench) -> None:
        [row] = round_trips.rows(bench)
        *counted, sharing = row.figures

        assert [figure.value for figure in counted] == [2] * 6
        assert row.met
        assert sharing.value is not None
        assert sharing.value >= 1


class TestReadingAndSweeping:
    def test_one_look_and_every_row_swept_once(self, bench: Bench) -> None:
        [row] = reading_and_sweeping.rows(bench)
        look_up, swept = row.figures

        assert look_up.value == 1
        assert swept.value is not None
        assert swept.value > 0


class TestABigDatabase:
    def test_is_many_whole_payments_made_once_and_kept(self, bench: Bench) -> None:
        folder = big_database(bench, 40)
        made_at = (folder / FILE).stat().st_mtime_ns

        assert big_database(bench, 40) == folder
        assert (folder / FILE).stat().st_mtime_ns == made_at
        with closing(sqlite3.connect(folder / FILE)) as db:
            assert db.execute("SELECT COUNT(*), COUNT(DISTINCT reference) FROM payments").fetchone() == (40, 40)
            assert db.execute("SELECT COUNT(DISTINCT request_id) FROM operations").fetchone() == (40,)
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert len(set(some_ids(folder, 10))) == 10


class TestARatio:
    def test_is_of_one_round_so_that_noise_of_both_does_not_show(self) -> None:
        [row] = cpu_per_sale.rows(the_cells(sync=2.0))

        assert row.figures[0].value == pytest.approx(0.5)
        assert row.figures[0].spread == Spread(pytest.approx(0.5), pytest.approx(0.5), pytest.approx(0.5))
        assert (row.met, row.figures[0].aim_met) == (True, True)

    def test_over_its_limit_is_not_met(self) -> None:
        assert cpu_per_sale.rows(the_cells(sync=0.9))[0].met is False

    def test_of_rates_is_to_be_high(self) -> None:
        figure = ratio("rate", Spread(0.6, 0.5, 0.7), Limit(0.5, at_most=False), Limit(0.7, at_most=False))

        assert (figure.met, figure.aim_met) == (True, False)
        assert [row.number for row in throughput.rows(the_cells())] == [2, 3, 4]

    def test_of_latencies_is_over_the_stub_and_its_limit_counts_this_disks_flushes(self) -> None:
        five, _ = added_latency.rows(the_cells())

        assert five.figures[0].value == pytest.approx(10.0)
        assert str(five.figures[0].must) == "<= 8.0 (2 flushes of 1.50 ms + 5 ms)"
        assert five.met is False


class TestOverload:
    def test_a_sale_that_is_lost_fails_the_row(self) -> None:
        peak, over = a_cell(100).loaded, a_cell(95).loaded

        kept, _, lost, _ = overload._figures([(peak, over)], holds=False)

        assert (kept.value, kept.met) == (0.95, True)
        assert lost.met is False

    def test_goodput_is_the_median_of_the_rounds_each_against_its_own_peak(self) -> None:
        rounds = [(a_cell(peak).loaded, a_cell(over).loaded) for peak, over in ((100, 95), (200, 100), (50, 45))]

        kept, refused, *_ = overload._figures(rounds, holds=True)

        assert kept.value == pytest.approx(0.9)
        assert kept.spread == Spread(pytest.approx(0.9), pytest.approx(0.5), pytest.approx(0.95))
        assert (refused.value, refused.note) == (None, "none refused")

    def test_a_slow_refusal_fails_the_row(self) -> None:
        peak, over = a_cell(100).loaded, a_cell(95).loaded
        over.statuses[503] = 2
        over.refused_took_s.extend([0.01, 0.2])

        refused = overload._figures([(peak, over)], holds=True)[1]

        assert (refused.value, refused.met) == (200, False)


class TestAReport:
    def test_passes_and_says_each_row_to_people_and_machines(self, bench: Bench, tmp_path: Path) -> None:
        rows = [Row(8, "trips", [Figure("sale", 2, "", Limit(2), Limit(2)), Figure("void", 2.0, "", Limit(2))])]
        rows.append(Row(4, "rate", [Figure("rate", 0.31234, "x", None, Limit(0.25, at_most=False))]))

        report = Report(rows, the_cells(), bench, LOADS, LOADS)
        report.write(tmp_path)

        assert report.passed
        said = json.loads((tmp_path / "latest.json").read_text())["rows"]
        assert {"row": 4, "value": 0.3123, "must": None, "aim": ">= 0.25", "met": True}.items() <= said[1].items()
        assert (said[0]["value"], said[0]["must"], said[0]["met"]) == ([2, 2.0], ["<= 2", "<= 2"], True)
        assert "| 8 | void | 2 " in (tmp_path / "latest.md").read_text()

    def test_fails_where_a_must_is_missed(self, bench: Bench) -> None:
        report = Report([Row(1, "cpu", [Figure("cpu", 1.1, "x", Limit(1.0))])], the_cells(), bench, LOADS, LOADS)

        assert not report.passed
        assert verdict(report) == "rows that miss their must: 1"

    def test_fails_where_a_sale_is_not_where_it_belongs_whatever_the_rows_say(self, bench: Bench) -> None:
        bench.checks.append(Checked("ours", 2, 200, {"a": 100}, {"a": 100, "b": 100}, 0))

        report = Report([], the_cells(), bench, LOADS, LOADS)

        assert not report.passed
        assert "NOT ALL HOLD" in report.text()

    def test_draws_its_plots(self, tmp_path: Path) -> None:
        plots.draw(tmp_path, the_cells(sync=2.0), [Grown(10, 900.0, 200.0), Grown(100, 950.0, 210.0)], [(10, 80.0)])

        pictures = sorted(tmp_path.glob("*.png"))
        assert [path.name for path in pictures] == ["added-latency.png", "growth-and-memory.png", "rates-and-cpu.png"]
        assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


class TestSizes:
    def test_are_chosen_by_name_and_changed_one_by_one(self) -> None:
        assert sizes_of({}) == FULL
        assert sizes_of({"BENCH": "quick"}) == QUICK
        assert sizes_of({"BENCH": "quick", "BENCH_PAYMENTS": "50000"}).payments_many == 50_000

    @pytest.mark.parametrize(
        ("given", "name"),
        [({"BENCH": "huge"}, "BENCH"), ({"BENCH_ROUNDS": "0"}, "BENCH_ROUNDS"), ({"BENCH_SALES": "x"}, "BENCH_SALES")],
    )
    def test_that_are_wrong_are_named_and_nothing_is_run(
        self, given: dict[str, str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(given, results=tmp_path, scratch=tmp_path) == 2
        assert capsys.readouterr().err.startswith(f"{name}: write ")
        assert list(tmp_path.iterdir()) == []
