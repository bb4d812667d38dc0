"""The sale, at the moments that a network or a process chooses badly."""

import asyncio
from dataclasses import replace

import pytest

from shared.payments.errors import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InvalidRequest,
    PaymentUnresolved,
)
from shared.payments.inquiry import OnNotFound
from shared.payments.money import Money
from shared.payments.outcome import NothingFound, NotSent, Outcome, Unknown
from shared.payments.payment import Payment
from shared.payments.requests import Merchant, SaleRequest
from shared.payments.state_machine import State
from tests.builders import a_card, approved
from tests.use_cases.workshop import Workshop, a_call

LOST = Unknown("READ_TIMEOUT", "no answer")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")


class TestWhatIsRefusedBeforeAnythingIsStored:
    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"biller_id": "nobody"}, "billerId"),
            ({"amount": Money(100, "EUR")}, "currency"),
            ({"method": a_card(month=10, year=2026)}, "method.expiry"),
        ],
        ids=["an unknown biller", "a currency that the biller does not take", "an expired card"],
    )
    async def test_names_its_field(self, workshop: Workshop, changed: dict[str, object], field: str) -> None:
        with pytest.raises(InvalidRequest) as refused:
            await workshop.sold(**changed)

        assert [error.field for error in refused.value.errors] == [field]
        assert workshop.chase.sold == []
        assert await workshop.payments.by_key("ctp", "attempt-1", None) is None


class TestACommitWhoseAcknowledgementIsLost:
    async def test_is_known_again_by_its_own_ids_and_charged_once(self, workshop: Workshop) -> None:
        workshop.payments.loses_acknowledgement = True

        payment = await workshop.sold()

        assert payment.state is State.AUTHORIZED
        assert workshop.chase.sold == [payment.sale.request_id]

    async def test_of_another_call_is_not_taken_for_ours(self, workshop: Workshop) -> None:
        workshop.chase.hold = asyncio.Event()
        first = asyncio.create_task(workshop.sold())
        while not workshop.chase.sold:
            await asyncio.sleep(0)

        with pytest.raises(IdempotencyInProgress) as refused:
            await workshop.sold()

        workshop.chase.hold.set()
        assert refused.value.retry_after_s == 2
        assert (await first).state is State.AUTHORIZED
        assert len(workshop.chase.sold) == 1


class TestACallerWhoCannotWait:
    async def test_hears_of_the_payment_as_soon_as_it_is_stored(self, workshop: Workshop) -> None:
        workshop.chase.hold = asyncio.Event()

        answer = await workshop.sale(answer_within_s=0.3).take(a_call())

        assert answer.payment.state is State.SUBMITTED
        workshop.chase.hold.set()

    async def test_is_told_to_come_again_if_not_even_that_is_done(self, workshop: Workshop) -> None:
        with pytest.raises(IdempotencyInProgress):
            await workshop.sale(answer_within_s=0.0).take(a_call())


class TestCommitTwo:
    async def test_that_fails_is_answered_as_it_stands_and_made_later(self, workshop: Workshop) -> None:
        workshop.payments.saves_failing = 2

        payment = await workshop.sold()
        await workshop.clock.advance(1)
        await workshop.clock.advance(5)

        assert payment.state is State.SUBMITTED
        assert (await workshop.stored(payment)).state is State.AUTHORIZED
        assert workshop.alarms() == ["sale.outcome_not_recorded"]
        assert len(workshop.chase.sold) == 1

    async def test_that_records_a_loss_late_asks_about_it_too(self, workshop: Workshop) -> None:
        workshop.payments.saves_failing = 1
        workshop.chase.sales, workshop.chase.finds = [LOST], [approved()]

        payment = await workshop.sold()
        await workshop.clock.advance(1)
        await workshop.clock.advance(2)

        assert (await workshop.stored(payment)).state is State.AUTHORIZED

    async def test_that_never_succeeds_is_left_to_the_sweep(self, workshop: Workshop) -> None:
        workshop.payments.saves_failing = 99

        payment = await workshop.sold()
        for wait_s in (1, 5, 15, 60):
            await workshop.clock.advance(wait_s)
        workshop.payments.saves_failing = 0
        await workshop.clock.advance(30)

        assert (await workshop.reconciliation.run_once()).abandoned == 1
        assert (await workshop.stored(payment)).state is State.UNKNOWN


async def test_a_fault_of_our_own_in_the_call_to_chase_is_silence_too(workshop: Workshop) -> None:
    workshop.chase.sales = [RuntimeError("a defect")]

    payment = await workshop.sold()

    assert (payment.state, payment.sale.outcome and payment.sale.outcome["code"]) == (State.UNKNOWN, "INTERNAL_ERROR")
    assert workshop.alarms() == ["sale.chase_client_failed"]


class TestARepeatedKey:
    async def test_with_another_body_is_refused(self, workshop: Workshop) -> None:
        await workshop.sold()

        with pytest.raises(IdempotencyKeyReused):
            await workshop.sale().take(a_call(text="another body"))

    async def test_that_loses_the_race_to_send_again_waits(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NOT_SENT]
        received = await workshop.sold()
        workshop.chase.hold = asyncio.Event()
        first = asyncio.create_task(workshop.sold())
        second = asyncio.create_task(workshop.sold())
        await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
        workshop.chase.hold.set()

        outcomes = await asyncio.gather(first, second, return_exceptions=True)

        assert received.state is State.RECEIVED
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IdempotencyInProgress", "Payment"]
        assert len(workshop.chase.sold) == 2

    async def test_of_a_refused_bill_stays_refused(self, workshop: Workshop) -> None:
        workshop.chase.sales = [LOST]
        lost = await workshop.sold("attempt-1")

        for _ in range(2):
            with pytest.raises(PaymentUnresolved) as refused:
                await workshop.sold("attempt-2")

        assert refused.value.facts["paymentId"] == lost.id

    async def test_of_a_refused_bill_at_once_is_refused_each_time(self, workshop: Workshop) -> None:
        workshop.chase.sales = [LOST]
        await workshop.sold("attempt-1")

        refused = await asyncio.gather(*(workshop.sold("attempt-2") for _ in range(10)), return_exceptions=True)

        assert {type(error) for error in refused} == {PaymentUnresolved}
        assert len(workshop.chase.sold) == 1

    async def test_is_sent_again_under_the_merchant_id_of_its_first_attempt(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NOT_SENT]
        received = await workshop.sold()
        merchants: dict[str, Merchant] = workshop.outside.merchants  # type: ignore[assignment]
        merchants["city-water"] = replace(merchants["city-water"], merchant_id="000000000000")
        sent_under: list[str] = []
        send = workshop.chase.sale

        async def noted(request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float) -> Outcome:
            sent_under.append(merchant.merchant_id)
            return await send(request, payment, merchant, send_before_s=send_before_s)

        workshop.chase.sale = noted  # type: ignore[method-assign]

        await workshop.sold()

        assert sent_under == [received.merchant_id]

    async def test_of_what_chase_does_not_know_is_sent_again_only_where_the_setting_says_so(
        self, workshop: Workshop
    ) -> None:
        await workshop.sold("known", reference="INV-0")
        workshop.chase.sales = [LOST]
        lost = await workshop.sold()
        workshop.chase.finds = [NothingFound(), approved(), NothingFound()]
        await workshop.clock.advance(95)
        await workshop.clock.advance(95)

        manual = await workshop.sale().take(a_call())
        resent = await workshop.sale(on_not_found=OnNotFound.RESEND_SAME_REQUEST_ID).take(a_call())

        assert (manual.payment.state, manual.replayed) == (State.UNKNOWN, True)
        assert resent.payment.state is State.AUTHORIZED
        assert workshop.chase.sold[1:] == [lost.sale.request_id] * 2


class TestAKeyOlderThanItsCard:
    async def test_is_replayed_though_the_card_has_expired_since(self, workshop: Workshop) -> None:
        sold = await workshop.sold()
        await workshop.clock.advance(3 * 365 * 24 * 3600)

        again = await workshop.sale().take(a_call())

        assert (again.payment, again.replayed) == (sold, True)

    async def test_is_not_sent_again_with_a_card_that_has(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NOT_SENT]
        await workshop.sold()
        await workshop.clock.advance(3 * 365 * 24 * 3600)

        with pytest.raises(InvalidRequest):
            await workshop.sold()

        assert len(workshop.chase.sold) == 1


async def test_a_key_whose_record_cannot_be_read_back_is_told_to_come_again(workshop: Workshop) -> None:
    class Forgetful(type(workshop.payments)):  # type: ignore[misc]
        async def by_key(self, *_: object) -> None:
            return None

    await workshop.sold()
    workshop.payments.__class__ = Forgetful

    with pytest.raises(IdempotencyInProgress):
        await workshop.sold()
