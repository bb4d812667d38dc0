"""Inquiries: who makes them, what they learn, and when an empty answer counts."""

import asyncio
from datetime import timedelta

import pytest

from shared.payments.outcome import Inquiry, NoAnswer, NothingFound, NotSent, Pending, Unknown
from shared.payments.payment import Payment
from shared.payments.requests import Merchant
from shared.payments.state_machine import State
from tests.builders import NOW, approved
from tests.use_cases.workshop import Workshop, a_refund

LOST = Unknown("READ_TIMEOUT", "no answer")
NO_ANSWER = NoAnswer("HTTP_503", "not now")


@pytest.fixture
async def lost(workshop: Workshop) -> Payment:
    workshop.chase.sales = [LOST]
    return await workshop.sold()


async def test_the_sales_own_task_asks_five_times_and_leaves_the_rest_to_the_timer(
    workshop: Workshop, lost: Payment
) -> None:
    workshop.chase.finds = [NO_ANSWER] * 5

    for wait_s in (2, 3, 10, 25, 50):
        await workshop.clock.advance(wait_s)
    asked_by_the_task = len(workshop.chase.asked)
    await workshop.clock.advance(24 * 3600)
    asked_afterwards = len(workshop.chase.asked)
    await workshop.reconciliation.run_once()

    assert (asked_by_the_task, asked_afterwards, len(workshop.chase.asked)) == (5, 5, 6)


async def test_the_task_ends_once_something_is_found(workshop: Workshop, lost: Payment) -> None:
    workshop.chase.finds = [approved()]

    await workshop.clock.advance(2)
    await workshop.clock.advance(3600)

    assert workshop.chase.asked == [lost.sale.request_id]
    assert (await workshop.stored(lost)).state is State.AUTHORIZED


async def test_one_inquiry_is_made_by_one_of_many(workshop: Workshop, lost: Payment) -> None:
    answers = await asyncio.gather(*(workshop.inquiries.inquire(lost, lost.sale) for _ in range(10)))

    assert len(workshop.chase.asked) == 1
    assert {answer.id for answer in answers} == {lost.id}
    assert (await workshop.stored(lost)).sale.inquiries == 1


async def test_a_pending_answer_keeps_the_sale_unknown_and_the_schedule_going(
    workshop: Workshop, lost: Payment
) -> None:
    workshop.chase.finds = [Pending("CUSTOMER_PENDING", "wait"), approved()]

    pending = await workshop.inquiries.inquire(lost, lost.sale)
    await workshop.clock.advance(5)

    assert (pending.state, pending.sale.outcome and pending.sale.outcome["status"]) == (State.UNKNOWN, "pending")
    assert (await workshop.stored(lost)).state is State.AUTHORIZED


async def test_an_inquiry_moves_the_schedule_before_it_asks(workshop: Workshop, lost: Payment) -> None:
    workshop.chase.finds = [RuntimeError("the process dies here")]

    with pytest.raises(RuntimeError):
        await workshop.inquiries.inquire(lost, lost.sale)

    sale = (await workshop.stored(lost)).sale
    assert (sale.inquiries, sale.inquire_at) == (1, NOW + timedelta(seconds=3))


async def test_asks_under_the_merchant_id_that_the_sale_was_sent_with(workshop: Workshop, lost: Payment) -> None:
    asked_under: list[str] = []
    find = workshop.chase.find_sale

    async def noted(request_id: str, merchant: Merchant) -> Inquiry:
        asked_under.append(merchant.merchant_id)
        return await find(request_id, merchant)

    workshop.chase.find_sale = noted  # type: ignore[method-assign]
    workshop.outside.merchants.clear()  # type: ignore[attr-defined]

    await workshop.inquiries.inquire(lost, lost.sale)

    assert asked_under == [lost.merchant_id]


class TestAnEmptyAnswer:
    async def test_counts_only_when_asked_late_enough(self, workshop: Workshop, lost: Payment) -> None:
        await workshop.sold("known", reference="INV-0")
        workshop.chase.finds = [NothingFound(), approved()]
        early = await workshop.inquiries.inquire(lost, lost.sale)
        workshop.chase.finds = [NothingFound(), approved()]
        workshop.clock._offset = timedelta(seconds=90)

        late = await workshop.inquiries.inquire(early, early.sale)

        assert (early.sale.empties, late.sale.empties) == (0, 1)

    async def test_does_not_count_without_a_known_payment_to_vouch_for_the_look_up(
        self, workshop: Workshop, lost: Payment
    ) -> None:
        workshop.clock._offset = timedelta(seconds=90)

        asked = await workshop.inquiries.inquire(lost, lost.sale)

        assert asked.sale.empties == 0
        assert workshop.alarms() == ["inquiry.positive_control_failed"]

    @pytest.mark.parametrize("control", [NothingFound(), NO_ANSWER])
    async def test_does_not_count_while_the_control_fails(
        self, workshop: Workshop, lost: Payment, control: NothingFound | NoAnswer
    ) -> None:
        known = await workshop.sold("known", reference="INV-0")
        workshop.clock._offset = timedelta(seconds=90)
        workshop.chase.finds = [NothingFound(), control]

        asked = await workshop.inquiries.inquire(lost, lost.sale)

        assert workshop.chase.asked == [lost.sale.request_id, known.sale.request_id]
        assert asked.sale.empties == 0

    async def test_does_not_ask_the_control_again_for_ten_minutes(self, workshop: Workshop, lost: Payment) -> None:
        known = await workshop.sold("known", reference="INV-0")
        workshop.chase.finds = [NothingFound(), approved()]
        workshop.clock._offset = timedelta(seconds=90)
        once = await workshop.inquiries.inquire(lost, lost.sale)
        twice = await workshop.inquiries.inquire(once, once.sale)
        workshop.clock._offset = timedelta(seconds=90 + 601)
        workshop.chase.finds = [NothingFound(), approved()]

        await workshop.inquiries.inquire(twice, twice.sale)

        assert twice.sale.empties == 2
        assert workshop.chase.asked.count(known.sale.request_id) == 2
        assert "inquiry.nothing_found" in workshop.alarms()

    async def test_does_not_count_because_another_merchants_payments_are_found(
        self, workshop: Workshop, lost: Payment
    ) -> None:
        await workshop.sold("known", reference="INV-0", biller_id="county-tax")
        workshop.clock._offset = timedelta(seconds=90)

        asked = await workshop.inquiries.inquire(lost, lost.sale)

        assert asked.sale.empties == 0
        assert workshop.alarms() == ["inquiry.positive_control_failed"]

    async def test_needs_no_control_right_after_another_payment_was_found(
        self, workshop: Workshop, lost: Payment
    ) -> None:
        workshop.chase.sales, workshop.chase.finds = [LOST], [approved()]
        other = await workshop.sold("other", reference="INV-2")
        workshop.clock._offset = timedelta(seconds=90)
        await workshop.inquiries.inquire(other, other.sale)

        asked = await workshop.inquiries.inquire(lost, lost.sale)

        assert asked.sale.empties == 1


class TestAnUnknownRefund:
    async def test_is_looked_up_by_its_own_request_id_and_adopted(self, workshop: Workshop) -> None:
        workshop.chase.refunds, workshop.chase.refund_finds = [LOST], [approved(60)]
        captured = await workshop.captured(100)
        unknown = (await workshop.refund.refund(a_refund(captured, 60))).payment

        payment = await workshop.refresh.refresh(unknown)

        assert workshop.chase.asked == [unknown.operations[-1].request_id]
        assert (payment.state, payment.refunded_minor) == (State.PARTIALLY_REFUNDED, 60)


class TestALook:
    async def test_asks_about_nothing_that_waits_or_was_captured_or_has_ended(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NotSent("NOT_CONNECTED", "refused")]
        received = await workshop.sold()
        captured = await workshop.captured(100, "attempt-2", reference="INV-2")

        assert await workshop.refresh.refresh(received) == received
        assert await workshop.refresh.refresh(captured) == captured
        assert workshop.chase.asked == workshop.chase.looked_at == []
