"""When live sales go wrong the guard sends them back, by counts, and never the other way."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.shadow.decision import decide
from shared.shadow.document import ALL, ALL_OFF, Document, Mode
from shared.shadow.guard import DECLINE_LIMITS, FAILURE_LIMITS, WINDOWS, Demotion, Outcomes, demoted, demotions
from shared.shadow.ladder import step_of
from tests.shadow.any_document import documents
from tests.shadow.scenes import BILLERS, a_document, a_rule
from tests.shadow.steady import steady

MINUTES, HOUR = timedelta(minutes=5), timedelta(hours=1)
SCOPE = ("city-water", "card")
LIVE = a_document(a_rule(percentage=50))


def found(window: timedelta, outcomes: Outcomes, document: Document = LIVE) -> tuple[Demotion, ...]:
    return demotions(document, {SCOPE: {window: outcomes}})


def test_looks_at_the_windows_of_its_limits() -> None:
    assert WINDOWS == (MINUTES, HOUR)
    assert {limit.window for limit in (*FAILURE_LIMITS, *DECLINE_LIMITS)} == set(WINDOWS)


def test_leaves_alone_who_is_well() -> None:
    assert demotions(LIVE, {SCOPE: {window: Outcomes(approved=95, declined=5) for window in WINDOWS}}) == ()
    assert demotions(LIVE, {}) == demotions(LIVE, {SCOPE: {}}) == ()


class TestIntegrationFailures:
    @pytest.mark.parametrize(
        ("window", "outcomes", "demotes"),
        [
            (MINUTES, Outcomes(failed=4), False),
            (MINUTES, Outcomes(failed=5), True),
            (MINUTES, Outcomes(approved=45, failed=5), True),
            (MINUTES, Outcomes(approved=46, failed=5), False),
            (HOUR, Outcomes(approved=291, failed=9), False),
            (HOUR, Outcomes(approved=323, failed=10), True),
            (HOUR, Outcomes(approved=324, failed=10), False),
        ],
    )
    def test_demote_by_a_burst_within_minutes_or_a_drip_within_the_hour(
        self, window: timedelta, outcomes: Outcomes, demotes: bool
    ) -> None:
        assert bool(found(window, outcomes)) is demotes

    def test_are_told(self) -> None:
        (demotion,) = found(MINUTES, Outcomes(approved=20, failed=5))

        assert demotion == Demotion("city-water", "card", "5 integration failures among 25 live sales in 5 minutes")

    def test_are_not_excused_by_declines_of_the_other_arm(self) -> None:
        assert found(MINUTES, Outcomes(approved=5, failed=5, existing_declined=100))


class TestDeclines:
    def test_that_the_other_arm_has_too_are_no_reason(self) -> None:
        bad_day = Outcomes(approved=50, declined=50, existing_approved=500, existing_declined=500)

        assert found(HOUR, bad_day) == ()

    def test_that_the_other_arm_has_not_demote(self) -> None:
        ours = Outcomes(approved=50, declined=50, existing_approved=950, existing_declined=50)

        assert found(HOUR, ours) == (
            Demotion(*SCOPE, "50 of 100 live sales declined in 60 minutes, 50 of 1000 by the existing processor"),
        )

    @pytest.mark.parametrize(("declined", "demotes"), [(50, False), (90, True)])
    def test_without_another_arm_demote_only_where_they_are_most(self, declined: int, demotes: bool) -> None:
        alone = Outcomes(approved=100 - declined, declined=declined)

        assert bool(found(HOUR, alone)) is demotes
        assert "existing" not in "".join(demotion.because for demotion in found(HOUR, alone))

    def test_compared_with_few_others_count_as_if_there_were_none(self) -> None:
        assert found(HOUR, Outcomes(declined=100, existing_approved=1))

    def test_that_are_few_prove_nothing(self) -> None:
        assert found(HOUR, Outcomes(declined=49)) == ()
        assert found(HOUR, Outcomes(declined=50)) != ()

    def test_are_no_integration_failures(self) -> None:
        assert found(MINUTES, Outcomes(declined=100)) == ()


class TestADemotion:
    BURST = Outcomes(failed=50)
    DEMOTION = Demotion(*SCOPE, "it burns")

    @pytest.mark.parametrize("document", [ALL_OFF, a_document(a_rule(mode=Mode.SHADOW))])
    def test_is_of_one_that_is_live(self, document: Document) -> None:
        assert found(MINUTES, self.BURST, document) == ()
        assert demoted(document, [self.DEMOTION]) == document

    def test_leads_to_off_or_to_shadow_where_the_others_are_shadowed(self) -> None:
        beside = a_document(a_rule(percentage=50, otherwise=Mode.SHADOW, allow=frozenset({"INV-1"})))

        off, shadow = demoted(LIVE, [self.DEMOTION]).rules, demoted(beside, [self.DEMOTION]).rules

        assert [(rule.mode, rule.percentage) for rule in (*off, *shadow)] == [(Mode.OFF, 0), (Mode.SHADOW, 100)]
        assert shadow[0].allow == frozenset()

    def test_leaves_the_other_billers_and_methods_live(self) -> None:
        document = demoted(a_document(a_rule(biller_id=ALL, method=ALL, percentage=100)), [self.DEMOTION])

        assert decide(document, "city-water", "card", "INV-1").mode is Mode.OFF
        assert decide(document, "city-water", "ach", "INV-1").mode is Mode.LIVE
        assert decide(document, "county-tax", "card", "INV-1").mode is Mode.LIVE

    @steady
    @given(documents, st.sampled_from(BILLERS), st.sampled_from(["card", "ach"]), st.text("INV012", max_size=8))
    def test_never_makes_anybody_more_live(self, document: Document, biller: str, method: str, bill: str) -> None:
        after = demoted(document, [Demotion(biller, method, "it burns")])

        assert decide(after, biller, method, bill).mode is not Mode.LIVE
        for other in BILLERS:
            for each in ("card", "ach", "applePay"):
                assert step_of(after, other, each, BILLERS).rank <= step_of(document, other, each, BILLERS).rank

    def test_is_made_once(self) -> None:
        once = demoted(LIVE, [self.DEMOTION])

        assert demoted(once, [self.DEMOTION]) == once
        assert found(MINUTES, self.BURST, once) == ()

    def test_is_told_per_biller_and_method(self) -> None:
        live = a_document(a_rule(biller_id=ALL, method=ALL))
        burning = {scope: {MINUTES: self.BURST} for scope in [("county-tax", "ach"), SCOPE]}

        both = demotions(live, burning)

        assert [(demotion.biller_id, demotion.method) for demotion in both] == [SCOPE, ("county-tax", "ach")]
        assert [rule.mode for rule in demoted(live, both).rules] == [Mode.OFF, Mode.OFF, Mode.LIVE]
