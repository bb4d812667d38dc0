"""Pairs, counted: nothing that was lost is left out."""

from datetime import date, timedelta

from shared.payments.state_machine import State
from shared.shadow.coverage import Tally, evidence_of, tallies
from shared.shadow.document import Mode
from shared.shadow.evidence import Evidence, Stratum
from shared.shadow.ladder import Step
from shared.shadow.looks import look
from shared.shadow.verdicts import Stage, Verdict
from tests.builders import NOW
from tests.shadow.scenes import (
    CARD_SALES,
    MATCH,
    NOT_COMPARABLE,
    SLOW,
    WRONG_AMOUNT,
    a_candidate,
    a_comparison,
    a_pair,
    standing,
)

TAX = Stratum("county-tax", "card", "sale")
ALL_SALES = Stratum("*", "card", "sale")
STEP = standing(Step(Mode.SHADOW, 100))
LOOK = look(NOW, 1)


class TestATally:
    def test_counts_verdicts_severe_ones_and_what_could_be_compared(self) -> None:
        tally = Tally([a_pair(each) for each in (MATCH, MATCH, WRONG_AMOUNT, SLOW, NOT_COMPARABLE, None)])

        assert tally.verdicts == {Verdict.MATCH: 2, Verdict.MISMATCH: 2, Verdict.NOT_COMPARABLE: 1}
        assert (tally.comparable, tally.severe) == (4, 1)

    def test_covers_what_was_compared_of_all_that_was_eligible_losses_included(self) -> None:
        tally = Tally([a_pair(MATCH), a_pair(NOT_COMPARABLE), a_pair(None)], losses=1)

        assert (tally.eligible, tally.coverage) == (4, 0.5)
        assert Tally([]).coverage is None
        assert Tally([], losses=3).coverage == 0

    def test_has_every_field_of_every_comparison(self) -> None:
        fields = Tally([a_pair(MATCH), a_pair(SLOW), a_pair(None)]).fields()

        assert list(fields)[:2] == ["amount", "currency"]
        assert [(result.verdict, times) for result, times in fields["latency"].items()] == [
            (Verdict.MATCH, 1),
            (Verdict.MISMATCH, 1),
        ]

    def test_falls_into_days_of_greenwich(self) -> None:
        tally = Tally([a_pair(hours=30), a_pair(hours=5.9), a_pair(hours=6)])

        assert {day: len(of_day.pairs) for day, of_day in tally.days().items()} == {
            date(2026, 11, 23): 1,
            date(2026, 11, 24): 1,
            date(2026, 11, 25): 1,
        }


def test_strata_are_counted_each_and_together() -> None:
    pairs = [a_pair(), a_pair(stratum=TAX), a_pair(WRONG_AMOUNT, stratum=TAX)]

    counted = tallies(pairs, {TAX: 2, Stratum("county-tax", "ach", "sale"): 1})

    assert {str(stratum): (len(tally.pairs), tally.losses) for stratum, tally in counted.items()} == {
        "all billers, ach sale": (0, 1),
        "all billers, card sale": (3, 2),
        "city-water, card sale": (1, 0),
        "county-tax, ach sale": (0, 1),
        "county-tax, card sale": (2, 2),
    }


class TestEvidence:
    def test_is_what_has_been_submitted_since_the_step_began(self) -> None:
        before, since = a_pair(WRONG_AMOUNT, hours=-1), a_pair(hours=0)

        found = evidence_of([before, since], {}, STEP, LOOK)

        assert found == {stratum: Evidence(1, 0, 1, 1) for stratum in (CARD_SALES, ALL_SALES)}

    def test_counts_a_pair_once_it_is_final_and_was_compared_by_the_look(self) -> None:
        first = a_comparison(stage=Stage.FIRST)
        late = LOOK.at + timedelta(milliseconds=1)
        pairs = [a_pair(), a_pair(first), a_pair(compared_at=LOOK.at), a_pair(compared_at=late), a_pair(NOT_COMPARABLE)]

        found = evidence_of([*pairs, a_pair(None)], {CARD_SALES: 4}, STEP, LOOK)[CARD_SALES]

        assert found == Evidence(pairs=2, severe=0, compared=5, eligible=10)
        assert found.coverage == 0.5

    def test_counts_a_severe_mismatch_at_once(self) -> None:
        at_first = a_comparison(candidate=a_candidate(state=State.UNKNOWN), stage=Stage.FIRST)
        late = a_pair(WRONG_AMOUNT, compared_at=LOOK.at + timedelta(days=1))

        assert evidence_of([a_pair(at_first), late], {}, STEP, LOOK)[CARD_SALES].severe == 2
        assert evidence_of([late], {}, STEP, None)[CARD_SALES] == Evidence(0, 1, 1, 1)

    def test_of_all_billers_is_together_and_of_the_biller_its_own(self) -> None:
        found = evidence_of([a_pair(), a_pair(stratum=TAX)], {TAX: 1}, STEP, LOOK)

        assert found == {CARD_SALES: Evidence(1, 0, 1, 1), ALL_SALES: Evidence(2, 0, 2, 3)}

    def test_of_nothing_is_nothing(self) -> None:
        assert evidence_of([], {}, STEP, LOOK) == {}
        assert Evidence().coverage is None
