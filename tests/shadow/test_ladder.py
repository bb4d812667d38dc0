"""The steps from off to live, and where a document stands on them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.shadow.document import ALL, ALL_OFF, Document, Mode
from shared.shadow.ladder import LADDER, OFF, Step, began_at, next_step, step_of
from tests.builders import NOW
from tests.shadow.any_document import documents
from tests.shadow.scenes import BILLERS, a_document, a_rule, a_version
from tests.shadow.steady import steady


def stands(document: Document, method: str = "card") -> Step:
    return step_of(document, "city-water", method, BILLERS)


def test_goes_up_one_step_at_a_time() -> None:
    assert [str(step) for step in LADDER] == [
        "off",
        "shadow 1 %",
        "shadow 10 %",
        "shadow 100 %",
        "live 1 %",
        "live 5 %",
        "live 25 %",
        "live 50 %",
        "live 100 %",
    ]
    assert [next_step(step) for step in LADDER] == [*LADDER[1:], None]
    assert sorted(LADDER, key=lambda step: step.rank) == list(LADDER)


def test_from_between_two_steps_leads_to_the_upper_one() -> None:
    assert next_step(Step(Mode.SHADOW, 50)) == Step(Mode.SHADOW, 100)
    assert next_step(Step(Mode.LIVE, 3)) == Step(Mode.LIVE, 5)


@steady
@given(st.sampled_from(Mode), st.integers(0, 100))
def test_every_step_below_the_last_has_one_above(mode: Mode, percentage: int) -> None:
    step = Step(mode, percentage)
    above = next_step(step)

    assert (above is None) == (step == LADDER[-1])
    assert above is None or above.rank > step.rank


class TestADocumentStands:
    def test_where_its_most_specific_rule_puts_it(self) -> None:
        document = a_document(a_rule(biller_id=ALL, method=ALL, mode=Mode.SHADOW), a_rule(percentage=25))

        assert stands(document) == Step(Mode.LIVE, 25)
        assert stands(document, "ach") == Step(Mode.SHADOW, 10)

    @pytest.mark.parametrize(
        "document",
        [
            ALL_OFF,
            a_document(a_rule(mode=Mode.OFF, percentage=50)),
            a_document(a_rule(percentage=0)),
            a_document(a_rule(deny=frozenset({"city-water"}))),
        ],
    )
    def test_at_off_where_nobody_takes_part(self, document: Document) -> None:
        assert stands(document) == OFF

    def test_at_all_of_shadow_where_nobody_is_live_yet_and_the_others_are_shadowed(self) -> None:
        assert stands(a_document(a_rule(percentage=0, otherwise=Mode.SHADOW))) == Step(Mode.SHADOW, 100)
        assert stands(a_document(a_rule(percentage=1, otherwise=Mode.SHADOW))) == Step(Mode.LIVE, 1)

    def test_wholly_live_for_a_biller_that_is_allowed(self) -> None:
        document = a_document(a_rule(biller_id=ALL, percentage=0, allow=frozenset({"city-water"})))

        assert stands(document) == Step(Mode.LIVE, 100)
        assert step_of(document, "county-tax", "card", BILLERS) == OFF

    def test_live_at_all_as_soon_as_single_bills_are(self) -> None:
        assert stands(a_document(a_rule(percentage=0, allow=frozenset({"INV-1"})))) == Step(Mode.LIVE, 1)

    def test_where_it_stood_while_the_kill_switch_is_on(self) -> None:
        assert stands(a_document(a_rule(), kill_switch=True)) == Step(Mode.LIVE, 10)

    @steady
    @given(documents)
    def test_somewhere_always(self, document: Document) -> None:
        step = stands(document)

        assert step == OFF or step.percentage > 0


class TestAStepBegan:
    def test_with_the_version_that_brought_it(self) -> None:
        ten, twenty = a_document(a_rule()), a_document(a_rule(percentage=20))
        versions = [a_version(ten), a_version(twenty, hours=5), a_version(twenty, hours=9)]

        assert began_at(versions, "city-water", "card", BILLERS) == NOW + timedelta(hours=5)
        assert began_at(versions[:1], "city-water", "card", BILLERS) == NOW

    def test_anew_where_it_was_left_meanwhile(self) -> None:
        ten = a_document(a_rule())
        versions = [a_version(ten), a_version(ALL_OFF, hours=5), a_version(ten, hours=9)]

        assert began_at(versions, "city-water", "card", BILLERS) == NOW + timedelta(hours=9)

    def test_never_where_there_is_no_version(self) -> None:
        assert began_at([], "city-water", "card", BILLERS) is None
