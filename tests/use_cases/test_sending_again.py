"""What waits with us is sent under its own request-id, by one of those who try, or ended if it is not possible."""

import asyncio
from dataclasses import replace

import pytest

from shared.payments.errors import ChangedMeanwhile
from shared.payments.operations import OperationState
from shared.payments.outcome import Declined, NotSent, Outcome, Unknown
from shared.payments.payment import Operation, Payment
from shared.payments.requests import Keepable, Merchant, SaleRequest
from shared.payments.sealed import CannotOpen, SealedInstrument
from shared.payments.state_machine import Event, State
from shared.payments.updates import Update, UpdateEvent
from shared.use_cases.sending_again import InstrumentGone
from shared.use_cases.update_state import UpdateCall
from tests.builders import CITY_WATER, NOW, a_bank_account
from tests.use_cases.workshop import Workshop, a_refund, a_void

LOST = Unknown("READ_TIMEOUT", "no answer")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")


@pytest.fixture
async def waiting_refund(workshop: Workshop) -> Payment:
    workshop.chase.refunds = [NOT_SENT]
    captured = await workshop.captured(100)
    return (await workshop.refund.refund(a_refund(captured, 60))).payment


@pytest.fixture
async def waiting_sale(workshop: Workshop) -> Payment:
    merchants: dict[str, Merchant] = workshop.outside.merchants  # type: ignore[assignment]
    merchants["city-water"] = replace(CITY_WATER, queued_when_down=frozenset({Keepable.ACH}))
    workshop.chase.sales = [NOT_SENT]
    return await workshop.sold(method=a_bank_account())


async def test_a_sale_that_waits_ends_unsent_where_live_sales_are_switched_off(
    workshop: Workshop, waiting_sale: Payment
) -> None:
    workshop.switches.is_switched_off = True

    ended = await workshop.sending_again.send(waiting_sale, waiting_sale.sale)

    assert (ended.state, ended.instrument_kept) == (State.FAILED, False)
    assert await workshop.payments.sealed_instrument(ended.id) is None
    assert len(workshop.chase.sold) == 1


async def returned(workshop: Workshop, payment: Payment) -> Payment:
    update = Update(UpdateEvent.RETURNED, "the bank's file of today", {"amountMinor": 100}, NOW)
    call = UpdateCall(payment_id=payment.id, billers=None, caller="ops", update=update, version=None)
    return await workshop.update_state.update(call)


async def test_a_refund_that_waits_is_sent_with_its_reservation(workshop: Workshop, waiting_refund: Payment) -> None:
    refund = waiting_refund.operations[-1]

    payment = await workshop.sending_again.send(waiting_refund, refund)

    assert (payment.refunded_minor, payment.refund_reserved_minor) == (60, 0)
    assert workshop.chase.sold[1:] == [refund.request_id] * 2
    assert [entry.event for entry in payment.history][-4:] == [
        Event.REFUND_SUBMITTED,
        Event.REFUND_NOT_SENT,
        Event.REFUND_SUBMITTED,
        Event.REFUNDED_IN_PART,
    ]


async def test_of_many_who_try_one_sends(workshop: Workshop, waiting_refund: Payment) -> None:
    refund = waiting_refund.operations[-1]

    results = await asyncio.gather(
        *(workshop.sending_again.send(waiting_refund, refund) for _ in range(5)), return_exceptions=True
    )

    assert [type(result) for result in results].count(ChangedMeanwhile) == 4
    assert workshop.chase.sold.count(refund.request_id) == 2


async def test_what_does_not_wait_is_not_sent(workshop: Workshop, waiting_refund: Payment) -> None:
    done = await workshop.sending_again.send(waiting_refund, waiting_refund.operations[-1])

    assert await workshop.sending_again.send(done, done.operations[-1]) == done
    assert await workshop.sending_again.send(done, done.sale) == done
    assert len(workshop.chase.sold) == 3


async def test_what_waits_for_its_caller_is_not_ours_to_send(workshop: Workshop) -> None:
    workshop.chase.sales = [NOT_SENT]
    received = await workshop.sold()

    assert await workshop.sending_again.send(received, received.sale) == received
    assert len(workshop.chase.sold) == 1


async def test_a_refund_of_what_the_bank_took_back_meanwhile_is_not_sent(
    workshop: Workshop, waiting_refund: Payment
) -> None:
    taken_back = await returned(workshop, waiting_refund)

    payment = await workshop.sending_again.send(taken_back, taken_back.operations[-1])

    assert (payment.state, payment.refund_reserved_minor) == (State.RETURNED, 0)
    assert payment.operations[-1].state is OperationState.FAILED
    assert len(workshop.chase.sold) == 2
    assert payment == await workshop.stored(waiting_refund)


async def test_a_refund_that_may_have_left_once_is_not_called_unsent(workshop: Workshop) -> None:
    workshop.chase.refunds = [LOST]
    captured = await workshop.captured(100)
    unknown = (await workshop.refund.refund(a_refund(captured, 60))).payment
    again = replace(unknown, version=unknown.version + 1, operations=(unknown.sale, _due(unknown)))
    await workshop.payments.save(unknown, again)
    taken_back = await returned(workshop, again)

    payment = await workshop.sending_again.send(taken_back, taken_back.operations[-1])

    refund = payment.operations[-1]
    assert refund.outcome is not None
    assert (refund.state, refund.outcome["code"], refund.send_at) == (OperationState.FAILED, "NOT_FOUND", None)
    assert refund.inquire_at is not None


def _due(payment: Payment) -> Operation:
    return replace(payment.operations[-1], send_at=NOW)


class TestASaleThatWaits:
    async def test_is_sent_under_the_merchant_id_of_its_first_attempt(
        self, workshop: Workshop, waiting_sale: Payment
    ) -> None:
        merchants: dict[str, Merchant] = workshop.outside.merchants  # type: ignore[assignment]
        merchants["city-water"] = replace(CITY_WATER, merchant_id="000000000000", statement_descriptor="NEW*NAME")
        sent_under = _noted(workshop)

        await workshop.sending_again.send(waiting_sale, waiting_sale.sale)

        assert [(merchant.merchant_id, merchant.statement_descriptor) for merchant in sent_under] == [
            (waiting_sale.merchant_id, "NEW*NAME")
        ]

    async def test_is_sent_though_its_biller_has_left(self, workshop: Workshop, waiting_sale: Payment) -> None:
        workshop.outside.merchants.clear()  # type: ignore[attr-defined]

        payment = await workshop.sending_again.send(waiting_sale, waiting_sale.sale)

        assert payment.state is State.AUTHORIZED

    async def test_whose_instrument_is_gone_is_not_claimed(self, workshop: Workshop, waiting_sale: Payment) -> None:
        async def gone(_: str) -> None:
            return None

        workshop.payments.sealed_instrument = gone  # type: ignore[method-assign]

        with pytest.raises(InstrumentGone):
            await workshop.sending_again.send(waiting_sale, waiting_sale.sale)

        assert (await workshop.stored(waiting_sale)).state is State.RECEIVED

    async def test_whose_instrument_does_not_open_is_not_claimed(
        self, workshop: Workshop, waiting_sale: Payment
    ) -> None:
        async def sealed(_: str) -> SealedInstrument:
            return SealedInstrument("a key that is gone", "text")

        workshop.payments.sealed_instrument = sealed  # type: ignore[method-assign]

        with pytest.raises(CannotOpen):
            await workshop.sending_again.send(waiting_sale, waiting_sale.sale)

        assert len(workshop.chase.sold) == 1


def _noted(workshop: Workshop) -> list[Merchant]:
    sent_under: list[Merchant] = []
    send = workshop.chase.sale

    async def noted(request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float) -> Outcome:
        sent_under.append(merchant)
        return await send(request, payment, merchant, send_before_s=send_before_s)

    workshop.chase.sale = noted  # type: ignore[method-assign]
    return sent_under


async def test_a_void_that_waits_and_is_refused_ends(workshop: Workshop) -> None:
    workshop.chase.voids = [NOT_SENT, Declined("NOT_ALLOWED", "no")]
    authorized = await workshop.sold()
    waiting = (await workshop.void.void(a_void(authorized))).payment

    payment = await workshop.sending_again.send(waiting, waiting.operations[-1])

    assert (payment.state, payment.operations[-1].state) == (State.AUTHORIZED, OperationState.DECLINED)
