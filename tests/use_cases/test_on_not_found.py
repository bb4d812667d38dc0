"""Two counted empties (ON_NOT_FOUND): left to a person, sent again under the same request-id, or over."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.payments.inquiry import OnNotFound
from shared.payments.operations import OperationState
from shared.payments.outcome import Inquiry, NoAnswer, NothingFound, NotSent, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.requests import Keepable, Merchant
from shared.payments.state_machine import Event, State
from tests.builders import CITY_WATER, a_bank_account, approved
from tests.use_cases.conftest import Built
from tests.use_cases.workshop import Workshop, a_refund

LOST = Unknown("READ_TIMEOUT", "no answer")
NO_ANSWER = NoAnswer("HTTP_503", "not now")


class TestTwoCountedEmpties:
    """ON_NOT_FOUND."""

    async def asked_twice(self, workshop: Workshop, payment: Payment) -> Payment:
        """Two empty answers that count, each vouched for."""
        operation_id = payment.operations[-1].id
        workshop.clock._offset = timedelta(seconds=90)
        for _ in range(2):
            payment = await workshop.inquiries.inquire(payment, payment.operation(operation_id))
        return payment

    async def a_lost_sale(self, workshop: Workshop, **changed: Any) -> Payment:
        await workshop.sold("known", reference="INV-0")
        workshop.chase.sales = [LOST]
        workshop.chase.finds = [NothingFound(), approved()]
        return await workshop.sold(**changed)

    async def a_lost_refund(self, workshop: Workshop) -> Payment:
        known = await workshop.captured(100, "known", reference="INV-0")
        await workshop.refund.refund(a_refund(known, 1, "refund-0"))
        captured = await workshop.captured(100)
        workshop.chase.refunds, workshop.chase.refund_finds = [LOST], [NothingFound(), approved(1)]
        return (await workshop.refund.refund(a_refund(captured, 60))).payment

    async def test_leave_it_to_a_person_by_default(self, workshop: Workshop) -> None:
        sale = await self.asked_twice(workshop, await self.a_lost_sale(workshop))

        assert (sale.state, sale.sale.empties, sale.sale.send_at) == (State.UNKNOWN, 2, None)
        assert workshop.alarms() == ["inquiry.nothing_found"]

    async def test_are_told_once(self, workshop: Workshop) -> None:
        sale = await self.asked_twice(workshop, await self.a_lost_sale(workshop))

        third = await workshop.inquiries.inquire(sale, sale.sale)

        assert third.sale.empties == 3
        assert workshop.alarms() == ["inquiry.nothing_found"]

    async def test_fail_a_sale_where_the_setting_says_so_and_what_is_found_later_is_given_back(
        self, built: Built
    ) -> None:
        workshop = built(on_not_found=OnNotFound.FAIL)
        failed = await self.asked_twice(workshop, await self.a_lost_sale(workshop))
        stored = await workshop.stored(failed)
        workshop.chase.finds = [approved(state=TransactionState.CLOSED)]

        workshop.clock._offset = timedelta(seconds=90 + 600)
        await workshop.reconciliation.run_once()
        found = await workshop.stored(failed)
        await workshop.sending_again.send(found, found.operations[-1])

        undone = await workshop.stored(failed)
        assert (failed.state, stored) == (State.FAILED, failed)
        assert found.history[-1].event is Event.LATE_CHARGE_FOUND
        assert "payment.late_charge" in workshop.alarms()
        assert (undone.state, undone.refunded_minor, undone.unresolved) == (State.FAILED, 125_99, None)
        assert workshop.chase.full == [True]

    async def test_fail_a_refund_where_the_setting_says_so_and_free_what_it_reserved(self, built: Built) -> None:
        workshop = built(on_not_found=OnNotFound.FAIL)
        failed = await self.asked_twice(workshop, await self.a_lost_refund(workshop))

        assert (failed.operations[-1].state, failed.refund_reserved_minor) == (OperationState.FAILED, 0)
        assert failed == await workshop.stored(failed)

    async def test_of_what_was_given_up_are_not_counted_and_the_asking_ends_after_a_day(self, built: Built) -> None:
        workshop = built(on_not_found=OnNotFound.FAIL)
        failed = await self.asked_twice(workshop, await self.a_lost_refund(workshop))
        refund = failed.operations[-1]
        asked_before = workshop.chase.asked.count(refund.request_id)

        for at_s in (90 + 600, 90 + 3600, 90 + 86400, 90 + 2 * 86400):
            workshop.clock._offset = timedelta(seconds=at_s)
            await workshop.reconciliation.run_once()

        rested = (await workshop.stored(failed)).operations[-1]
        assert workshop.chase.asked.count(refund.request_id) == asked_before + 3
        assert (rested.state, rested.inquire_at, rested.empties) == (OperationState.FAILED, None, 0)

    async def test_send_a_refund_again_under_its_own_request_id_where_the_setting_says_so(self, built: Built) -> None:
        workshop = built(on_not_found=OnNotFound.RESEND_SAME_REQUEST_ID)
        waiting = await self.asked_twice(workshop, await self.a_lost_refund(workshop))
        waiting = await workshop.inquiries.inquire(waiting, waiting.operations[-1])
        refund = waiting.operations[-1]

        done = await workshop.sending_again.send(waiting, refund)

        assert (refund.state, refund.send_at) == (OperationState.UNKNOWN, workshop.clock.now())
        assert (done.refunded_minor, done.refund_reserved_minor) == (60, 0)
        assert workshop.chase.sold.count(refund.request_id) == 2

    async def test_leave_a_sale_to_its_callers_key_where_the_setting_says_so(self, built: Built) -> None:
        workshop = built(on_not_found=OnNotFound.RESEND_SAME_REQUEST_ID)

        sale = await self.asked_twice(workshop, await self.a_lost_sale(workshop))

        assert (sale.state, sale.sale.send_at) == (State.UNKNOWN, None)

    async def test_send_a_sale_again_whose_instrument_is_kept_with_us(self, built: Built) -> None:
        workshop = built(on_not_found=OnNotFound.RESEND_SAME_REQUEST_ID)
        merchants: dict[str, Merchant] = workshop.outside.merchants  # type: ignore[assignment]
        merchants["city-water"] = replace(CITY_WATER, queued_when_down=frozenset({Keepable.ACH}))
        await workshop.sold("known", reference="INV-0")
        workshop.chase.sales = [NotSent("NOT_CONNECTED", "refused"), LOST]
        queued = await workshop.sold(method=a_bank_account())
        lost = await workshop.sending_again.send(queued, queued.sale)
        workshop.chase.finds = [NothingFound(), approved()]

        waiting = await self.asked_twice(workshop, lost)
        done = await workshop.sending_again.send(waiting, waiting.sale)

        assert (waiting.state, waiting.sale.send_at) == (State.UNKNOWN, workshop.clock.now())
        assert (done.state, done.sale.attempts, done.instrument_kept) == (State.AUTHORIZED, 3, False)

    @pytest.mark.parametrize("on_not_found", [OnNotFound.FAIL, OnNotFound.RESEND_SAME_REQUEST_ID])
    async def test_do_nothing_to_what_somebody_wrote_meanwhile(self, built: Built, on_not_found: OnNotFound) -> None:
        workshop = built(on_not_found=on_not_found)
        lost = await self.a_lost_refund(workshop)
        workshop.payments.saves_beaten = 1

        payment = await self.asked_twice(workshop, lost)

        assert payment == await workshop.stored(lost)
        assert (payment.operations[-1].state, payment.refund_reserved_minor) == (OperationState.UNKNOWN, 60)
        again = await workshop.inquiries.inquire(payment, payment.operations[-1])
        waits = again.operations[-1].send_at is not None
        assert again.operations[-1].state is OperationState.FAILED or waits
        assert workshop.alarms() == ["inquiry.nothing_found"]

    async def test_do_not_end_what_was_found_while_they_were_counted(self, built: Built) -> None:
        workshop = built(on_not_found=OnNotFound.FAIL)
        lost = await self.a_lost_refund(workshop)
        refund = lost.operations[-1]
        workshop.clock._offset = timedelta(seconds=90)
        once = await workshop.inquiries.inquire(lost, refund)
        find = workshop.chase.find_refund

        async def found_by_somebody_else(request_id: str, merchant: Merchant) -> Inquiry:
            await workshop.recording.record(once, refund, approved(60), actor="chase")
            return await find(request_id, merchant)

        workshop.chase.find_refund = found_by_somebody_else  # type: ignore[method-assign]

        payment = await workshop.inquiries.inquire(once, once.operations[-1])

        assert (payment.refunded_minor, payment.refund_reserved_minor) == (60, 0)
        assert payment.operations[-1].state is OperationState.SUCCEEDED
        assert payment == await workshop.stored(lost)
