"""What the ledger is told of a step: the difference between two versions of a payment, and nothing else."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.payments.capture import capture_confirmed
from shared.payments.money import Money
from shared.payments.outcome import Declined, Outcome, TransactionState, Unknown
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
CHARGED_BACK = next_version(CAPTURED_AT_ONCE, state=State.CHARGED_BACK, charged_back_minor=BILL)


def told(before: Payment | None, payment: Payment) -> list[tuple[PostingKind, int, int]]:
    """Kind, amount, and the hold that it releases."""
    return [
        (posting.kind, posting.amount.amount_minor, posting.hold_released_minor)
        for posting in postings_of(before, payment)
    ]


class TestASale:
    def test_that_was_submitted_lost_or_declined_is_no_matter_for_the_ledger(self) -> None:
        assert told(None, SUBMITTED) == told(SUBMITTED, LOST) == []
        assert told(SUBMITTED, after(SUBMITTED, Declined("DO_NOT_HONOR", "no"))) == []

    @pytest.mark.parametrize("before", [SUBMITTED, LOST], ids=["at once", "found later"])
    def test_that_was_authorized_holds_the_whole_bill(self, before: Payment) -> None:
        assert told(before, after(before, approved(captures_at=LATER))) == [(K.AUTHORIZED, BILL, 0)]

    def test_that_chase_captured_out_of_an_authorization_releases_the_hold(self) -> None:
        captured = capture_confirmed(AUTHORIZED, actor="chase", now=LATER)

        assert told(AUTHORIZED, captured) == [(K.CAPTURED, BILL, BILL)]

    def test_that_was_captured_in_part_while_it_is_still_held_releases_nothing_yet(self) -> None:
        captured = next_version(AUTHORIZED, captured_minor=100)

        assert told(SUBMITTED, captured) == [(K.AUTHORIZED, BILL, 0), (K.CAPTURED, 100, 0)]
        assert told(AUTHORIZED, captured) == [(K.CAPTURED, 100, 0)]

    def test_that_was_captured_in_part_releases_all_of_the_hold(self) -> None:
        captured = next_version(AUTHORIZED, state=State.CAPTURED, captured_minor=100)

        assert told(AUTHORIZED, captured) == [(K.CAPTURED, 100, BILL)]

    @pytest.mark.parametrize("before", [SUBMITTED, LOST], ids=["at once", "found later"])
    def test_that_was_captured_without_an_authorization_has_no_hold_to_release(self, before: Payment) -> None:
        captured = after(before, approved(state=TransactionState.CLOSED))

        assert told(before, captured) == [(K.CAPTURED, BILL, 0)]

    def test_that_is_new_and_captured_already_is_booked_whole(self) -> None:
        assert told(None, CAPTURED_AT_ONCE) == [(K.CAPTURED, BILL, 0)]

    def test_that_stays_as_it_is_tells_nothing_again(self) -> None:
        assert told(AUTHORIZED, next_version(AUTHORIZED)) == []
        assert told(CAPTURED_AT_ONCE, next_version(CAPTURED_AT_ONCE, state=State.SETTLED, settled_at=LATER)) == []


class TestAVoid:
    def test_is_of_what_had_been_authorized(self) -> None:
        assert told(AUTHORIZED, next_version(AUTHORIZED, state=State.VOIDED)) == [(K.VOIDED, BILL, 0)]

    def test_of_what_was_never_known_as_authorized_moves_nothing(self) -> None:
        assert told(LOST, after(LOST, approved(state=TransactionState.VOIDED))) == []


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

        assert (told(CAPTURED_AT_ONCE, once), told(once, twice)) == ([(kind, 30, 0)], [(kind, 70, 0)])

    def test_is_told_when_a_charge_back_is_reversed_in_part_or_whole(self) -> None:
        in_part = next_version(CHARGED_BACK, charged_back_minor=99)
        whole = next_version(in_part, charged_back_minor=0, state=State.SETTLED)

        assert told(CHARGED_BACK, in_part) == [(K.CHARGEBACK_REVERSED, BILL - 99, 0)]
        assert told(in_part, whole) == [(K.CHARGEBACK_REVERSED, 99, 0)]

    def test_after_a_capture_in_one_step_is_told_in_the_order_it_happened(self) -> None:
        refunded = next_version(AUTHORIZED, state=State.REFUNDED, captured_minor=BILL, refunded_minor=BILL)

        assert told(AUTHORIZED, refunded) == [(K.CAPTURED, BILL, BILL), (K.REFUNDED, BILL, 0)]

    def test_reserved_for_a_refund_is_not_refunded_yet(self) -> None:
        assert told(CAPTURED_AT_ONCE, next_version(CAPTURED_AT_ONCE, refund_reserved_minor=50)) == []


class TestAPosting:
    def test_says_whose_it_is_and_when_it_became_so(self) -> None:
        [posting] = postings_of(SUBMITTED, AUTHORIZED)

        assert (posting.payment_id, posting.biller_id) == (SUBMITTED.id, "city-water")
        assert (posting.amount, posting.at) == (Money(BILL, "USD"), LATER)

    def test_has_one_id_however_often_the_step_is_computed(self) -> None:
        [posting], [again] = postings_of(SUBMITTED, AUTHORIZED), postings_of(LOST, AUTHORIZED)

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

        assert told(shadow, replace(AUTHORIZED, mode="shadow")) == []

    @pytest.mark.parametrize(
        ("kind", "amount_minor", "hold_released_minor"),
        [(K.CAPTURED, 0, 0), (K.CAPTURED, 1, -1), (K.REFUNDED, 1, 1), (K.VOIDED, 1, 1)],
    )
    def test_of_nothing_or_with_a_hold_that_is_not_its_own_is_refused(
        self, kind: PostingKind, amount_minor: int, hold_released_minor: int
    ) -> None:
        with pytest.raises(ValueError, match=r"amount|hold_released_minor"):
            Posting("p", "pay_1", "city-water", kind, Money(amount_minor, "USD"), NOW, hold_released_minor)


def some_postings() -> Iterator[Posting]:
    other = after(a_submitted_payment(number=2), approved(captures_at=LATER))
    yield from postings_of(SUBMITTED, AUTHORIZED)
    yield from postings_of(None, other)
    yield from postings_of(AUTHORIZED, next_version(AUTHORIZED, state=State.VOIDED))
    yield from postings_of(
        AUTHORIZED, next_version(AUTHORIZED, state=State.REFUNDED, captured_minor=BILL, refunded_minor=BILL)
    )
