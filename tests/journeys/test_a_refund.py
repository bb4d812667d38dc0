"""Refunds, from the caller to Chase and back: in part, again, of all; never more than was taken."""

import asyncio
from typing import Any

from tests.house import House
from tests.journeys.outage import unsteady


async def captured(house: House, key: str = "attempt-1", amount_minor: int = 100_00, **changed: Any) -> str:
    sold = await house.sale(key, amountMinor=amount_minor, **changed)
    assert sold.status == 201
    await house.clock.advance(120 * 60 + 121)
    await house.services.reconciliation.run_once()
    return str(sold.body["id"])


async def test_gives_back_a_part_then_the_rest_each_with_two_round_trips_and_two_commits(house: House) -> None:
    async with unsteady(house) as (other, publisher, _):
        # What is published behind the caller's back, and what the ledger then reads, is not the refund's own.
        publisher.up = False
        payment_id = await captured(other)
        database = other.services.database
        before = (database.round_trips, database.commits)

        part = await other.refund(payment_id, "refund-1", amountMinor=30_00)
        spent = (database.round_trips - before[0], database.commits - before[1])
        rest = await other.refund(payment_id, "refund-2")

    assert spent == (2, 2)
    assert (part.status, part.body["state"], part.body["refundedMinor"]) == (201, "partially_refunded", 30_00)
    assert (rest.status, rest.body["state"], rest.body["refundableMinor"]) == (201, "refunded", 0)
    [entry] = house.books()
    assert [refund["amount"] for refund in entry["refunds"]] == [30_00, 70_00]


async def test_of_two_at_once_that_do_not_fit_together_one_is_made_and_one_refused(house: House) -> None:
    payment_id = await captured(house)

    answers = await asyncio.gather(
        *(house.refund(payment_id, f"refund-{number}", amountMinor=60_00) for number in range(2))
    )

    assert sorted(answer.status for answer in answers) == [201, 422]
    [refused] = [answer.body for answer in answers if answer.status == 422]
    assert (refused["code"], refused["refundableMinor"]) == ("refund-exceeds-balance", 40_00)
    assert house.books()[0]["refunded"] == 60_00


async def test_whose_answer_was_lost_keeps_its_reservation_until_it_is_found(house: House) -> None:
    payment_id = await captured(house)
    house.simulator.fault("refund", "drop_after_processing")

    lost = await house.refund(payment_id, amountMinor=60_00)
    too_much = await house.refund(payment_id, "refund-2", amountMinor=60_00)
    await house.clock.advance(3)
    found = await house.payment(payment_id)

    assert (lost.status, lost.body["refundReservedMinor"]) == (202, 60_00)
    assert (too_much.status, too_much.body["refundableMinor"]) == (422, 40_00)
    assert (found["state"], found["refundedMinor"], found["refundReservedMinor"]) == ("partially_refunded", 60_00, 0)
    assert house.books()[0]["refunded"] == 60_00


async def test_that_cannot_leave_waits_with_us_and_goes_out_by_itself(house: House) -> None:
    payment_id = await captured(house)
    house.simulator.fault("token", "http_503", times=2)
    house.simulator.revoke_tokens()

    waiting = asyncio.create_task(house.refund(payment_id, amountMinor=60_00))
    while not waiting.done():
        await asyncio.sleep(0.001)
        await house.clock.advance(0.5)
    queued = waiting.result()
    await house.clock.advance(60)
    await house.services.outbox_sweep.run_once()
    await house.bus.idle()

    assert (queued.status, queued.body["operations"][1]["state"]) == (202, "queued")
    assert queued.body["refundReservedMinor"] == 60_00
    assert (await house.payment(payment_id))["refundedMinor"] == 60_00


async def test_before_the_capture_is_refused_or_made_a_void(house: House) -> None:
    sold = await house.sale("attempt-1")

    refused = await house.refund(sold.body["id"], "refund-1")
    part = await house.refund(sold.body["id"], "refund-2", amountMinor=1, ifNotCaptured="void")
    voided = await house.refund(sold.body["id"], "refund-3", ifNotCaptured="void")

    assert [(answer.status, answer.body.get("code")) for answer in (refused, part)] == [(409, "invalid-state")] * 2
    assert (voided.status, voided.body["state"]) == (201, "voided")
