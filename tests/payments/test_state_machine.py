"""The table as a whole: every pair is tried, and what the table promises is checked on it."""

import itertools

import pytest

from shared.payments.errors import TransitionNotAllowed
from shared.payments.state_machine import (
    FINAL_STATES,
    OPEN_STATES,
    TRANSITIONS,
    Event,
    State,
    next_state,
    states_allowing,
)

CAPTURED_ONCE = {
    State.CAPTURED,
    State.SETTLED,
    State.PARTIALLY_REFUNDED,
    State.REFUNDED,
    State.RETURNED,
    State.CHARGED_BACK,
}
NEVER_CHARGED = {State.DECLINED, State.FAILED}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_only_the_pairs_in_the_table_are_accepted(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
        return

    with pytest.raises(TransitionNotAllowed) as refused:
        next_state(state, event)

    assert refused.value.facts == {"state": state.value}
    assert event.value in refused.value.detail


def test_every_state_can_be_reached_from_received() -> None:
    reached, frontier = {State.RECEIVED}, {State.RECEIVED}
    while frontier:
        frontier = {to for (origin, _), to in TRANSITIONS.items() if origin in frontier} - reached
        reached |= frontier

    assert reached == set(State)


def test_every_event_means_something_somewhere() -> None:
    assert {event for _, event in TRANSITIONS} == set(Event)


def test_the_endings_are_these_and_silence_is_none_of_them() -> None:
    assert {State.DECLINED, State.FAILED, State.VOIDED} == FINAL_STATES
    assert not FINAL_STATES & OPEN_STATES


@pytest.mark.parametrize("fact", [Event.SETTLED, Event.RETURNED, Event.CHARGED_BACK])
def test_facts_from_the_bank_are_never_refused_for_a_payment_that_was_captured(fact: Event) -> None:
    assert states_allowing(fact) == CAPTURED_ONCE


@pytest.mark.parametrize("silence", [Event.SALE_LOST, Event.SALE_PENDING])
def test_silence_leads_to_unknown_and_nowhere_else(silence: Event) -> None:
    assert {next_state(state, silence) for state in states_allowing(silence)} == {State.UNKNOWN}


def test_only_a_definite_word_ends_an_unknown_sale_as_never_charged() -> None:
    leading = {event for (state, event), to in TRANSITIONS.items() if state is State.UNKNOWN and to in NEVER_CHARGED}

    assert leading == {
        Event.SALE_DECLINED,
        Event.PARTIAL_APPROVAL_UNDONE,
        Event.SALE_NOT_FOUND,
        Event.RESOLVED_DECLINED,
        Event.RESOLVED_NOT_FOUND,
    }


def test_no_state_leads_back_to_a_sale_once_money_moved() -> None:
    leading_back = {state for (state, _), to in TRANSITIONS.items() if to in OPEN_STATES}

    assert leading_back == OPEN_STATES


def test_what_may_be_heard_anywhere_is_recorded_in_any_state_and_moves_none() -> None:
    for fact in (Event.ANSWER_CONTRADICTED, Event.CONTROL_REPORTED, Event.SHADOW_NOT_POSSIBLE):
        assert all(next_state(state, fact) is state for state in State)
