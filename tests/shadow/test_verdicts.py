"""A comparison is kept as JSON and read as it was."""

import json

import pytest

from shared.shadow.verdicts import Comparison, as_json, read_comparison
from tests.shadow.scenes import MATCH, NOT_COMPARABLE, SLOW, WRONG_AMOUNT


@pytest.mark.parametrize("comparison", [MATCH, WRONG_AMOUNT, SLOW, NOT_COMPARABLE])
def test_a_comparison_comes_back_from_its_json_as_it_went(comparison: Comparison) -> None:
    assert read_comparison(json.loads(json.dumps(as_json(comparison)))) == comparison


@pytest.mark.parametrize("changed", [{"verdict": "maybe"}, {"severity": "dire"}, {"stage": "later"}])
def test_what_was_not_written_by_us_is_not_read(changed: dict[str, str]) -> None:
    with pytest.raises((KeyError, ValueError)):
        read_comparison({**as_json(MATCH), **changed})


def test_a_comparison_is_small_enough_to_keep_one_a_sale() -> None:
    assert len(json.dumps(as_json(WRONG_AMOUNT))) < 2_500
