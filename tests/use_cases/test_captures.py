"""What Chase says of the transaction: whether it captured an authorization, and whether a void came about."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Declined, Inquiry, NoAnswer, NothingFound, Pending, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import Event, State
from shared.payments.updates import Update, UpdateEvent
from shared.use_cases.update_state import UpdateCall
from tests.builders import NOW, approved
from tests.use_cases.workshop import Workshop, a_void

LOST = Unknown("READ_TIMEOUT", "no answer")
AUTHORIZED = approved()
CAPTURED = approved(state=TransactionState.CLOSED)
SENT_TO_NETWORK = approved(state=TransactionState.COMPLETED)
VOIDED = approved(state=TransactionState.VOIDED)


@pytest.fixture
async def unknown_void(workshop: Workshop) -> Payment:
    workshop.chase.voids = [LOST]
    authorized = await workshop.sold()
    return (await workshop.void.void(a_void(authorized))).payment


def void_of(payment: Payment) -> OperationState:
    return payment.operations[-1].state


class TestAnUnknownVoid:
    async def test_is_done_where_chase_says_voided(self, workshop: Workshop, unknown_void: Payment) -> None:
        workshop.chase.gets = [VOIDED]

        payment = await workshop.inquiries.inquire(unknown_void, unknown_void.operations[-1])

        assert (payment.state, void_of(payment)) == (State.VOIDED, OperationState.SUCCEEDED)
        assert workshop.chase.looked_at == [unknown_void.sale.transaction_id]
        assert workshop.chase.asked == []

    @pytest.mark.parametrize("state", [CAPTURED, SENT_TO_NETWORK])
    async def test_failed_where_chase_has_captured_and_the_capture_counts(
        self, workshop: Workshop, unknown_void: Payment, state: Inquiry
    ) -> None:
        workshop.chase.gets = [state]

        payment = await workshop.inquiries.inquire(unknown_void, unknown_void.operations[-1])

        assert (payment.state, void_of(payment), payment.captured_minor) == (
            State.CAPTURED,
            OperationState.DECLINED,
            125_99,
        )

    async def test_is_not_sent_again_while_it_may_still_be_under_way(
        self, workshop: Workshop, unknown_void: Payment
    ) -> None:
        workshop.chase.gets = [AUTHORIZED]
        workshop.clock._offset = timedelta(seconds=90) - timedelta(milliseconds=1)

        payment = await workshop.inquiries.inquire(unknown_void, unknown_void.operations[-1])

        assert (void_of(payment), payment.operations[-1].send_at) == (OperationState.UNKNOWN, None)

    async def test_that_did_not_come_about_is_sent_again_under_its_own_request_id(
        self, workshop: Workshop, unknown_void: Payment
    ) -> None:
        workshop.chase.gets = [AUTHORIZED, AUTHORIZED]
        workshop.clock._offset = timedelta(seconds=90)

        waiting = await workshop.inquiries.inquire(unknown_void, unknown_void.operations[-1])
        still = await workshop.inquiries.inquire(waiting, waiting.operations[-1])
        while not workshop.broker.taken:
            await asyncio.sleep(0)
        [message] = workshop.broker.taken
        await workshop.chase_retry.consume(message)

        payment = await workshop.stored(unknown_void)
        assert waiting.operations[-1].send_at == still.operations[-1].send_at == NOW + timedelta(seconds=90)
        assert (payment.state, payment.operations[-1].attempts) == (State.VOIDED, 2)
        assert workshop.chase.sold[1] == workshop.chase.sold[2] == payment.operations[-1].request_id

    @pytest.mark.parametrize("nothing", [NoAnswer("HTTP_503", "not now"), NothingFound()])
    async def test_stays_unknown_where_chase_does_not_say(
        self, workshop: Workshop, unknown_void: Payment, nothing: Inquiry
    ) -> None:
        workshop.chase.gets = [nothing]
        workshop.clock._offset = timedelta(seconds=90)

        payment = await workshop.inquiries.inquire(unknown_void, unknown_void.operations[-1])

        assert (void_of(payment), payment.operations[-1].empties) == (OperationState.UNKNOWN, 0)

    async def test_that_the_capture_overtook_before_it_is_sent_again_ends_with_it(
        self, workshop: Workshop, unknown_void: Payment
    ) -> None:
        workshop.chase.gets = [AUTHORIZED, CAPTURED]
        workshop.clock._offset = timedelta(seconds=90)
        waiting = await workshop.inquiries.inquire(unknown_void, unknown_void.operations[-1])
        captured = await workshop.inquiries.inquire(waiting, waiting.sale)

        payment = await workshop.sending_again.send(captured, captured.operations[-1])

        assert (captured.state, void_of(captured)) == (State.CAPTURED, OperationState.UNKNOWN)
        assert (payment.state, void_of(payment)) == (State.CAPTURED, OperationState.DECLINED)
        outcome = payment.operations[-1].outcome
        assert outcome is not None
        assert (outcome["code"], outcome["processorCalled"]) == ("CAPTURED", True)
        assert len(workshop.chase.sold) == 2


class TestAnAuthorization:
    async def test_past_its_capture_is_confirmed_by_the_timer(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()
        workshop.chase.gets = [AUTHORIZED, CAPTURED]
        await workshop.clock.advance(120 * 60 + 119)
        await workshop.reconciliation.run_once()
        too_early = list(workshop.chase.looked_at)
        await workshop.clock.advance(1)
        await workshop.reconciliation.run_once()
        not_yet = await workshop.stored(authorized)
        await workshop.clock.advance(60)
        await workshop.reconciliation.run_once()

        payment = await workshop.stored(authorized)
        assert too_early == []
        assert (not_yet.state, not_yet.sale.inquiries) == (State.AUTHORIZED, 1)
        assert (payment.state, payment.captured_minor, payment.sale.inquire_at) == (State.CAPTURED, 125_99, None)

    @pytest.mark.parametrize("answer", [Declined("ERROR", "no"), Pending("WAIT", "wait")])
    async def test_stays_one_where_chase_says_neither(self, workshop: Workshop, answer: Inquiry) -> None:
        authorized = await workshop.sold()
        workshop.chase.gets = [answer]

        assert await workshop.refresh.refresh(authorized) == authorized

    async def test_that_somebody_else_voided_is_over_and_alarmed(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()
        workshop.chase.gets = [VOIDED]

        payment = await workshop.refresh.refresh(authorized)

        assert (payment.state, payment.history[-1].event) == (State.VOIDED, Event.SALE_FOUND_VOIDED)
        assert workshop.alarms() == ["payment.found_voided"]

    async def test_that_our_own_void_may_have_ended_is_left_to_that(
        self, workshop: Workshop, unknown_void: Payment
    ) -> None:
        workshop.chase.gets = [VOIDED]

        payment = await workshop.inquiries.inquire(unknown_void, unknown_void.sale)

        assert (payment.state, void_of(payment)) == (State.AUTHORIZED, OperationState.UNKNOWN)
        assert workshop.alarms() == []

    async def test_whose_transaction_nobody_named_is_looked_up_by_its_request_id(self, workshop: Workshop) -> None:
        workshop.chase.sales = [LOST]
        unknown = await workshop.sold()
        evidence = {"transactionState": "AUTHORIZED"}
        update = Update(UpdateEvent.RESOLVED_SUCCEEDED, "seen in Chase's portal", evidence, NOW, unknown.sale.id)
        call = UpdateCall(payment_id=unknown.id, billers=None, caller="ops", update=update, version=None)
        authorized = await workshop.update_state.update(call)
        workshop.chase.finds = [CAPTURED]

        payment = await workshop.refresh.refresh(authorized)

        assert workshop.chase.asked == [unknown.sale.request_id]
        assert payment.state is State.CAPTURED


async def test_an_undos_void_that_the_capture_overtook_goes_on_as_a_refund(workshop: Workshop) -> None:
    partly = await workshop.undo_waiting(approved(100))
    workshop.chase.voids = [LOST]
    undoing = await workshop.sending_again.send(partly, partly.operations[-1])
    workshop.chase.gets = [replace(CAPTURED, transaction=replace(CAPTURED.transaction, amount=undoing.amount))]

    payment = await workshop.inquiries.look(undoing)
    done = await workshop.sending_again.send(payment, payment.operations[-1])

    assert payment.operations[-1].kind is OperationKind.REFUND
    assert (done.state, done.refunded_minor, done.captured_minor) == (State.DECLINED, 100, 100)
