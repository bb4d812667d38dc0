"""One answer in two processors' letters is one answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.shadow.codes import normalised
from tests.shadow.steady import steady


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("00", "APPROVED"),
        ("00", "ACCEPTED"),
        ("51", "INSUFFICIENT_FUNDS"),
        ("05", "DO_NOT_HONOR"),
        ("Do not honour", "DO_NOT_HONOR"),
        ("54", "EXPIRED_CARD"),
        ("91", "ISSUER_UNAVAILABLE"),
        ("N7", "CVV2_FAILURE"),
        ("insufficient-funds", "INSUFFICIENT_FUNDS"),
    ],
)
def test_both_processors_codes_become_the_same_word(theirs: str, ours: str) -> None:
    assert normalised(theirs) == normalised(ours) is not None


def test_different_answers_stay_different() -> None:
    assert len({normalised(code) for code in ("00", "05", "51", "54", "91", "N7")}) == 6


def test_a_code_that_nobody_knows_stays_itself() -> None:
    assert normalised(" Some.New--Code ") == "some_new_code"


@pytest.mark.parametrize("nothing", [None, "", "--"])
def test_no_code_is_no_code(nothing: str | None) -> None:
    assert normalised(nothing) is None


@steady
@given(st.text(max_size=20))
def test_a_word_is_its_own_word(code: str) -> None:
    once = normalised(code)

    assert once is None or normalised(once) == once
