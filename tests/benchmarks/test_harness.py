"""The harness on a few sales: it counts what was answered, and finds what is missing, doubled or another amount."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import cells as measured
from benchmarks.bench import Bench, Checked, Loading, the_service
from benchmarks.candidates import OURS, STUB, Running, yardstick_at
from benchmarks.cells import FAST, MANY, SLOW, Cells
from benchmarks.load import percentile
from benchmarks.processes import Stub
from benchmarks.rows import added_latency, connections, cpu_per_sale, throughput
from benchmarks.sizes import TINY

# The same code as a whole run, in a second.
SIZES = replace(TINY, cell_s=0.1, warm_s=0.05)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(SIZES, None, tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def cells(bench: Bench) -> Cells:
    """One round of the real service and the stub alone."""
    return measured.measure(bench)


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Stub]:
    stub = Stub(tmp_path / "stub.log")
    yield stub
    stub.stop()


class TestARound:
    def test_takes_the_service_and_the_stub_through_every_point(self, cells: Cells) -> None:
        [found] = cells.rounds

        assert {(name, point) for name in (OURS, STUB) for point in (FAST, SLOW, MANY)} == set(found)
        assert all(set(cell.loaded.statuses) <= {200, 201} and not cell.loaded.failed for cell in found.values())
        assert all(cell.loaded.good > 0 for cell in found.values())

    def test_checks_every_sale_of_its_warm_ups_too(self, cells: Cells, bench: Bench) -> None:
        [checked] = bench.checks
        measured_sales = sum(cell.loaded.good for (name, _), cell in cells.rounds[0].items() if name == OURS)

        assert checked.holds
        assert checked.answered == len(checked.in_database) == len(checked.in_books) > measured_sales
        assert checked.charged_minor == sum(checked.in_books.values())

    def test_says_what_a_sale_costs_without_a_yardstick(self, cells: Cells) -> None:
        [row] = cpu_per_sale.rows(cells)
        against, absolute = row.figures

        assert (against.value, against.met, row.met) == (None, None, True)
        assert absolute.value is not None
        # Less than the two database commits and one HTTP exchange of Python can cost, or more than a broken clock says.
        assert 100 < absolute.value < 100_000

    def test_judges_what_needs_no_yardstick(self, cells: Cells) -> None:
        five, six = added_latency.rows(cells)
        [nine] = connections.rows(cells)

        assert five.figures[0].value is not None
        assert "2 flushes of" in str(five.figures[0].must)
        assert six.figures[0].value is None
        # Warmed up with as many callers: all connections that are needed are open.
        assert [figure.value for figure in nine.figures] == [0, 0]

    def test_leaves_out_what_only_the_yardstick_could_tell(self, cells: Cells) -> None:
        assert [row.figures[0].met for row in throughput.rows(cells)] == [None, None, None]


class TestACheck:
    SOUND = Checked("ours", 2, 300, {"a": 100, "b": 200}, {"a": 100, "b": 200}, 0)

    def test_holds_where_callers_database_and_books_agree(self) -> None:
        assert self.SOUND.holds

    @pytest.mark.parametrize(
        "broken",
        [
            pytest.param({"answered": 3}, id="a 2xx that is not in the database"),
            pytest.param({"charged_minor": 299}, id="another sum"),
            pytest.param({"in_books": {"a": 100}}, id="approved here, never charged there"),
            pytest.param({"in_books": {"a": 100, "b": 200, "c": 1}}, id="charged there, unknown here"),
            pytest.param({"in_books": {"a": 200, "b": 100}}, id="amounts exchanged, the sum alike"),
            pytest.param({"repeats": 1}, id="charged twice"),
        ],
    )
    def test_does_not_hold_otherwise(self, broken: dict[str, object]) -> None:
        assert not replace(self.SOUND, **broken).holds

    def test_finds_in_a_run_what_the_database_has_lost(self, stub: Stub, tmp_path: Path) -> None:
        database, target = tmp_path / "sales.sqlite3", {"kind": "stub", "port": stub.port, "path": "/api/v2/payments"}
        with closing(sqlite3.connect(database)) as db:
            db.execute("CREATE TABLE sales (request_id TEXT, amount_minor INTEGER)")
            db.commit()
        running = Running(stub.child, target, database, "SELECT * FROM sales WHERE ? <> ''", "ever")
        loading = Loading(running, tmp_path / "generator.log")
        loading.sell(connections=2, count=5)
        with closing(sqlite3.connect(database)) as db:
            charged = list(stub.books()["payments"].items())
            db.executemany("INSERT INTO sales VALUES (?, ?)", charged[:4])
            db.commit()

        own = Bench(SIZES, None, tmp_path)
        own.check(the_service(), loading, stub)

        [checked] = own.checks
        assert (checked.answered, len(checked.in_database), len(checked.in_books)) == (5, 4, 5)
        assert not checked.holds


class TestTheGenerator:
    def test_counts_every_answer_of_a_load_of_so_many(self, stub: Stub, tmp_path: Path) -> None:
        loaded = _load(stub, tmp_path, connections=3, count=10)

        assert (loaded.answered, loaded.statuses, loaded.failed) == (10, {200: 10}, 0)
        assert len(stub.books()["payments"]) == 10
        assert loaded.charged_minor == sum(stub.books()["payments"].values())

    def test_sends_by_the_clock_whatever_became_of_those_before(self, stub: Stub, tmp_path: Path) -> None:
        stub.answer_after(300)

        loaded = _load(stub, tmp_path, connections=40, seconds=0.2, rate=100.0)

        # All of them before the first answer came: a closed loop of one caller would have sent one.
        assert 15 <= loaded.answered <= 20
        assert loaded.at_ms(0.5) >= 300

    def test_times_an_arrival_that_finds_no_free_caller_from_when_it_was_due(self, stub: Stub, tmp_path: Path) -> None:
        stub.answer_after(100)

        loaded = _load(stub, tmp_path, connections=1, seconds=0.25, rate=1000.0)

        assert loaded.answered >= 2
        assert loaded.at_ms(1.0) >= 190

    def test_says_nothing_of_nothing(self) -> None:
        assert percentile([], 0.99) == 0.0
        assert [percentile([1.0, 2.0, 3.0, 4.0], share) for share in (0.0, 0.5, 0.99)] == [1.0, 3.0, 4.0]


class TestTheYardstick:
    def test_is_used_where_it_is(self, tmp_path: Path) -> None:
        for name in ("app.py", "sale.lua"):
            (tmp_path / name).touch()

        assert yardstick_at({"YARDSTICK": str(tmp_path)}) == tmp_path

    def test_is_none_where_it_is_not(self, tmp_path: Path) -> None:
        assert yardstick_at({"YARDSTICK": str(tmp_path)}) is None


def _load(stub: Stub, folder: Path, **how: object) -> "measured.Loaded":
    target = {"kind": "stub", "port": stub.port, "path": "/api/v2/payments"}
    return measured.load(target, stub.child, folder / "generator.log", **how)
