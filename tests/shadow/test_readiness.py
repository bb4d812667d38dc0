"""Ready, or not ready because: each reason is a sentence with its numbers."""

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.shadow.document import DWELL_HOURS_DEFAULT, Mode
from shared.shadow.evidence import APPROVAL_MARGIN, Arms, Evidence, Standing, Stratum, standing_of
from shared.shadow.intervals import newcombe
from shared.shadow.ladder import LADDER, OFF, Step
from shared.shadow.looks import look
from shared.shadow.readiness import Readiness, readiness
from tests.builders import NOW
from tests.shadow.scenes import BILLERS, EVEN, GOOD, a_document, a_rule, a_version, standing
from tests.shadow.steady import steady

SHADOW, LIVE = Step(Mode.SHADOW, 100), Step(Mode.LIVE, 5)
DAYS = timedelta(days=1)


def evidence(**changed: Evidence) -> dict[Stratum, Evidence]:
    """Enough of everything; `pooled`, `own`, `void` and `refund` replace it."""
    strata = {
        "pooled": Stratum("*", "card", "sale"),
        "own": Stratum("city-water", "card", "sale"),
        "void": Stratum("*", "card", "void"),
        "refund": Stratum("*", "card", "refund"),
    }
    return {stratum: changed.get(name, GOOD) for name, stratum in strata.items()}


def judged(
    step: Step, found: dict[Stratum, Evidence] | None = None, arms: Arms = EVEN, days: float = 3, **changed: Any
) -> Readiness:
    known = evidence() if found is None else found
    return readiness(standing(step, **changed), known, arms, now=NOW + DAYS * days)


class TestFromOff:
    def test_shadow_may_begin_at_once(self) -> None:
        assert judged(OFF, {}, Arms(), days=0).ready


class TestWithinShadow:
    STEP = Step(Mode.SHADOW, 10)

    def test_needs_its_dwell_and_coverage(self) -> None:
        assert judged(self.STEP).ready
        assert judged(self.STEP, days=20.9 / 24).reasons == ("dwell: 20 h of 48 h",)

    def test_needs_nothing_of_statistics(self) -> None:
        bad = evidence(own=Evidence(pairs=10, severe=10, compared=10, eligible=10))

        assert judged(self.STEP, bad).ready

    @pytest.mark.parametrize(("compared", "enough"), [(95, True), (94, False)])
    def test_needs_nearly_every_sale_compared(self, compared: int, enough: bool) -> None:
        found = judged(self.STEP, evidence(own=Evidence(compared=compared, eligible=100)))

        assert found.reasons == (() if enough else ("coverage 94.0 % < 95.0 %",))

    def test_needs_a_sale_at_all(self) -> None:
        assert judged(self.STEP, {}).reasons == ("no sale was eligible for comparison yet",)


class TestFromShadowToLive:
    def test_is_ready_with_enough_pairs_and_no_severe_mismatch(self) -> None:
        found = judged(SHADOW)

        assert (found.ready, found.next_step) == (True, Step(Mode.LIVE, 1))
        assert all(bound.upper <= bound.target for bound in found.bounds)

    def test_says_how_many_pairs_are_missing(self) -> None:
        # The first look may err 2.5 %: ln 0.025 / ln 0.999 = 3,687.04 pairs without a mismatch.
        short = judged(SHADOW, evidence(pooled=Evidence(pairs=2_484, compared=1, eligible=1)))

        assert short.reasons == ("needs 1,204 more comparable pairs in all billers, card sale",)
        assert judged(SHADOW, evidence(pooled=Evidence(pairs=3_688))).ready
        assert judged(SHADOW, evidence(pooled=Evidence(pairs=3_687))).reasons[0].startswith("needs 1 more comparable")

    def test_says_how_many_severe_mismatches_there_were(self) -> None:
        found = judged(SHADOW, evidence(pooled=Evidence(pairs=5_000, severe=2)))

        assert found.reasons[0] == "2 severe mismatches in all billers, card sale"
        assert found.reasons[1].startswith("needs ")

    def test_forgives_a_severe_mismatch_among_enough_pairs(self) -> None:
        assert judged(SHADOW, evidence(pooled=Evidence(pairs=10_000, severe=1))).ready

    def test_asks_of_the_biller_alone_what_is_its_own(self) -> None:
        found = judged(SHADOW, evidence(own=Evidence(pairs=100, compared=100, eligible=100)))

        assert found.reasons == ("needs 268 more comparable pairs in city-water, card sale",)

    @pytest.mark.parametrize("operation", ["void", "refund"])
    def test_asks_for_voids_and_refunds_too(self, operation: str) -> None:
        found = judged(SHADOW, evidence(**{operation: Evidence(pairs=71)}))

        assert found.reasons == (f"needs 1 more comparable pair in all billers, card {operation}",)

    def test_waits_for_the_first_look_though_the_dwell_is_over(self) -> None:
        found = judged(SHADOW, days=1, minimum_dwell_hours=12)

        assert found.reasons == ("the first look is on 2026-11-25 18:00 UTC",)
        assert (found.look, found.bounds) == (None, ())

    def test_needs_more_at_each_look_for_each_is_paid_for(self) -> None:
        missing = [next(bound.missing for bound in judged(SHADOW, {}, days=days).bounds) for days in (2, 9, 16)]

        assert missing == [3_688, 4_786, 5_478]

    def test_counts_a_severe_mismatch_before_its_pair_counts(self) -> None:
        found = judged(SHADOW, evidence(void=Evidence(pairs=0, severe=3)))

        assert "3 severe mismatches in all billers, card void" in found.reasons

    @steady
    @given(st.integers(0, 20_000), st.integers(0, 20), st.integers(1, 5_000))
    def test_more_good_pairs_never_take_readiness_away(self, pairs: int, severe: int, more: int) -> None:
        before = judged(SHADOW, evidence(pooled=Evidence(pairs=pairs + severe, severe=severe)))
        after = judged(SHADOW, evidence(pooled=Evidence(pairs=pairs + severe + more, severe=severe)))
        worse = judged(SHADOW, evidence(pooled=Evidence(pairs=pairs + severe + more, severe=severe + more)))

        assert after.ready >= before.ready
        assert worse.ready <= before.ready

    def test_peeking_at_every_look_errs_no_more_often_than_it_may(self) -> None:
        """A service as bad as the target, looked at for half a year, 200 times over: passed by chance at most 5 %."""
        chance = random.Random(2026)
        rate = 0.05  # the target of voids: the same arithmetic with fewer pairs

        def passes() -> bool:
            pairs = severe = 0
            for number in range(1, 27):
                fresh = [chance.random() < rate for _ in range(20)]
                pairs, severe = pairs + len(fresh), severe + sum(fresh)
                known = {Stratum("*", "card", "void"): Evidence(pairs, severe)}
                case = readiness(standing(SHADOW), known, Arms(), now=look(NOW, number).at)
                if not any("card void" in reason for reason in case.reasons):
                    return True
            return False

        assert sum(passes() for _ in range(200)) / 200 <= 0.05


class TestBetweenLiveSteps:
    def test_is_ready_where_approvals_are_as_many(self) -> None:
        found = judged(LIVE)

        assert (found.ready, found.next_step) == (True, Step(Mode.LIVE, 25))

    def test_says_how_much_lower_ours_may_be(self) -> None:
        worse = Arms(18_700, 20_000, 19_000, 20_000)
        low, _ = newcombe((18_700, 20_000), (19_000, 20_000), 2 * 0.025)

        assert judged(LIVE, arms=worse).reasons == (
            f"approval 93.5 % live, 95.0 % existing: may be {-100 * low:.1f} points lower, 1.0 are allowed",
        )

    def test_is_not_ready_on_few_sales_however_well_they_went(self) -> None:
        assert not judged(LIVE, arms=Arms(20, 20, 20, 20)).ready

    @pytest.mark.parametrize("arms", [Arms(), Arms(live_approved=9, live_decided=9), Arms(0, 0, 9, 9)])
    def test_needs_both_arms(self, arms: Arms) -> None:
        assert judged(LIVE, arms=arms).reasons == ("needs decided sales in both arms to compare approval rates",)

    def test_waits_for_its_look(self) -> None:
        found = judged(LIVE, days=1, minimum_dwell_hours=0)

        assert found.reasons == ("the first look is on 2026-11-25 18:00 UTC",)

    def test_stops_where_shadow_beside_it_shows_severe_mismatches(self) -> None:
        assert judged(LIVE, {}).ready
        assert judged(LIVE, evidence(own=Evidence(pairs=100, severe=2))).reasons == (
            "2 severe mismatches in city-water, card sale",
        )

    @steady
    @given(st.integers(1, 3_000), st.data())
    def test_is_never_ready_where_ours_is_lower_by_more_than_the_margin(
        self, decided: int, data: st.DataObject
    ) -> None:
        live = data.draw(st.integers(0, decided))
        existing = data.draw(st.integers(0, decided))
        if live / decided < existing / decided - APPROVAL_MARGIN:
            assert not judged(LIVE, arms=Arms(live, decided, existing, decided)).ready


def test_at_the_end_of_the_ladder_nothing_is_left_to_allow() -> None:
    found = judged(LADDER[-1], {}, Arms(), days=0)

    assert (found.ready, found.next_step) == (True, None)


@pytest.mark.parametrize(
    ("mode", "percentage", "days"),
    [(mode, share, days) for mode, share, days in itertools.product(Mode, (0, 1, 7, 100), (0, 2))],
)
def test_every_step_can_be_judged(mode: Mode, percentage: int, days: int) -> None:
    step = Step(mode, percentage) if percentage else OFF

    found = judged(step, {}, Arms(), days=days)

    assert found.next_look_at > NOW + DAYS * days
    assert found.dwell_until == NOW + timedelta(hours=DWELL_HOURS_DEFAULT)


class TestAStanding:
    def test_is_read_from_the_versions_of_the_document(self) -> None:
        versions = [a_version(a_document()), a_version(a_document(a_rule(minimum_dwell_hours=7)), hours=5)]

        assert standing_of(versions, "city-water", "card", BILLERS) == Standing(
            "city-water", "card", Step(Mode.LIVE, 10), NOW + timedelta(hours=5), 7
        )
        assert standing_of(versions, "county-tax", "card", BILLERS) == Standing("county-tax", "card", OFF, NOW)

    def test_is_none_without_a_version(self) -> None:
        with pytest.raises(ValueError, match="no version"):
            standing_of([], "city-water", "card", BILLERS)
