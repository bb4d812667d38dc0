"""An operation's own small table."""

import itertools

import pytest

from shared.payments.errors import TransitionNotAllowed
from shared.payments.operations import (
    OPERATION_TRANSITIONS,
    UNFINISHED,
    OperationEvent,
    OperationState,
    next_operation_state,
    operation_states_allowing,
)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(OperationState, OperationEvent)))
def test_only_the_pairs_in_the_table_are_accepted(state: OperationState, event: OperationEvent) -> None:
    if (state, event) in OPERATION_TRANSITIONS:
        assert next_operation_state(state, event) is OPERATION_TRANSITIONS[state, event]
        return

    with pytest.raises(TransitionNotAllowed):
        next_operation_state(state, event)


@pytest.mark.parametrize("event", [OperationEvent.APPROVED, OperationEvent.DECLINED])
def test_an_answer_of_chase_is_taken_by_what_is_unfinished_and_by_nothing_else(event: OperationEvent) -> None:
    assert operation_states_allowing(event) == UNFINISHED


def test_what_may_have_arrived_is_never_called_unsent() -> None:
    assert operation_states_allowing(OperationEvent.NOT_SENT) == {OperationState.SUBMITTED}


def test_a_finished_operation_is_never_begun_again() -> None:
    claimed_from = operation_states_allowing(OperationEvent.CLAIMED)

    assert claimed_from == {OperationState.QUEUED, OperationState.UNKNOWN}
