"""A difference is explained by somebody, until a day, and never for ever."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from shared.shadow.explanations import EXPLANATIONS, Difference, Explanation, checked, expired, explained_by

DAY = date(2026, 11, 23)
DIFFERENCE = Difference("code", "N7", "DO_NOT_HONOR", "city-water", "card")


def a_rule(**changed: Any) -> Explanation:
    values = {"id": "E-1", "owner": "olga", "expires": DAY, "reason": "theirs splits what ours joins", "field": "code"}
    return Explanation(**{**values, **changed})


def test_a_rule_of_one_field_explains_it_whatever_the_codes() -> None:
    assert explained_by(DIFFERENCE, [a_rule()], on=DAY) == a_rule()
    assert explained_by(replace(DIFFERENCE, field="state"), [a_rule()], on=DAY) is None


@pytest.mark.parametrize(
    ("narrowed", "holds"),
    [
        ({"control_code": "n7"}, True),
        ({"control_code": "CVV_MISMATCH"}, True),
        ({"control_code": "00"}, False),
        ({"candidate_code": "05"}, True),
        ({"candidate_code": "51"}, False),
        ({"biller_id": "city-water"}, True),
        ({"biller_id": "county-tax"}, False),
        ({"method": "card"}, True),
        ({"method": "ach"}, False),
    ],
)
def test_a_rule_may_be_narrowed_by_codes_biller_and_method(narrowed: dict[str, str], holds: bool) -> None:
    assert (explained_by(DIFFERENCE, [a_rule(**narrowed)], on=DAY) is not None) is holds


def test_an_expired_rule_explains_nothing_and_is_listed() -> None:
    rules = [a_rule(), a_rule(id="E-2", expires=date(2026, 11, 24))]

    assert explained_by(DIFFERENCE, rules, on=DAY) == rules[0]
    assert explained_by(DIFFERENCE, rules, on=date(2026, 11, 24)) == rules[1]
    assert explained_by(DIFFERENCE, rules, on=date(2026, 11, 25)) is None
    assert expired(rules, on=date(2026, 11, 24)) == (rules[0],)


@pytest.mark.parametrize("missing", ["id", "owner", "reason"])
def test_a_rule_needs_somebody_who_answers_for_it(missing: str) -> None:
    with pytest.raises(ValueError, match="owner"):
        a_rule(**{missing: " "})


@pytest.mark.parametrize("field", ["amount", "currency"])
def test_money_is_never_explained_for_all_billers(field: str) -> None:
    with pytest.raises(ValueError, match="one biller"):
        a_rule(field=field)
    assert a_rule(field=field, biller_id="city-water").field == field


def test_no_two_rules_have_one_id() -> None:
    with pytest.raises(ValueError, match="E-1"):
        checked([a_rule(), a_rule(field="state")])


def test_a_rule_of_a_field_that_nobody_compares_is_a_slip() -> None:
    with pytest.raises(ValueError, match="not compared: E-1"):
        checked([a_rule(field="codes")])


def test_the_rules_in_force_are_sound() -> None:
    assert checked(EXPLANATIONS) == EXPLANATIONS
