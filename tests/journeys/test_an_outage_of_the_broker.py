"""The line to the real broker breaks in the middle of the work: what was accepted is sent once it is mended, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import function_app
from local.broker import Broker as Receivers
from local.registered import registered
from shared.messaging.login import Login
from shared.messaging.publisher import ServiceBusPublisher
from shared.payments.secret import Secret
from tests.broker import PATIENT_S, Broker
from tests.builders import an_ach_method
from tests.conftest import OpenHouse
from tests.house import House
from tests.journeys.outage import unsteady
from tests.journeys.test_an_outage import WHOLE_MINOR, at_rest, left_in_outbox, refund_that_cannot_leave
from tests.messaging.relay import Relay, relay_to
from tests.stateful.merchants import BILLERS, MERCHANTS

# Short, for the line is down on purpose.
PUBLISHED_WITHIN_S = 2.0
DEBITS = 4


@asynccontextmanager
async def on_a_line(opened: OpenHouse, broker: Broker) -> AsyncIterator[tuple[House, Relay]]:
    """A house whose messages go to the broker over a line that the test holds, and come back by another."""
    async with relay_to(broker) as (relay, leads_through):
        sender = ServiceBusPublisher(
            Login(connection_string=Secret(leads_through)), timeout_s=PUBLISHED_WITHIN_S, close_within_s=0.5
        )
        receivers = Receivers(registered(function_app.app, {}).bus, broker.login)
        async with opened(MERCHANTS=MERCHANTS) as house, unsteady(house, over=sender) as (house, _, _):
            await receivers.start()
            try:
                yield house, relay
            finally:
                await receivers.stop()
                await sender.close()


async def test_refunds_that_wait_leave_once_the_line_is_mended(opened: OpenHouse, broker: Broker) -> None:
    async with on_a_line(opened, broker) as (house, relay):
        payment_ids = [await _debit(house, number) for number in range(DEBITS)]
        await relay.down()
        for payment_id in payment_ids:
            queued = await refund_that_cannot_leave(house, payment_id, f"refund-{payment_id}")
            assert (queued.status, queued.body["operations"][1]["state"]) == (202, "queued")
        await house.clock.advance(60)
        in_vain = await house.services.outbox_sweep.run_once()

        house.simulator.clear_faults()
        await relay.up()
        await house.clock.advance(60)
        swept = await house.services.outbox_sweep.run_once()
        await _until_refunded(house, payment_ids)
        await at_rest(house)

        assert (in_vain.published, in_vain.left > 0) == (0, True)
        # What has left by itself meanwhile is not the sweep's any more.
        assert swept.left == 0
        assert [[refund["amount"] for refund in entry["refunds"]] for entry in house.books()] == [[60_00]] * DEBITS
        assert await left_in_outbox(house) == 0


async def _debit(house: House, number: int) -> str:
    sold = await house.sale(
        f"debit-{number}",
        method=an_ach_method(),
        billerId=BILLERS[1],
        reference=f"INV-{number}",
        amountMinor=WHOLE_MINOR,
    )
    assert sold.status == 201
    return str(sold.body["id"])


async def _until_refunded(house: House, payment_ids: list[str]) -> None:
    async with asyncio.timeout(PATIENT_S):
        for payment_id in payment_ids:
            while (await house.payment(payment_id))["refundedMinor"] != 60_00:
                # What waits a moment before it tries again waits on a clock that stands.
                await asyncio.sleep(0.05)
                await house.clock.advance(1)
