"""One attempt of a void or refund: asked by the sale's transaction, and never raising once Chase may have heard."""

import pytest

from shared.payments.operations import OperationState
from shared.payments.outcome import Inquiry, NoAnswer, NothingFound, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import State
from shared.payments.updates import Update, UpdateEvent
from shared.use_cases.update_state import UpdateCall
from tests.builders import NOW, approved
from tests.use_cases.workshop import Workshop, a_refund, a_void

LOST = Unknown("READ_TIMEOUT", "no answer")


@pytest.fixture
async def unnamed(workshop: Workshop) -> Payment:
    """A capture by a person's word, who did not name its transaction."""
    workshop.chase.sales = [LOST]
    unknown = await workshop.sold()
    evidence = {"transactionState": "CLOSED"}
    update = Update(UpdateEvent.RESOLVED_SUCCEEDED, "seen in Chase's portal", evidence, NOW, unknown.sale.id)
    return await workshop.update_state.update(
        UpdateCall(payment_id=unknown.id, billers=None, caller="ops", update=update, version=None)
    )


async def test_a_fault_of_our_own_is_silence_for_the_bytes_may_have_left(workshop: Workshop) -> None:
    workshop.chase.voids = [RuntimeError("a defect")]
    authorized = await workshop.sold()

    done = await workshop.void.void(a_void(authorized))

    assert done.operation.state is OperationState.UNKNOWN
    assert workshop.alarms() == ["void.chase_client_failed"]


async def test_a_sale_that_a_person_did_not_name_is_looked_up_first(workshop: Workshop, unnamed: Payment) -> None:
    workshop.chase.finds = [approved(state=TransactionState.CLOSED)]

    done = await workshop.refund.refund(a_refund(unnamed))

    assert workshop.chase.asked == [unnamed.sale.request_id]
    assert done.payment.state is State.REFUNDED


@pytest.mark.parametrize("nothing", [NothingFound(), NoAnswer("HTTP_503", "not now")])
async def test_a_sale_that_chase_does_not_name_either_has_nothing_sent(
    workshop: Workshop, unnamed: Payment, nothing: Inquiry
) -> None:
    workshop.chase.finds = [nothing]

    done = await workshop.refund.refund(a_refund(unnamed))

    assert (done.operation.state, len(workshop.chase.sold)) == (OperationState.QUEUED, 1)
    assert done.operation.outcome is not None
    assert done.operation.outcome["code"] == "TRANSACTION_UNKNOWN"


async def test_a_refund_of_all_that_was_taken_is_full_and_of_the_rest_is_not(workshop: Workshop) -> None:
    whole, parted = await workshop.captured(100), await workshop.captured(100, "attempt-2", reference="INV-2")
    await workshop.refund.refund(a_refund(whole, 100, "refund-1"))
    await workshop.refund.refund(a_refund(parted, 40, "refund-2"))
    await workshop.refund.refund(a_refund(parted, 60, "refund-3"))

    assert workshop.chase.full == [True, False, False]
