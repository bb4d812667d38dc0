"""Commit 2 of whatever Chase was asked: made later if it cannot be made now, and left to the sweep in the end."""

from shared.payments.operations import OperationState
from shared.payments.outcome import TransactionState, Unknown
from shared.payments.state_machine import State
from tests.builders import approved
from tests.use_cases.workshop import Workshop, a_refund, a_void

LOST = Unknown("READ_TIMEOUT", "no answer")


async def test_a_refund_whose_outcome_cannot_be_stored_is_answered_as_it_stands_and_stored_later(
    workshop: Workshop,
) -> None:
    captured = await workshop.captured(100)
    workshop.payments.saves_failing = 2

    done = await workshop.refund.refund(a_refund(captured, 60))
    await workshop.clock.advance(1)
    await workshop.clock.advance(5)

    payment = await workshop.stored(captured)
    assert (done.operation.state, done.payment.refund_reserved_minor) == (OperationState.SUBMITTED, 60)
    assert (payment.refunded_minor, payment.refund_reserved_minor) == (60, 0)
    [(name, told)] = workshop.telemetry.alarms
    assert (name, told["transactionId"]) == ("refund.outcome_not_recorded", approved().transaction.transaction_id)
    assert "refund.outcome_not_recorded_yet" in workshop.events()


async def test_a_void_whose_outcome_is_never_stored_is_found_by_its_transaction(workshop: Workshop) -> None:
    authorized = await workshop.sold()
    workshop.payments.saves_failing = 99
    await workshop.void.void(a_void(authorized))
    for wait_s in (1, 5, 15, 60):
        await workshop.clock.advance(wait_s)
    workshop.payments.saves_failing = 0
    workshop.chase.gets = [approved(state=TransactionState.VOIDED)]

    await workshop.clock.advance(30)
    swept = await workshop.reconciliation.run_once()
    await workshop.clock.advance(2)
    await workshop.reconciliation.run_once()

    assert swept.abandoned == 1
    assert (await workshop.stored(authorized)).state is State.VOIDED


async def test_a_lost_answer_is_asked_about_by_the_operations_own_task(workshop: Workshop) -> None:
    workshop.chase.refunds, workshop.chase.refund_finds = [LOST], [approved(60)]
    captured = await workshop.captured(100)

    await workshop.refund.refund(a_refund(captured, 60))
    await workshop.clock.advance(2)

    assert (await workshop.stored(captured)).refunded_minor == 60
