"""Retry strategies are data; those that could charge twice do not load."""

import itertools

import pytest

from shared.payments.retry import (
    DEFAULT_STRATEGIES,
    MOVES_MONEY,
    Call,
    OnExhaust,
    OutcomeClass,
    RetryStrategy,
    UnsafeRetryStrategy,
    strategies,
)


def a_strategy(call: Call = Call.SALE, on: OutcomeClass = OutcomeClass.NOT_SENT, **changed: float) -> RetryStrategy:
    values = {"attempts": 3, "base_s": 0.2, "cap_s": 1.0, "deadline_s": 8, **changed}
    return RetryStrategy(call, on, on_exhaust=OnExhaust.ANSWER, **values)  # type: ignore[arg-type]


def test_every_call_has_a_strategy_for_every_class_of_outcome() -> None:
    assert strategies().keys() == set(itertools.product(Call, OutcomeClass))
    assert len(DEFAULT_STRATEGIES) == len(strategies())


@pytest.mark.parametrize("call", sorted(MOVES_MONEY))
def test_what_moves_money_is_never_sent_again_after_silence(call: Call) -> None:
    assert strategies()[call, OutcomeClass.UNKNOWN].attempts == 1

    with pytest.raises(UnsafeRetryStrategy, match=f"{call} x unknown"):
        a_strategy(call, OutcomeClass.UNKNOWN, attempts=2)


@pytest.mark.parametrize("call", sorted(set(Call) - MOVES_MONEY))
def test_what_moves_no_money_may_be(call: Call) -> None:
    assert a_strategy(call, OutcomeClass.UNKNOWN, attempts=2).attempts == 2


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"attempts": 11}, {"base_s": 2}, {"cap_s": 9}, {"base_s": -1}, {"deadline_s": 0.5}]
)
def test_a_strategy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="sale x not_sent"):
        a_strategy(**wrong)


def test_waits_double_up_to_their_cap() -> None:
    assert [a_strategy().wait_at_most_s(resend) for resend in (1, 2, 3, 4)] == [0.2, 0.4, 0.8, 1.0]


def test_a_changed_strategy_takes_the_place_of_its_namesake() -> None:
    patient = a_strategy(attempts=5)

    assert strategies(patient)[Call.SALE, OutcomeClass.NOT_SENT] is patient
