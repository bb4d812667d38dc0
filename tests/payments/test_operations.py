"""An operation's own small table."""

import itertools

import pytest

from shared.payments.errors import TransitionNotAllowed
from shared.payments.operations import (
    OPERATION_TRANSITIONS,
    SENDABLE,
    UNFINISHED,
    UNRESOLVED,
    OperationEvent,
    OperationState,
    next_operation_state,
)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(OperationState, OperationEvent)))
def test_only_the_pairs_in_the_table_are_accepted(state: OperationState, event: OperationEvent) -> None:
    if (state, event) in OPERATION_TRANSITIONS:
        assert next_operation_state(state, event) is OPERATION_TRANSITIONS[state, event]
        return

    with pytest.raises(TransitionNotAllowed):
        next_operation_state(state, event)


def test_a_refusal_of_chase_is_taken_by_what_is_unfinished_and_by_nothing_else() -> None:
    assert _states_allowing(OperationEvent.DECLINED) == UNFINISHED


def test_an_approval_is_taken_by_what_was_given_up_as_never_done_too() -> None:
    assert _states_allowing(OperationEvent.APPROVED) == UNFINISHED | {OperationState.FAILED}


def test_what_may_be_sent_has_not_ended() -> None:
    assert SENDABLE < UNRESOLVED
    assert UNRESOLVED == UNFINISHED | {OperationState.QUEUED}


def test_what_has_ended_well_or_was_refused_never_changes_again() -> None:
    ended = {OperationState.SUCCEEDED, OperationState.DECLINED}

    assert not ended & {state for state, _ in OPERATION_TRANSITIONS}


def test_what_may_have_arrived_is_never_called_unsent() -> None:
    assert _states_allowing(OperationEvent.NOT_SENT) == {OperationState.SUBMITTED}


def test_a_finished_operation_is_never_begun_again() -> None:
    claimed_from = _states_allowing(OperationEvent.CLAIMED)

    assert claimed_from == {OperationState.QUEUED, OperationState.UNKNOWN}


def _states_allowing(event: OperationEvent) -> set[OperationState]:
    return {state for state, allowed in OPERATION_TRANSITIONS if allowed is event}
