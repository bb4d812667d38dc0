"""The shadow load on a second of sales: both sides are measured, every sale is accounted for, and a loss is found."""

from dataclasses import replace

import pytest

from benchmarks.bench import Bench
from benchmarks.load import Loaded
from benchmarks.shadow_load import measured
from benchmarks.shadow_report import Check, Round, ShadowRun, ShadowSizes, text
from benchmarks.shadow_rollout import Counted
from benchmarks.sizes import TINY

SIZES = ShadowSizes(
    rounds=1, cell_s=0.5, live_rate=20.0, live_latency_ms=20, mirror_latency_ms=100, backlog_max=10, fills_max=1
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ShadowRun:
    folder = tmp_path_factory.mktemp("shadow-load")
    return measured(Bench(TINY, None, folder), SIZES)


class TestARun:
    def test_measures_live_sales_alone_and_beside_shadow(self, run: ShadowRun) -> None:
        [found] = run.rounds

        assert set(found.alone.statuses) == set(found.beside.statuses) == {201}
        assert found.shadow.good > found.beside.good
        assert found.mirrored <= SIZES.carried_rate

    def test_accounts_for_every_sale(self, run: ShadowRun) -> None:
        assert [check for check in run.checks if not check.holds] == []
        assert len(run.checks) == 8

    def test_says_so(self, run: ShadowRun) -> None:
        told = text(SIZES, run)

        assert "DOES NOT HOLD" not in told
        assert f"{run.ratio:.2f}x" in told


class TestAVerdict:
    ROUNDS = tuple((100.0, beside) for beside in (110.0, 120.0, 900.0))

    def test_is_by_the_median_of_the_rounds(self) -> None:
        run = ShadowRun([_round(alone, beside) for alone, beside in self.ROUNDS])

        assert run.ratio == pytest.approx(1.2)
        assert run.passed

    def test_fails_past_a_quarter_more(self) -> None:
        assert not ShadowRun([_round(100.0, 126.0)]).passed

    def test_fails_by_one_check(self) -> None:
        run = ShadowRun([_round(100.0, 100.0)], checks=[Check("a", "", True), Check("b", "", False)])

        assert not run.passed
        assert "DOES NOT HOLD: b" in text(SIZES, run)


class TestWhatAShadowSaleCosts:
    ONE_EACH = Counted(sales=20, commits=20, chase_calls=0)

    def test_is_one_commit_and_no_call(self) -> None:
        assert self.ONE_EACH.holds

    @pytest.mark.parametrize("more", [{"commits": 21}, {"commits": 19}, {"chase_calls": 1}])
    def test_is_nothing_else(self, more: dict[str, int]) -> None:
        assert not replace(self.ONE_EACH, **more).holds


def _round(alone_ms: float, beside_ms: float) -> Round:
    return Round(_loaded(alone_ms), _loaded(beside_ms), _loaded(1.0), mirrored=1.0)


def _loaded(took_ms: float) -> Loaded:
    return Loaded(1.0, {201: 1}, 0, [took_ms / 1000], [], 0, 0.0, 0.0)
