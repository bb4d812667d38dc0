"""A comparison is kept as JSON and read as it was."""

import json

import pytest

from shared.shadow.verdicts import Comparison, Kept, as_json, read_comparison
from tests.shadow.scenes import MATCH, NOT_COMPARABLE, SLOW, WRONG_AMOUNT, a_comparison, a_control


@pytest.mark.parametrize("comparison", [MATCH, WRONG_AMOUNT, SLOW, NOT_COMPARABLE])
def test_a_comparison_comes_back_from_its_json_as_it_went(comparison: Comparison) -> None:
    assert read_comparison(json.loads(json.dumps(as_json(comparison)))) == comparison


@pytest.mark.parametrize("changed", [{"verdict": "maybe"}, {"severity": "dire"}, {"stage": "later"}])
def test_what_was_not_written_by_us_is_not_read(changed: dict[str, str]) -> None:
    with pytest.raises((KeyError, ValueError)):
        read_comparison({**as_json(MATCH), **changed})


def test_a_comparison_is_small_enough_to_keep_one_a_sale() -> None:
    assert len(json.dumps(as_json(WRONG_AMOUNT))) < 2_500


class TestManyComparisons:
    def test_that_differ_are_read_whole(self) -> None:
        assert Kept().read(as_json(WRONG_AMOUNT)) == WRONG_AMOUNT

    def test_that_do_not_differ_share_one_without_the_values_of_both_sides(self) -> None:
        kept = Kept()

        first, second = kept.read(as_json(MATCH)), kept.read(as_json(a_comparison(a_control(latency_ms=701))))

        assert first is second
        assert (first.stage, first.verdict, first.severity) == (MATCH.stage, MATCH.verdict, None)
        assert {(field.control, field.candidate) for field in first.fields} == {(None, None)}
        assert [(field.name, field.verdict, field.severity, field.reason) for field in first.fields] == [
            (field.name, field.verdict, field.severity, field.reason) for field in MATCH.fields
        ]

    def test_that_say_something_else_stay_apart(self) -> None:
        kept = Kept()

        assert kept.read(as_json(MATCH)).verdict is not kept.read(as_json(NOT_COMPARABLE)).verdict

    def test_that_we_did_not_write_are_not_read(self) -> None:
        with pytest.raises(ValueError, match="maybe"):
            Kept().read({**as_json(MATCH), "verdict": "maybe"})
