"""How a fact enters a payment: one version on, with its entry, and with the claims that were written without one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.errors import TransitionNotAllowed
from shared.payments.facts import advanced, scheduled, with_operation
from shared.payments.operations import OperationKind, OperationState, Purpose
from shared.payments.payment import Payment
from shared.payments.state_machine import Event, State
from tests.builders import NOW, a_captured_payment, a_submitted_payment, an_authorized_payment, claimed

LATER = NOW + timedelta(seconds=1)
VOID, REFUND = OperationKind.VOID, OperationKind.REFUND


def test_a_fact_moves_the_payment_one_version_on_and_stands_in_its_history() -> None:
    payment = a_submitted_payment()
    detail = {"code": "CONTROL"}

    after = advanced(payment, Event.CONTROL_REPORTED, payment.sale, actor="ctp", now=LATER, detail=detail)

    entry = after.history[-1]
    assert (after.state, after.version, after.updated_at) == (State.SUBMITTED, payment.version + 1, LATER)
    assert (entry.sequence, entry.event, entry.actor, entry.at) == (2, Event.CONTROL_REPORTED, "ctp", LATER)
    assert (entry.operation_id, entry.detail) == (payment.sale.id, detail)


def test_a_fact_that_the_table_does_not_have_changes_nothing() -> None:
    payment = a_submitted_payment()

    with pytest.raises(TransitionNotAllowed):
        advanced(payment, Event.SETTLED, payment.sale, actor="ctp", now=LATER)


@pytest.mark.parametrize(
    ("payment", "event", "fact"),
    [
        (claimed(an_authorized_payment(), VOID), Event.VOID_SUBMITTED, Event.VOID_NOT_SENT),
        (claimed(a_captured_payment(), REFUND, 100), Event.REFUND_SUBMITTED, Event.REFUND_NOT_SENT),
    ],
    ids=["void", "refund"],
)
def test_a_claim_stands_in_the_history_before_the_next_fact(payment: Payment, event: Event, fact: Event) -> None:
    operation = payment.operations[-1]
    known = len(payment.history)

    after = advanced(payment, fact, operation, actor="chase", now=LATER)

    claim, told = after.history[known:]
    assert (claim.event, claim.operation_id, claim.actor, claim.at) == (event, operation.id, "ctp", NOW)
    assert claim.from_state is claim.to_state is after.state
    assert told.event is fact
    assert [entry.sequence for entry in after.history] == list(range(1, len(after.history) + 1))


def test_a_claim_is_entered_once() -> None:
    payment = claimed(an_authorized_payment(), VOID)
    void = payment.operations[-1]
    once = advanced(payment, Event.VOID_NOT_SENT, void, actor="chase", now=LATER)

    twice = advanced(once, Event.VOID_SUBMITTED, void, actor="chase_retry", now=LATER)

    assert [entry.event for entry in twice.history][2:] == [
        Event.VOID_SUBMITTED,
        Event.VOID_NOT_SENT,
        Event.VOID_SUBMITTED,
    ]


def test_an_undo_was_nobodys_claim_and_has_no_such_entry() -> None:
    payment = claimed(an_authorized_payment(), VOID, purpose=Purpose.UNDO_PARTIAL_APPROVAL)

    after = advanced(payment, Event.CONTROL_REPORTED, payment.sale, actor="ctp", now=LATER)

    assert [entry.event for entry in after.history][2:] == [Event.CONTROL_REPORTED]


def test_what_is_due_may_change_without_a_fact() -> None:
    payment = a_captured_payment()
    moved = replace(payment.sale, inquire_at=LATER)

    after = scheduled(payment, moved, now=LATER)

    assert (after.version, after.updated_at, after.sale.inquire_at) == (payment.version + 1, LATER, LATER)
    assert after.history == payment.history


def test_an_operation_replaces_itself_and_a_new_one_stands_beside_the_others() -> None:
    payment = claimed(an_authorized_payment(), VOID)
    done = replace(payment.operations[-1], state=OperationState.SUCCEEDED)
    other = replace(done, id="op_other")

    after = with_operation(with_operation(payment, done), other)

    assert [operation.id for operation in after.operations] == [payment.sale.id, done.id, "op_other"]
    assert after.operation(done.id).state is OperationState.SUCCEEDED


def test_the_first_fact_of_a_payment_has_the_first_number() -> None:
    [entry] = a_submitted_payment().history

    assert entry.sequence == 1
