"""The consumer: a message twice does nothing the second time, and what cannot succeed is told."""

import asyncio
from dataclasses import replace

import pytest

from shared.payments.messages import Message, Queue
from shared.payments.outcome import NotSent
from shared.payments.payment import Payment
from shared.payments.requests import Keepable, Merchant
from shared.payments.state_machine import State
from shared.use_cases.setting_aside import CannotSucceed
from tests.builders import CITY_WATER, NOW, a_bank_account, approved
from tests.use_cases.conftest import Built
from tests.use_cases.workshop import Workshop, a_refund

NOT_SENT = NotSent("NOT_CONNECTED", "refused")


@pytest.fixture
async def waiting(workshop: Workshop) -> Payment:
    workshop.chase.refunds = [NOT_SENT]
    captured = await workshop.captured(100)
    return (await workshop.refund.refund(a_refund(captured, 60))).payment


def a_message(payment_id: str, operation_id: str, attempt: int = 1) -> Message:
    return Message(Queue.CHASE_RETRY, {"paymentId": payment_id, "operationId": operation_id}, NOW, attempt)


async def test_what_waits_is_sent_and_the_message_is_noted_in_the_claims_own_commit(
    workshop: Workshop, waiting: Payment
) -> None:
    message = a_message(waiting.id, waiting.operations[-1].id)

    await workshop.chase_retry.consume(message)
    await workshop.chase_retry.consume(message)

    assert (await workshop.stored(waiting)).refunded_minor == 60
    assert len(workshop.chase.sold) == 3


async def test_an_old_message_of_what_waits_once_more_does_nothing(workshop: Workshop, waiting: Payment) -> None:
    message = a_message(waiting.id, waiting.operations[-1].id)
    workshop.chase.refunds = [NOT_SENT]
    await workshop.chase_retry.consume(message)

    await workshop.chase_retry.consume(message)

    again = await workshop.stored(waiting)
    assert (again.operations[-1].attempts, len(workshop.chase.sold)) == (2, 3)
    assert "chase_retry.left_to_another" in workshop.events()


async def test_two_consumers_of_one_message_send_it_once(built: Built, workshop: Workshop, waiting: Payment) -> None:
    other = built()
    message = a_message(waiting.id, waiting.operations[-1].id)

    await asyncio.gather(workshop.chase_retry.consume(message), other.chase_retry.consume(message))

    assert (len(workshop.chase.sold), len(other.chase.sold)) in ((3, 0), (2, 1))
    assert (await workshop.stored(waiting)).refunded_minor == 60


async def test_a_message_that_names_nothing_of_ours_cannot_succeed(workshop: Workshop, waiting: Payment) -> None:
    with pytest.raises(CannotSucceed, match="no such payment"):
        await workshop.chase_retry.consume(a_message("pay_nobody", waiting.operations[-1].id))
    with pytest.raises(CannotSucceed, match="no such operation"):
        await workshop.chase_retry.consume(a_message(waiting.id, "op_nobody"))


async def test_a_sale_whose_instrument_is_gone_cannot_succeed(workshop: Workshop) -> None:
    async def gone(_: str) -> None:
        return None

    merchants: dict[str, Merchant] = workshop.outside.merchants  # type: ignore[assignment]
    merchants["city-water"] = replace(CITY_WATER, queued_when_down=frozenset({Keepable.ACH}))
    workshop.chase.sales = [NOT_SENT]
    payment = await workshop.sold(method=a_bank_account())
    workshop.payments.sealed_instrument = gone  # type: ignore[method-assign]

    with pytest.raises(CannotSucceed, match="instrument is not kept"):
        await workshop.chase_retry.consume(a_message(payment.id, payment.sale.id))


async def test_an_undo_goes_on_until_the_part_is_given_back(workshop: Workshop) -> None:
    workshop.chase.voids = [NOT_SENT]
    partly = await workshop.undo_waiting(approved(100))

    await workshop.chase_retry.consume(a_message(partly.id, partly.operations[-1].id))
    meanwhile = await workshop.stored(partly)
    await workshop.chase_retry.consume(a_message(partly.id, partly.operations[-1].id, attempt=2))

    done = await workshop.stored(partly)
    assert (partly.state, meanwhile.state, done.state) == (State.UNKNOWN, State.UNKNOWN, State.DECLINED)
    assert workshop.chase.sold[1] == workshop.chase.sold[2] == partly.operations[-1].request_id
