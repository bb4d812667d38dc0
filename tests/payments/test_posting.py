"""What the ledger is told of a step: the difference between two versions of a payment, and nothing else."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.payments.capture import capture_confirmed, found_voided
from shared.payments.facts import with_operation
from shared.payments.follow_ups import with_follow_up_outcome
from shared.payments.lifecycle import given_up, reclaimed
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState, Purpose
from shared.payments.outcome import Declined, NotSent, Outcome, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.posting import Posting, PostingKind, postings_of
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.state_machine import State
from tests.builders import NOW, a_submitted_payment, an_occasion, approved

LATER = NOW + timedelta(seconds=1)
BILL = 125_99
K = PostingKind


def after(payment: Payment, outcome: Outcome) -> Payment:
    found = with_sale_outcome(payment, outcome, occasion=an_occasion(LATER), actor="chase")
    assert found is not None
    return found


def next_version(payment: Payment, **changed: Any) -> Payment:
    return replace(payment, version=payment.version + 1, updated_at=LATER, **changed)


SUBMITTED = a_submitted_payment()
AUTHORIZED = after(SUBMITTED, approved(captures_at=LATER))
CAPTURED_AT_ONCE = after(SUBMITTED, approved(state=TransactionState.CLOSED))
LOST = after(SUBMITTED, Unknown("READ_TIMEOUT", "no answer"))
VOIDED = next_version(AUTHORIZED, state=State.VOIDED)
CHARGED_BACK = next_version(CAPTURED_AT_ONCE, state=State.CHARGED_BACK, charged_back_minor=BILL)


def told(before: Payment | None, payment: Payment) -> list[tuple[PostingKind, int]]:
    return [(posting.kind, posting.amount.amount_minor) for posting in postings_of(before, payment)]


def undone(undoing: Payment, outcome: Outcome) -> tuple[Payment, Payment]:
    """The payment when its undo was sent, and when `outcome` came back."""
    [undo] = [each for each in undoing.operations if each.purpose is Purpose.UNDO_PARTIAL_APPROVAL]
    sent = reclaimed(undoing, undo, actor="chase_retry", now=LATER)
    done = with_follow_up_outcome(sent, sent.operation(undo.id), outcome, occasion=an_occasion(LATER), actor="chase")
    assert done is not None
    return sent, done


class TestASale:
    def test_that_was_submitted_lost_or_declined_is_no_matter_for_the_ledger(self) -> None:
        assert told(None, SUBMITTED) == told(SUBMITTED, LOST) == []
        assert told(SUBMITTED, after(SUBMITTED, Declined("DO_NOT_HONOR", "no"))) == []

    @pytest.mark.parametrize("before", [SUBMITTED, LOST], ids=["at once", "found later"])
    def test_that_was_authorized_tells_nothing_for_its_payer_waits(self, before: Payment) -> None:
        assert told(before, after(before, approved(captures_at=LATER))) == []

    def test_that_chase_captured_out_of_an_authorization_is_captured(self) -> None:
        captured = capture_confirmed(AUTHORIZED, actor="chase", now=LATER)

        assert told(AUTHORIZED, captured) == [(K.CAPTURED, BILL)]

    @pytest.mark.parametrize("before", [None, SUBMITTED, LOST], ids=["new", "at once", "found later"])
    def test_that_was_captured_without_an_authorization_is_captured(self, before: Payment | None) -> None:
        assert told(before, after(before or SUBMITTED, approved(state=TransactionState.CLOSED))) == [(K.CAPTURED, BILL)]

    def test_that_stays_as_it_is_tells_nothing_again(self) -> None:
        assert told(AUTHORIZED, next_version(AUTHORIZED)) == []
        assert told(CAPTURED_AT_ONCE, next_version(CAPTURED_AT_ONCE, state=State.SETTLED, settled_at=LATER)) == []


class TestAVoid:
    def test_is_of_what_had_been_authorized_once(self) -> None:
        assert told(AUTHORIZED, VOIDED) == [(K.VOIDED, BILL)]
        assert told(VOIDED, next_version(VOIDED)) == []

    def test_is_found_at_chase_on_what_was_authorized(self) -> None:
        assert told(AUTHORIZED, found_voided(AUTHORIZED, actor="chase", now=LATER)) == [(K.VOIDED, BILL)]

    def test_is_found_at_chase_on_what_was_unknown(self) -> None:
        assert told(LOST, after(LOST, approved(state=TransactionState.VOIDED))) == [(K.VOIDED, BILL)]

    @pytest.mark.parametrize("before", [None, LOST], ids=["new", "unknown"])
    def test_of_what_no_transaction_of_chase_stands_for_moves_nothing(self, before: Payment | None) -> None:
        assert told(before, next_version(LOST, state=State.VOIDED)) == []

    def test_of_a_sale_that_never_left_moves_nothing(self) -> None:
        waiting = after(SUBMITTED, NotSent("OVERLOADED", "never left"))
        void = replace(waiting.sale, id="op_void", kind=OperationKind.VOID)

        assert told(waiting, given_up(waiting, void, now=LATER)) == []


class TestWhatIsUndone:
    """A part of a bill, or a charge found after the payment had failed: taken and given back, on no success."""

    def test_by_refund_is_captured_and_refunded_by_what_chase_took(self) -> None:
        undoing = after(SUBMITTED, approved(100, TransactionState.CLOSED))
        sent, done = undone(undoing, approved(100, TransactionState.CLOSED))

        assert (undoing.state, told(SUBMITTED, undoing)) == (State.UNKNOWN, [(K.CAPTURED, 100)])
        assert (done.state, told(sent, done)) == (State.DECLINED, [(K.REFUNDED, 100)])
        assert told(undoing, sent) == []

    def test_by_refund_on_a_payment_that_had_failed_is_captured_there(self) -> None:
        failed = next_version(LOST, state=State.FAILED)
        failed = with_operation(failed, replace(failed.sale, state=OperationState.FAILED))

        charged = after(failed, approved(state=TransactionState.CLOSED))

        assert (charged.state, told(failed, charged)) == (State.FAILED, [(K.CAPTURED, BILL)])

    def test_by_void_tells_nothing_for_it_never_was_an_authorization_of_the_bill(self) -> None:
        undoing = after(SUBMITTED, approved(100))
        sent, done = undone(undoing, approved(100, TransactionState.VOIDED))

        assert (done.state, told(SUBMITTED, undoing), told(sent, done)) == (State.DECLINED, [], [])


class TestWhatIsGivenOrTakenBack:
    @pytest.mark.parametrize(
        ("amount", "kind"),
        [
            ("refunded_minor", K.REFUNDED),
            ("returned_minor", K.RETURNED),
            ("charged_back_minor", K.CHARGED_BACK),
        ],
    )
    def test_is_told_by_how_much_it_grew(self, amount: str, kind: PostingKind) -> None:
        once = next_version(CAPTURED_AT_ONCE, **{amount: 30})
        twice = next_version(once, **{amount: 100})

        assert (told(CAPTURED_AT_ONCE, once), told(once, twice)) == ([(kind, 30)], [(kind, 70)])

    def test_is_told_when_a_charge_back_is_reversed_in_part_or_whole(self) -> None:
        in_part = next_version(CHARGED_BACK, charged_back_minor=99)
        whole = next_version(in_part, charged_back_minor=0, state=State.SETTLED)

        assert told(CHARGED_BACK, in_part) == [(K.CHARGEBACK_REVERSED, BILL - 99)]
        assert told(in_part, whole) == [(K.CHARGEBACK_REVERSED, 99)]

    def test_after_a_capture_in_one_step_is_told_in_the_order_it_happened(self) -> None:
        refunded = next_version(AUTHORIZED, state=State.REFUNDED, captured_minor=BILL, refunded_minor=BILL)

        assert told(AUTHORIZED, refunded) == [(K.CAPTURED, BILL), (K.REFUNDED, BILL)]

    def test_reserved_for_a_refund_is_not_refunded_yet(self) -> None:
        assert told(CAPTURED_AT_ONCE, next_version(CAPTURED_AT_ONCE, refund_reserved_minor=50)) == []


class TestAPosting:
    def test_says_whose_it_is_and_when_it_became_so(self) -> None:
        [posting] = postings_of(SUBMITTED, CAPTURED_AT_ONCE)

        assert (posting.payment_id, posting.biller_id) == (SUBMITTED.id, "city-water")
        assert (posting.amount, posting.at) == (Money(BILL, "USD"), LATER)

    def test_has_one_id_however_often_the_step_is_computed(self) -> None:
        [posting], [again] = postings_of(SUBMITTED, CAPTURED_AT_ONCE), postings_of(LOST, CAPTURED_AT_ONCE)

        assert posting.id == again.id
        assert str(uuid.UUID(posting.id)) == posting.id

    def test_has_an_id_of_its_own_per_payment_version_and_kind(self) -> None:
        ids = [posting.id for posting in some_postings()]

        assert len(ids) == len(set(ids)) == 5

    def test_of_the_same_amount_again_is_another(self) -> None:
        once = next_version(CAPTURED_AT_ONCE, refunded_minor=30)
        twice = next_version(once, refunded_minor=60)

        [first], [second] = postings_of(CAPTURED_AT_ONCE, once), postings_of(once, twice)

        assert (first.amount, first.kind) == (second.amount, second.kind)
        assert first.id != second.id

    def test_of_a_shadow_payment_is_never_made(self) -> None:
        shadow = replace(SUBMITTED, mode="shadow")

        assert told(shadow, replace(CAPTURED_AT_ONCE, mode="shadow")) == []

    def test_of_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match="amount"):
            Posting("p", "pay_1", "city-water", K.CAPTURED, Money(0, "USD"), NOW)


def some_postings() -> Iterator[Posting]:
    other = after(a_submitted_payment(number=2), approved(state=TransactionState.CLOSED))
    yield from postings_of(SUBMITTED, CAPTURED_AT_ONCE)
    yield from postings_of(None, other)
    yield from postings_of(AUTHORIZED, VOIDED)
    yield from postings_of(
        AUTHORIZED, next_version(AUTHORIZED, state=State.REFUNDED, captured_minor=BILL, refunded_minor=BILL)
    )
