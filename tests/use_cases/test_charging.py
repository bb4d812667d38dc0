"""A sale whose instrument may wait with us is sent again by us; every other waits with its caller."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.messages import Message
from shared.payments.outcome import Declined, NotSent, Outcome, Unknown
from shared.payments.payment import Payment
from shared.payments.requests import Instrument, Keepable, Merchant, SaleRequest, TokenType
from shared.payments.state_machine import State
from tests.builders import CITY_WATER, NOW, a_bank_account, a_card, approved
from tests.use_cases.workshop import Workshop, a_call, a_void

LOST = Unknown("READ_TIMEOUT", "no answer")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")
DECLINED = Declined("DO_NOT_HONOR", "no")
TOKEN = a_card("tok4113", token_type=TokenType.SAFETECH)


def queues(workshop: Workshop, *kinds: Keepable) -> None:
    """Have the biller's sales of these kinds wait with us while Chase is down."""
    merchants: dict[str, Merchant] = workshop.outside.merchants  # type: ignore[assignment]
    merchants["city-water"] = replace(CITY_WATER, queued_when_down=frozenset(kinds))


async def due(workshop: Workshop) -> Message:
    """The message of what waits, once it is due."""
    await workshop.clock.advance(10)
    await workshop.outbox_sweep.run_once()
    return workshop.broker.taken[-1]


async def queued(workshop: Workshop, method: Instrument) -> Payment:
    workshop.chase.sales = [NOT_SENT]
    return await workshop.sold(method=method)


@pytest.mark.parametrize("method", [a_bank_account(), TOKEN], ids=["a bank account", "a token"])
async def test_an_instrument_that_may_be_kept_waits_sealed_and_is_sent_by_us(
    workshop: Workshop, method: Instrument
) -> None:
    queues(workshop, Keepable.ACH, Keepable.TOKEN)
    requests: list[SaleRequest] = []
    payment = await queued(workshop, method)
    sealed = await workshop.payments.sealed_instrument(payment.id)
    send = workshop.chase.sale

    async def noted(request: SaleRequest, sold: Payment, merchant: Merchant, *, send_before_s: float) -> Outcome:
        requests.append(request)
        return await send(request, sold, merchant, send_before_s=send_before_s)

    workshop.chase.sale = noted  # type: ignore[method-assign]

    await workshop.chase_retry.consume(await due(workshop))

    done = await workshop.stored(payment)
    assert (payment.state, payment.instrument_kept) == (State.RECEIVED, True)
    assert sealed is not None
    assert (done.state, done.sale.attempts) == (State.AUTHORIZED, 2)
    assert [request.method for request in requests] == [replace(method, cvv=None) if method is TOKEN else method]
    assert workshop.chase.sold == [payment.sale.request_id] * 2


@pytest.mark.parametrize("ending", [None, DECLINED], ids=["authorized", "declined"])
async def test_what_was_kept_is_erased_when_the_payment_ends(workshop: Workshop, ending: Outcome | None) -> None:
    queues(workshop, Keepable.ACH)
    payment = await queued(workshop, a_bank_account())
    workshop.chase.sales = [ending] if ending else []

    await workshop.chase_retry.consume(await due(workshop))

    assert not (await workshop.stored(payment)).instrument_kept
    assert await workshop.payments.sealed_instrument(payment.id) is None


async def test_what_was_kept_is_erased_when_the_sale_is_given_up(workshop: Workshop) -> None:
    queues(workshop, Keepable.ACH)
    payment = await queued(workshop, a_bank_account())

    await workshop.void.void(a_void(payment))
    await workshop.chase_retry.consume(await due(workshop))

    assert await workshop.payments.sealed_instrument(payment.id) is None
    assert len(workshop.chase.sold) == 1


async def test_what_is_kept_waits_on_as_often_as_chase_is_down(workshop: Workshop) -> None:
    queues(workshop, Keepable.ACH)
    payment = await queued(workshop, a_bank_account())
    workshop.chase.sales = [NOT_SENT]

    await workshop.chase_retry.consume(await due(workshop))

    again = await workshop.stored(payment)
    assert (again.state, again.sale.attempts) == (State.RECEIVED, 2)
    assert again.sale.send_at == NOW + timedelta(seconds=10 + 20)
    assert await workshop.payments.sealed_instrument(payment.id) is not None


async def test_the_same_key_meanwhile_sends_nothing(workshop: Workshop) -> None:
    queues(workshop, Keepable.ACH)
    payment = await queued(workshop, a_bank_account())

    again = await workshop.sale().take(a_call(method=a_bank_account()))

    assert (again.payment, again.replayed) == (payment, True)
    assert len(workshop.chase.sold) == 1


@pytest.mark.parametrize(
    ("kinds", "method"),
    [((), a_bank_account()), ((Keepable.ACH, Keepable.TOKEN), a_card()), ((Keepable.ACH,), TOKEN)],
    ids=["the biller does not say so", "a card number is never kept", "the biller says so of others"],
)
async def test_every_other_waits_with_its_caller(
    workshop: Workshop, kinds: tuple[Keepable, ...], method: Instrument
) -> None:
    queues(workshop, *kinds)

    payment = await queued(workshop, method)

    assert (payment.state, payment.sale.send_at, payment.instrument_kept) == (State.RECEIVED, None, False)
    assert await workshop.payments.sealed_instrument(payment.id) is None


async def test_what_is_lost_after_it_waited_stays_kept_until_it_is_known(workshop: Workshop) -> None:
    queues(workshop, Keepable.ACH)
    payment = await queued(workshop, a_bank_account())
    workshop.chase.sales = [LOST]
    await workshop.chase_retry.consume(await due(workshop))
    unknown = await workshop.stored(payment)
    workshop.chase.finds = [approved()]

    found = await workshop.inquiries.look(unknown)

    assert (unknown.state, unknown.instrument_kept) == (State.UNKNOWN, True)
    assert (found.state, found.instrument_kept) == (State.AUTHORIZED, False)
    assert await workshop.payments.sealed_instrument(payment.id) is None
