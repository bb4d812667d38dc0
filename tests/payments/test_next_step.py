"""No payment is left without a next step: ours and when, or the caller's."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.payments.follow_ups import with_follow_up_outcome
from shared.payments.next_step import NextStep, allowed_actions, next_step, retry_after_s
from shared.payments.not_found import not_found
from shared.payments.operations import OperationKind
from shared.payments.outcome import Declined, NotSent, Outcome, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import OPEN_STATES, State
from tests.builders import (
    NOW,
    a_captured_payment,
    a_submitted_payment,
    an_authorized_payment,
    an_occasion,
    approved,
    claimed,
    sold,
)

CAPTURES_AT = NOW + timedelta(minutes=120)
LOST = Unknown("READ_TIMEOUT", "no answer")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")
DECLINED = Declined("DO_NOT_HONOR", "no")
VOID, REFUND = OperationKind.VOID, OperationKind.REFUND
GIVEN_UP_AT = NOW + timedelta(seconds=90)


def an_unknown_payment(**changed: object) -> Payment:
    unknown = sold(a_submitted_payment(), LOST)
    return replace(unknown, operations=(replace(unknown.sale, **changed),))  # type: ignore[arg-type]


def followed(payment: Payment, outcome: Outcome) -> Payment:
    """The payment once `outcome` of its last operation is in it."""
    after = with_follow_up_outcome(payment, payment.operations[-1], outcome, occasion=an_occasion(), actor="chase")
    assert after is not None
    return after


class TestNextStep:
    def test_of_an_open_sale_that_never_left_is_the_callers(self) -> None:
        step = next_step(sold(a_submitted_payment(), NOT_SENT))

        assert step is not None
        assert "same Idempotency-Key" in step.what
        assert step.at is None

    def test_of_a_submitted_sale_is_chases_answer_or_the_sweep(self) -> None:
        assert next_step(a_submitted_payment()) == NextStep("answer from Chase", GIVEN_UP_AT)

    def test_of_an_unknown_sale_is_the_next_inquiry(self) -> None:
        step = next_step(an_unknown_payment(inquiries=2))

        assert step == NextStep("inquiry at Chase", NOW + timedelta(seconds=15))

    def test_of_an_inquiry_that_was_put_off_is_when_it_was_put_off_to(self) -> None:
        step = next_step(an_unknown_payment(inquiries=0, inquire_at=NOW + timedelta(seconds=60)))

        assert step == NextStep("inquiry at Chase", NOW + timedelta(seconds=60))

    def test_of_a_sale_that_chase_does_not_know_is_a_persons_and_still_an_inquiry(self) -> None:
        step = next_step(an_unknown_payment(inquiries=6, empties=2))

        assert step is not None
        assert "a person decides" in step.what
        assert step.at == NOW + timedelta(minutes=15)

    def test_of_what_chase_does_not_know_and_we_send_again_is_that(self) -> None:
        again_at = NOW + timedelta(seconds=7)
        step = next_step(an_unknown_payment(inquiries=6, empties=2, send_at=again_at))

        assert step == NextStep("sent to Chase again", again_at)

    def test_of_an_authorization_is_its_capture(self) -> None:
        assert next_step(an_authorized_payment()) == NextStep("capture by Chase", CAPTURES_AT)

    @pytest.mark.parametrize(
        "ended",
        [
            sold(a_submitted_payment(), DECLINED),
            sold(an_unknown_payment(), approved(state=TransactionState.VOIDED)),
            a_captured_payment(),
        ],
        ids=["declined", "voided", "captured"],
    )
    def test_of_an_ending_is_none(self, ended: Payment) -> None:
        assert next_step(ended) is None

    def test_of_what_was_given_up_is_that_chase_is_asked_once_more(self) -> None:
        unknown = an_unknown_payment()
        failed = not_found(unknown, unknown.sale, occasion=an_occasion(), actor="inquiry")

        step = next_step(failed)

        assert step is not None
        assert failed.state is State.FAILED
        assert "asked once more" in step.what
        assert step.at == NOW + timedelta(minutes=10)

    @pytest.mark.parametrize(
        ("payment", "expected"),
        [
            (claimed(an_authorized_payment(), VOID), NextStep("answer from Chase about the void", GIVEN_UP_AT)),
            (claimed(a_captured_payment(), REFUND, 1), NextStep("answer from Chase about the refund", GIVEN_UP_AT)),
            (
                followed(claimed(an_authorized_payment(), VOID), NOT_SENT),
                NextStep("sent to Chase again about the void", NOW + timedelta(seconds=10)),
            ),
            (
                followed(claimed(a_captured_payment(), REFUND, 1), LOST),
                NextStep("inquiry at Chase about the refund", NOW + timedelta(seconds=2)),
            ),
            (
                sold(a_submitted_payment(), approved(100)),
                NextStep("sent to Chase again about the void that gives back what it took", NOW),
            ),
        ],
        ids=["a void sent", "a refund sent", "a void that waits", "a refund lost", "an undo that waits"],
    )
    def test_of_what_follows_a_sale_names_it(self, payment: Payment, expected: NextStep) -> None:
        assert next_step(payment) == expected

    def test_is_there_for_every_open_state(self) -> None:
        open_payments = [sold(a_submitted_payment(), NOT_SENT), a_submitted_payment(), an_unknown_payment()]

        assert {payment.state for payment in open_payments} == OPEN_STATES
        assert all(next_step(payment) for payment in open_payments)


class TestAllowedActions:
    @pytest.mark.parametrize(
        ("before_capture_s", "allowed"), [(3600, ["void"]), (61, ["void"]), (60, []), (0, []), (-60, [])]
    )
    def test_a_void_must_not_cross_the_capture(self, before_capture_s: int, allowed: list[str]) -> None:
        assert allowed_actions(an_authorized_payment(), CAPTURES_AT - timedelta(seconds=before_capture_s)) == allowed

    def test_an_authorization_without_a_time_of_capture_can_be_voided(self) -> None:
        assert allowed_actions(replace(an_authorized_payment(), captures_at=None), NOW) == ["void"]

    def test_an_open_sale_that_never_left_can_be_given_up(self) -> None:
        assert allowed_actions(sold(a_submitted_payment(), NOT_SENT), NOW) == ["void"]

    def test_a_refund_needs_money_that_is_left(self) -> None:
        captured = a_captured_payment(100)

        assert allowed_actions(captured, NOW) == ["refund"]
        assert allowed_actions(replace(captured, refund_reserved_minor=100), NOW) == []

    def test_a_bank_debit_is_not_refunded_before_its_hold_is_over(self) -> None:
        held = replace(a_captured_payment(), refundable_from=NOW + timedelta(days=4))

        assert allowed_actions(held, NOW) == []
        assert allowed_actions(held, NOW + timedelta(days=4)) == ["refund"]

    @pytest.mark.parametrize(
        "busy",
        [claimed(an_authorized_payment(), VOID), claimed(a_captured_payment(), REFUND, 1)],
        ids=["void", "refund"],
    )
    def test_nothing_is_allowed_while_an_operation_is_unresolved(self, busy: Payment) -> None:
        assert allowed_actions(busy, NOW) == []

    @pytest.mark.parametrize("state", [State.SUBMITTED, State.UNKNOWN, State.DECLINED, State.FAILED, State.REFUNDED])
    def test_nothing_is_allowed_elsewhere(self, state: State) -> None:
        assert allowed_actions(replace(sold(a_submitted_payment(), DECLINED), state=state), NOW) == []


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("payment", "now", "wait_s"),
        [
            (claimed(a_captured_payment(), REFUND, 1), NOW, 2),
            (an_authorized_payment(), CAPTURES_AT - timedelta(seconds=60), 180),
            (an_authorized_payment(), CAPTURES_AT - timedelta(seconds=10, milliseconds=1), 131),
            (an_authorized_payment(), CAPTURES_AT + timedelta(hours=1), 2),
            (replace(a_captured_payment(), refundable_from=NOW + timedelta(days=1)), NOW, 24 * 3600),
        ],
        ids=["an operation at work", "before the capture", "rounded up", "long after the capture", "on hold"],
    )
    def test_is_when_it_may_be_possible(self, payment: Payment, now: datetime, wait_s: int) -> None:
        assert retry_after_s(payment, now) == wait_s

    @pytest.mark.parametrize(
        "payment",
        [
            sold(a_submitted_payment(), DECLINED),
            an_authorized_payment(),
            replace(an_authorized_payment(), captures_at=None),
            a_captured_payment(),
            replace(a_captured_payment(), refundable_from=NOW),
            replace(a_captured_payment(100), refunded_minor=100, refundable_from=NOW + timedelta(days=1)),
        ],
        ids=["ended", "long before the capture", "no time of capture", "captured", "held no more", "nothing left"],
    )
    def test_is_none_where_waiting_does_not_help(self, payment: Payment) -> None:
        assert retry_after_s(payment, NOW) is None
