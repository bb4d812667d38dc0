"""The intervals against values that others have published, or that a slower and plainer way computes."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.shadow.intervals import clopper_pearson_upper, newcombe, pairs_needed, wilson
from tests.shadow.steady import steady

trials = st.integers(1, 400)
alphas = st.sampled_from([0.05, 0.025, 0.01, 0.001])


def exact_tail(events: int, count: int, rate: Fraction) -> Fraction:
    """P(X <= events), in fractions: no rounding at all."""
    each = (math.comb(count, number) * rate**number * (1 - rate) ** (count - number) for number in range(events + 1))
    return sum(each, Fraction(0))


class TestTheExactUpperBound:
    @pytest.mark.parametrize(
        ("count", "alpha", "rate"),
        [(2_995, 0.05, 0.001), (29_956, 0.05, 0.0001), (46_050, 0.01, 0.0001), (460_515, 0.01, 0.00001)],
    )
    def test_of_no_event_is_the_figure_of_the_design(self, count: int, alpha: float, rate: float) -> None:
        assert clopper_pearson_upper(0, count, alpha) <= rate < clopper_pearson_upper(0, count - 1, alpha)
        assert clopper_pearson_upper(0, count, alpha) == pytest.approx(1 - alpha ** (1 / count))
        assert pairs_needed(0, rate, alpha) == count

    @pytest.mark.parametrize(
        ("events", "count", "upper"),
        # One-sided 97.5 %: the upper ends of the 95 % intervals in Clopper and Pearson's manner, as widely tabulated.
        [(0, 10, 0.3085), (1, 10, 0.4450), (5, 10, 0.8129), (9, 10, 0.9975), (1, 100, 0.0545), (5, 100, 0.1128)],
    )
    def test_is_that_of_the_tables(self, events: int, count: int, upper: float) -> None:
        assert clopper_pearson_upper(events, count, 0.025) == pytest.approx(upper, abs=5e-5)

    @steady
    @given(st.integers(0, 30), st.integers(1, 60), alphas)
    def test_leaves_just_alpha_below_it(self, events: int, more: int, alpha: float) -> None:
        count = events + more
        upper = clopper_pearson_upper(events, count, alpha)

        assert float(exact_tail(events, count, Fraction(upper))) == pytest.approx(alpha, rel=1e-9)

    @steady
    @given(trials, st.data(), alphas)
    def test_rises_with_every_event_and_falls_with_every_trial(
        self, count: int, data: st.DataObject, alpha: float
    ) -> None:
        events = data.draw(st.integers(0, count - 1))
        bound = clopper_pearson_upper(events, count, alpha)

        assert clopper_pearson_upper(events + 1, count, alpha) > bound
        assert clopper_pearson_upper(events, count + 1, alpha) < bound
        assert bound > events / count

    def test_is_one_where_everything_is_an_event_or_nothing_was_tried(self) -> None:
        assert clopper_pearson_upper(0, 0, 0.05) == clopper_pearson_upper(7, 7, 0.05) == 1.0

    def test_holds_where_the_terms_are_smaller_than_any_double(self) -> None:
        assert 0.5 < clopper_pearson_upper(50_000, 100_000, 0.05) < 0.503

    @pytest.mark.parametrize(("events", "count", "alpha"), [(-1, 5, 0.05), (6, 5, 0.05), (1, 5, 0.0), (1, 5, 0.5)])
    def test_is_asked_of_counts_and_a_probability(self, events: int, count: int, alpha: float) -> None:
        with pytest.raises(ValueError, match="events must be"):
            clopper_pearson_upper(events, count, alpha)


@steady
@given(st.integers(0, 20), st.sampled_from([0.2, 0.05, 0.01]), alphas)
def test_the_pairs_needed_are_the_fewest_that_do(events: int, rate: float, alpha: float) -> None:
    needed = pairs_needed(events, rate, alpha)

    assert clopper_pearson_upper(events, needed, alpha) <= rate
    assert clopper_pearson_upper(events, needed - 1, alpha) > rate


class TestWilson:
    def test_is_that_of_newcombe_s_examples(self) -> None:
        # Newcombe 1998 (Statistics in Medicine 17, 857-872), method 3.
        assert wilson(81, 263, 0.05) == pytest.approx((0.2553, 0.3662), abs=5e-5)
        assert wilson(15, 148, 0.05) == pytest.approx((0.0624, 0.1605), abs=5e-5)
        assert wilson(0, 20, 0.05) == pytest.approx((0.0000, 0.1611), abs=5e-5)
        assert wilson(1, 29, 0.05) == pytest.approx((0.0061, 0.1718), abs=5e-5)

    def test_knows_nothing_where_nothing_was_tried(self) -> None:
        assert wilson(0, 0, 0.05) == (0.0, 1.0)

    @steady
    @given(trials, st.data(), alphas)
    def test_holds_the_rate_and_stays_between_none_and_all(self, count: int, data: st.DataObject, alpha: float) -> None:
        events = data.draw(st.integers(0, count))
        low, high = wilson(events, count, alpha)

        assert 0 <= low <= events / count <= high <= 1


class TestNewcombe:
    def test_is_that_of_his_examples(self) -> None:
        # Newcombe 1998 (Statistics in Medicine 17, 873-890), method 10.
        assert newcombe((56, 70), (48, 80), 0.05) == pytest.approx((0.0524, 0.3339), abs=5e-5)
        assert newcombe((9, 10), (3, 10), 0.05) == pytest.approx((0.1705, 0.8090), abs=5e-5)
        assert newcombe((10, 10), (0, 20), 0.05) == pytest.approx((0.6791, 1.0000), abs=5e-5)

    @steady
    @given(trials, trials, st.data(), alphas)
    def test_of_the_arms_changed_about_is_its_mirror(
        self, one: int, other: int, data: st.DataObject, alpha: float
    ) -> None:
        first, second = (data.draw(st.integers(0, one)), one), (data.draw(st.integers(0, other)), other)
        low, high = newcombe(first, second, alpha)

        assert newcombe(second, first, alpha) == pytest.approx((-high, -low))
        assert low <= first[0] / first[1] - second[0] / second[1] <= high

    def test_of_an_arm_without_trials_excludes_nothing_much(self) -> None:
        low, high = newcombe((0, 0), (0, 0), 0.05)

        assert low < -0.5 < 0.5 < high
