"""No payment is left without a next step: ours and when, or the caller's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.next_step import NextStep, allowed_actions, next_step
from shared.payments.payment import Payment
from shared.payments.state_machine import FINAL_STATES, OPEN_STATES, State
from tests.builders import NOW, a_submitted_payment

CAPTURES_AT = NOW + timedelta(minutes=120)


def a_payment(state: State, **changed: object) -> Payment:
    return replace(a_submitted_payment(), state=state, **changed)  # type: ignore[arg-type]


def an_unknown_payment(**changed: object) -> Payment:
    payment = a_payment(State.UNKNOWN)
    return replace(payment, operations=(replace(payment.sale, unknown_since=NOW, **changed),))  # type: ignore[arg-type]


class TestNextStep:
    def test_of_an_open_sale_that_never_left_is_the_callers(self) -> None:
        step = next_step(a_payment(State.RECEIVED))

        assert step is not None
        assert "same Idempotency-Key" in step.what

    def test_of_a_submitted_sale_is_chases_answer_or_the_sweep(self) -> None:
        assert next_step(a_payment(State.SUBMITTED)) == NextStep("answer from Chase", NOW + timedelta(seconds=90))

    def test_of_an_unknown_sale_is_the_next_inquiry(self) -> None:
        step = next_step(an_unknown_payment(inquiries=2))

        assert step == NextStep("inquiry at Chase", NOW + timedelta(seconds=15))

    def test_of_a_sale_that_chase_does_not_know_is_a_persons_and_still_an_inquiry(self) -> None:
        step = next_step(an_unknown_payment(inquiries=6, empties=2))

        assert step is not None
        assert "a person decides" in step.what
        assert step.at == NOW + timedelta(minutes=15)

    def test_of_an_authorization_is_its_capture(self) -> None:
        authorized = a_payment(State.AUTHORIZED, captures_at=CAPTURES_AT)

        assert next_step(authorized) == NextStep("capture by Chase", CAPTURES_AT)

    @pytest.mark.parametrize("state", sorted(FINAL_STATES))
    def test_of_an_ending_is_none(self, state: State) -> None:
        assert next_step(a_payment(state)) is None

    def test_is_there_for_every_open_state(self) -> None:
        open_payments = [a_payment(State.RECEIVED), a_payment(State.SUBMITTED), an_unknown_payment()]

        assert {payment.state for payment in open_payments} == OPEN_STATES
        assert all(next_step(payment) for payment in open_payments)


class TestAllowedActions:
    @pytest.mark.parametrize(
        ("before_capture_s", "allowed"), [(3600, ["void"]), (61, ["void"]), (60, []), (0, []), (-60, [])]
    )
    def test_a_void_must_not_cross_the_capture(self, before_capture_s: int, allowed: list[str]) -> None:
        authorized = a_payment(State.AUTHORIZED, captures_at=CAPTURES_AT)

        assert allowed_actions(authorized, CAPTURES_AT - timedelta(seconds=before_capture_s)) == allowed

    def test_an_open_sale_that_never_left_can_be_given_up(self) -> None:
        assert allowed_actions(a_payment(State.RECEIVED), NOW) == ["void"]

    def test_a_refund_needs_money_that_is_left(self) -> None:
        captured = a_payment(State.CAPTURED, captured_minor=100)

        assert allowed_actions(captured, NOW) == ["refund"]
        assert allowed_actions(replace(captured, refund_reserved_minor=100), NOW) == []

    @pytest.mark.parametrize("state", [State.SUBMITTED, State.UNKNOWN, State.DECLINED, State.FAILED, State.REFUNDED])
    def test_nothing_is_allowed_elsewhere(self, state: State) -> None:
        assert allowed_actions(a_payment(state, captured_minor=0), NOW) == []
