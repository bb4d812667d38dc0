"""Facts from the bank are never refused for what was captured; a person's word ends what is unknown."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.payments.errors import InvalidRequest, TransitionNotAllowed
from shared.payments.follow_ups import with_follow_up_outcome
from shared.payments.operations import OperationKind, OperationState, Purpose
from shared.payments.outcome import Outcome, Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import Event, State
from shared.payments.updates import RESOLUTIONS, Update, UpdateEvent, is_known, updated
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

LOST = Unknown("READ_TIMEOUT", "no answer")
LATER = NOW + timedelta(days=1)
BILL = 125_99
E, S = UpdateEvent, State


def an_update(event: UpdateEvent, operation_id: str | None = None, **evidence: Any) -> Update:
    return Update(event, "the bank's file of today", evidence, NOW + timedelta(hours=6), operation_id)


def after(payment: Payment, *updates: Update) -> Payment:
    for update in updates:
        payment = updated(payment, update, occasion=an_occasion(LATER), actor="ops")
    return payment


def lost(payment: Payment, outcome: Outcome = LOST) -> Payment:
    found = with_follow_up_outcome(payment, payment.operations[-1], outcome, occasion=an_occasion(), actor="chase")
    assert found is not None
    return found


def an_unknown_payment() -> Payment:
    return replace(sold(a_submitted_payment(), LOST), instrument_kept=True)


RETURNED = an_update(E.RETURNED, returnCode="R01", amountMinor=BILL)
CHARGED_BACK = an_update(E.CHARGED_BACK, case="CB-1")


class TestAFactOfTheBank:
    def test_settled_is_a_time_and_the_first_one_counts(self) -> None:
        update = an_update(E.SETTLED, batch="B-1")
        payment = after(a_captured_payment(), update, replace(update, occurred_at=LATER))

        assert (payment.state, payment.settled_at) == (S.SETTLED, update.occurred_at)

    def test_returned_takes_the_money_back(self) -> None:
        payment = after(a_captured_payment(), RETURNED)

        assert (payment.state, payment.returned_minor, payment.refundable_minor) == (S.RETURNED, BILL, 0)
        assert payment.exposure_minor == 0

    def test_returned_without_an_amount_is_only_recorded(self) -> None:
        payment = after(a_captured_payment(), an_update(E.RETURNED, returnCode="R01"))

        assert (payment.state, payment.returned_minor) == (S.RETURNED, 0)

    def test_returned_after_a_refund_leaves_an_exposure(self) -> None:
        refunded = replace(a_captured_payment(), state=S.REFUNDED, refunded_minor=BILL)

        payment = after(refunded, RETURNED)

        assert (payment.state, payment.refunded_minor, payment.returned_minor) == (S.RETURNED, BILL, BILL)
        assert (payment.exposure_minor, payment.refundable_minor) == (BILL, 0)

    def test_charged_back_without_an_amount_is_all_that_was_not_back_already(self) -> None:
        partly = after(a_captured_payment(), an_update(E.RETURNED, amountMinor=99))

        payment = after(partly, CHARGED_BACK, an_update(E.CHARGED_BACK, case="CB-2"))

        assert (payment.state, payment.charged_back_minor) == (S.CHARGED_BACK, BILL - 99)

    @pytest.mark.parametrize(
        ("evidence", "left_minor"), [({}, 0), ({"amountMinor": 100}, BILL - 100), ({"amountMinor": BILL + 1}, 0)]
    )
    def test_a_chargeback_reversed_gives_back_no_more_than_was_charged_back(
        self, evidence: dict[str, int], left_minor: int
    ) -> None:
        payment = after(a_captured_payment(), CHARGED_BACK, an_update(E.CHARGEBACK_REVERSED, **evidence))

        assert (payment.state, payment.charged_back_minor) == (S.SETTLED, left_minor)

    @pytest.mark.parametrize("event", [E.SETTLED, E.RETURNED, E.CHARGED_BACK])
    def test_stands_in_the_history_with_its_evidence(self, event: UpdateEvent) -> None:
        entry = after(a_captured_payment(), an_update(event, amountMinor=1)).history[-1]

        assert (entry.event, entry.actor, entry.at) == (Event(event), "ops", LATER)
        assert entry.detail == {
            "reported": event,
            "reason": "the bank's file of today",
            "evidence": {"amountMinor": 1},
            "occurredAt": "2026-11-24T00:00:00.000Z",
        }

    @pytest.mark.parametrize("event", [E.SETTLED, E.RETURNED, E.CHARGED_BACK, E.CHARGEBACK_REVERSED])
    def test_is_not_possible_for_what_was_never_captured(self, event: UpdateEvent) -> None:
        with pytest.raises(TransitionNotAllowed):
            after(an_authorized_payment(), an_update(event))


class TestTheSameReport:
    def test_is_known_by_its_event_evidence_and_time_whatever_its_reason(self) -> None:
        payment = after(a_captured_payment(), RETURNED)

        assert is_known(payment, replace(RETURNED, reason="told once more"))
        assert not is_known(a_captured_payment(), RETURNED)

    @pytest.mark.parametrize(
        "changed",
        [
            {"event": E.CHARGED_BACK},
            {"evidence": {"amountMinor": BILL}},
            {"occurred_at": LATER},
            {"operation_id": "op_1"},
        ],
        ids=["event", "evidence", "time", "operation"],
    )
    def test_is_another_one_with_anything_else_in_it(self, changed: dict[str, Any]) -> None:
        assert not is_known(after(a_captured_payment(), RETURNED), replace(RETURNED, **changed))


class TestAPersonsWordOnASale:
    def resolved(self, event: UpdateEvent, **evidence: Any) -> Payment:
        unknown = an_unknown_payment()
        return after(unknown, an_update(event, unknown.sale.id, **evidence))

    @pytest.mark.parametrize(
        ("state", "event", "reached", "captured_minor"),
        [
            ("AUTHORIZED", Event.RESOLVED_AUTHORIZED, S.AUTHORIZED, 0),
            ("CLOSED", Event.RESOLVED_CAPTURED, S.CAPTURED, BILL),
        ],
    )
    def test_succeeded_names_what_chase_holds(
        self, state: str, event: Event, reached: State, captured_minor: int
    ) -> None:
        payment = self.resolved(E.RESOLVED_SUCCEEDED, transactionState=state, transactionId="t-1")

        assert (payment.state, payment.history[-1].event, payment.captured_minor) == (reached, event, captured_minor)
        assert (payment.sale.state, payment.sale.transaction_id) == (OperationState.SUCCEEDED, "t-1")
        assert (payment.instrument_kept, payment.capture_confirmed) == (False, state == "CLOSED")

    def test_succeeded_as_authorized_is_asked_about_for_its_capture(self) -> None:
        payment = self.resolved(E.RESOLVED_SUCCEEDED, transactionState="AUTHORIZED")

        assert payment.sale.inquire_at == LATER + timedelta(seconds=2)
        assert payment.sale.transaction_id is None

    @pytest.mark.parametrize("evidence", [{}, {"transactionState": "VOIDED"}])
    def test_succeeded_without_what_chase_holds_is_refused(self, evidence: dict[str, str]) -> None:
        with pytest.raises(InvalidRequest) as refused:
            self.resolved(E.RESOLVED_SUCCEEDED, **evidence)

        assert [error.field for error in refused.value.errors] == ["evidence.transactionState"]

    def test_declined_ends_it(self) -> None:
        payment = self.resolved(E.RESOLVED_DECLINED)

        assert (payment.state, payment.sale.state, payment.sale.inquire_at) == (
            S.DECLINED,
            OperationState.DECLINED,
            None,
        )
        assert not payment.instrument_kept

    def test_not_found_fails_it_and_chase_is_asked_again(self) -> None:
        payment = self.resolved(E.RESOLVED_NOT_FOUND)

        assert (payment.state, payment.history[-1].event) == (S.FAILED, Event.RESOLVED_NOT_FOUND)
        assert payment.sale.inquire_at == LATER + timedelta(minutes=10)

    @pytest.mark.parametrize("event", sorted(RESOLUTIONS))
    def test_stands_in_the_history_as_that_persons(self, event: UpdateEvent) -> None:
        entry = self.resolved(event, transactionState="CLOSED").history[-1]

        assert entry.actor == "ops"
        assert entry.detail is not None
        assert (entry.detail["reported"], entry.detail["operationId"]) == (event, an_unknown_payment().sale.id)

    @pytest.mark.parametrize("event", sorted(RESOLUTIONS))
    def test_what_was_to_be_sent_again_is_not_any_more(self, event: UpdateEvent) -> None:
        unknown = an_unknown_payment()
        waiting = replace(unknown, operations=(replace(unknown.sale, send_at=LATER),))

        payment = after(waiting, an_update(event, unknown.sale.id, transactionState="CLOSED"))

        assert payment.sale.send_at is None


class TestAPersonsWordOnAVoidOrRefund:
    VOIDING = lost(claimed(an_authorized_payment(), OperationKind.VOID))
    REFUNDING = lost(claimed(a_captured_payment(), OperationKind.REFUND, 100))

    @pytest.mark.parametrize(
        ("payment", "event", "state", "refunded_minor", "fact"),
        [
            (VOIDING, E.RESOLVED_SUCCEEDED, S.VOIDED, 0, Event.VOID_SUCCEEDED),
            (VOIDING, E.RESOLVED_DECLINED, S.AUTHORIZED, 0, Event.VOID_FAILED),
            (VOIDING, E.RESOLVED_NOT_FOUND, S.AUTHORIZED, 0, Event.VOID_FAILED),
            (REFUNDING, E.RESOLVED_SUCCEEDED, S.PARTIALLY_REFUNDED, 100, Event.REFUNDED_IN_PART),
            (REFUNDING, E.RESOLVED_DECLINED, S.CAPTURED, 0, Event.REFUND_FAILED),
            (REFUNDING, E.RESOLVED_NOT_FOUND, S.CAPTURED, 0, Event.REFUND_FAILED),
        ],
    )
    def test_has_the_effect_of_chases_and_is_kept_as_that_persons(
        self, payment: Payment, event: UpdateEvent, state: State, refunded_minor: int, fact: Event
    ) -> None:
        after_it = after(payment, an_update(event, payment.operations[-1].id))

        entry = after_it.history[-1]
        assert (after_it.state, after_it.refunded_minor, after_it.refund_reserved_minor) == (state, refunded_minor, 0)
        assert (after_it.unresolved, entry.event, entry.actor) == (None, fact, "ops")
        assert entry.detail is not None
        assert entry.detail["reported"] == event

    def test_on_an_undo_that_was_declined_begins_another(self) -> None:
        undoing = lost(claimed(sold(a_submitted_payment(), approved(100)), OperationKind.VOID, number=3))
        undoing = replace(
            undoing, operations=(undoing.sale, replace(undoing.operations[-1], purpose=Purpose.UNDO_PARTIAL_APPROVAL))
        )

        payment = after(undoing, an_update(E.RESOLVED_DECLINED, undoing.operations[-1].id))

        assert (payment.state, payment.history[-1].event) == (S.UNKNOWN, Event.UNDO_FAILED)
        assert payment.unresolved is not None


class TestAWordOnWhatIsNotUnknown:
    @pytest.mark.parametrize("event", sorted(RESOLUTIONS))
    def test_is_not_possible(self, event: UpdateEvent) -> None:
        known = a_captured_payment()

        with pytest.raises(TransitionNotAllowed):
            after(known, an_update(event, known.sale.id))

    @pytest.mark.parametrize("operation_id", [None, "op_of_another_payment"])
    def test_names_the_field_if_the_operation_is_not_this_payments(self, operation_id: str | None) -> None:
        with pytest.raises(InvalidRequest) as refused:
            after(an_unknown_payment(), an_update(E.RESOLVED_DECLINED, operation_id))

        assert [error.field for error in refused.value.errors] == ["operationId"]
