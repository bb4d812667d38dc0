"""While an operator holds everything: voids and refunds wait, nobody is asked, and nothing is lost."""

from datetime import timedelta

from shared.payments.operations import OperationState
from shared.payments.outcome import Unknown
from shared.payments.state_machine import State
from tests.use_cases.workshop import Workshop, a_refund, a_void

LOST = Unknown("READ_TIMEOUT", "no answer")


class TestAVoid:
    async def test_waits_with_us_and_nothing_of_it_leaves(self, workshop: Workshop) -> None:
        sold = await workshop.sold()
        workshop.switches.is_held, sent = True, len(workshop.chase.sold)

        held = await workshop.void.void(a_void(sold))

        assert held.operation is not None
        assert (held.operation.state, held.operation.outcome["code"]) == (OperationState.QUEUED, "HELD")
        assert held.payment.state is State.AUTHORIZED
        assert len(workshop.chase.sold) == sent

    async def test_is_sent_once_it_is_let_go(self, workshop: Workshop) -> None:
        sold = await workshop.sold()
        workshop.switches.is_held = True
        held = await workshop.void.void(a_void(sold))
        workshop.switches.is_held = False

        await workshop.sending_again.send(held.payment, held.payment.operation(held.operation.id))

        assert (await workshop.stored(sold)).state is State.VOIDED


async def test_a_refund_keeps_what_it_has_reserved(workshop: Workshop) -> None:
    captured = await workshop.captured(100)
    workshop.switches.is_held = True

    held = await workshop.refund.refund(a_refund(captured, 30))

    assert (held.payment.refund_reserved_minor, held.payment.refundable_minor) == (30, 70)


async def test_nobody_is_asked_about_a_lost_answer_and_the_question_stays_due(workshop: Workshop) -> None:
    workshop.chase.sales.append(LOST)
    workshop.switches.is_held = True
    sold = await workshop.sold()
    await workshop.clock.advance(timedelta(minutes=2).total_seconds())

    await workshop.reconciliation.run_once()

    assert workshop.chase.asked == []
    assert (await workshop.stored(sold)).sale.inquire_at == sold.sale.inquire_at


async def test_a_sale_passes(workshop: Workshop) -> None:
    workshop.switches.is_held = True

    assert (await workshop.sold()).state is State.AUTHORIZED
