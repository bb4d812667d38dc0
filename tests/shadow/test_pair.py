"""The candidate, as it is read from a shadow payment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.facts import advanced
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Declined, NotSent, Outcome, Pending, Unknown, record
from shared.payments.payment import Operation, Payment
from shared.payments.state_machine import Event, State
from shared.shadow.pair import Candidate, candidate_of
from tests.builders import NOW, a_submitted_payment, approved, sold

ANSWERED = NOW + timedelta(milliseconds=640)


def with_outcome(outcome: Outcome) -> Payment:
    return sold(a_submitted_payment(), outcome, now=ANSWERED)


def candidate(payment: Payment) -> Candidate:
    found = candidate_of(payment, payment.operations[-1].id)
    assert found is not None
    return found


def test_of_an_approval_has_what_was_approved_and_how_long_it_took() -> None:
    found = candidate(with_outcome(approved(avs="Y", cvv="M")))

    assert (found.status, found.code, found.state) == ("approved", "APPROVED", State.AUTHORIZED)
    assert (found.asked, found.amount) == (Money(125_99, "USD"), Money(125_99, "USD"))
    assert (found.biller_id, found.method, found.operation) == ("city-water", "card", OperationKind.SALE)
    assert (found.avs, found.cvv, found.latency_ms) == ("Y", "M", 640)
    assert found.transaction_id == "b1f7c0de-0000-4000-8000-000000000001"
    assert found.after_approval


@pytest.mark.parametrize(
    ("outcome", "status", "transaction_id"),
    [
        (Declined("DO_NOT_HONOR", "no", transaction_id="tx-1"), "declined", "tx-1"),
        (Declined("VALIDATION_ERROR", "bad field"), "declined", None),
        (Unknown("READ_TIMEOUT", "silence"), "unknown", None),
        (Pending("PENDING", "later", transaction_id="tx-2"), "pending", "tx-2"),
    ],
)
def test_of_anything_else_has_no_amount(outcome: Outcome, status: str, transaction_id: str | None) -> None:
    found = candidate(with_outcome(outcome))

    assert (found.status, found.amount, found.transaction_id) == (status, None, transaction_id)
    assert not found.after_approval


def test_there_is_none_while_the_operation_is_on_its_way() -> None:
    submitted, queued = a_submitted_payment(), with_outcome(NotSent("NOT_CONNECTED", "no way"))

    assert candidate_of(submitted, submitted.sale.id) is None
    assert candidate_of(queued, queued.sale.id) is None


def test_there_is_none_of_an_operation_that_is_not_the_payments() -> None:
    with pytest.raises(KeyError):
        candidate_of(a_submitted_payment(), "op_other")


def a_void(outcome: Outcome, state: OperationState) -> Operation:
    known = record(outcome, "request-1")
    at = NOW + timedelta(hours=1)
    return Operation("op_void", OperationKind.VOID, state, Money(125_99, "USD"), "request-1", at, at, outcome=known)


def test_of_a_void_knows_that_its_sale_was_approved() -> None:
    sold, void = with_outcome(approved()), a_void(approved(), OperationState.SUCCEEDED)
    claimed = advanced(sold, Event.VOID_SUBMITTED, void, actor="ctp", now=void.claimed_at)
    voided = advanced(claimed, Event.VOID_SUCCEEDED, void, actor="chase", now=void.claimed_at + timedelta(seconds=1))

    found = candidate(voided)

    assert (found.operation, found.state, found.latency_ms) == (OperationKind.VOID, State.VOIDED, 1_000)
    assert found.after_approval


def test_of_an_operation_without_a_fact_after_its_claim_has_no_latency() -> None:
    sold, void = with_outcome(approved()), a_void(NotSent("NOT_CONNECTED", "no way"), OperationState.FAILED)
    failed = replace(sold, operations=(*sold.operations, void))

    assert candidate(failed).latency_ms is None


def test_of_an_outcome_that_names_nothing_of_chase_has_nothing_of_chase() -> None:
    sold = with_outcome(approved())
    bare = {"status": "approved", "code": "APPROVED"}
    plain = replace(sold, operations=(replace(sold.sale, outcome=bare),))

    assert (candidate(plain).avs, candidate(plain).amount) == (None, Money(125_99, "USD"))
