"""How patiently what never left is sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.requeue import requeue_s


@pytest.mark.parametrize(
    ("attempts", "longest_s"), [(0, 5), (1, 10), (2, 20), (3, 40), (7, 640), (8, 900), (10, 900), (1000, 900)]
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(attempts: int, longest_s: float) -> None:
    assert requeue_s(attempts, 1.0) == longest_s


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_is_never_at_once_and_never_longer_than_the_cap(attempts: int, chance: float) -> None:
    assert 1.0 <= requeue_s(attempts, chance) <= 900


def test_chance_spreads_it_over_the_whole_wait() -> None:
    assert requeue_s(3, 0.5) == 20
