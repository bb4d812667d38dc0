"""A void, from the caller to Chase and back: before the capture, too near to it, after it, or of what never left."""

import asyncio

from tests.house import House
from tests.journeys.outage import unsteady


async def _authorized(house: House, key: str = "attempt-1", **changed: object) -> str:
    sold = await house.sale(key, **changed)
    assert sold.status == 201
    return str(sold.body["id"])


async def test_undoes_an_authorization_with_two_round_trips_and_two_commits(house: House) -> None:
    async with unsteady(house) as (other, publisher, _):
        # What is published behind the caller's back, and noted as sent, is not the void's own.
        publisher.up = False
        payment_id = await _authorized(other)
        database = other.services.database
        before = (database.round_trips, database.commits)

        voided = await other.void(payment_id)

        assert (database.round_trips - before[0], database.commits - before[1]) == (2, 2)
    assert (voided.status, voided.body["state"]) == (201, "voided")
    assert voided.headers["location"].endswith(payment_id)
    [entry] = house.books()
    assert (entry["state"], entry["voided"], entry["captured"]) == ("VOIDED", True, 0)
    assert [each["event"] for each in voided.body["history"]][-2:] == ["void_submitted", "void_succeeded"]


async def test_is_answered_the_same_again_under_its_key(house: House) -> None:
    payment_id = await _authorized(house)
    await house.void(payment_id)

    again = await house.void(payment_id)

    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    assert (await house.void(payment_id, reason="another body")).body["code"] == "idempotency-key-reused"
    assert house.simulator.calls["void"] == 1


async def test_is_refused_where_it_could_cross_the_capture_and_until_chase_has_said_whether_it_captured(
    house: House,
) -> None:
    payment_id = await _authorized(house)
    await house.clock.advance(120 * 60 - 60)

    refused = await house.void(payment_id, ifCaptured="refund")

    assert (refused.status, refused.body["code"], refused.body["state"]) == (409, "invalid-state", "authorized")
    assert (refused.body["allowedActions"], int(refused.headers["retry-after"]) >= 60) == ([], True)


async def test_after_the_capture_is_refused_or_made_a_refund_of_all(house: House) -> None:
    payment_id = await _authorized(house)
    await house.clock.advance(120 * 60 + 121)
    await house.services.reconciliation.run_once()

    refused = await house.void(payment_id, "void-1")
    refunded = await house.void(payment_id, "void-2", ifCaptured="refund")

    assert (refused.status, refused.body["allowedActions"]) == (409, ["refund"])
    assert (refunded.status, refunded.body["state"], refunded.body["refundedMinor"]) == (201, "refunded", 12599)
    [entry] = house.books()
    assert (entry["captured"], entry["refunded"]) == (12599, 12599)


async def test_of_a_sale_that_never_left_closes_it_for_good(house: House) -> None:
    await house.simulator.refuse_connections(60_000)
    call = asyncio.create_task(house.sale("attempt-1"))
    while not call.done():
        await asyncio.sleep(0.001)
        await house.clock.advance(0.5)
    payment_id = call.result().body["paymentId"]

    closed = await house.void(payment_id)
    again = await house.sale("attempt-1")

    assert (closed.status, closed.body["state"]) == (201, "failed")
    assert (again.status, again.body["code"], again.body["retry"]) == (502, "payment-failed", "new_key")


async def test_whose_answer_was_lost_is_judged_by_its_payment(house: House) -> None:
    payment_id = await _authorized(house)
    house.simulator.fault("void", "drop_after_processing")

    lost = await house.void(payment_id)
    await house.clock.advance(3)
    found = await house.payment(payment_id)

    assert (lost.status, lost.body["state"]) == (202, "authorized")
    assert lost.body["next"]["what"] == "inquiry at Chase about the void"
    assert found["state"] == "voided"


async def test_that_never_got_through_is_sent_again_by_us(house: House) -> None:
    payment_id = await _authorized(house)
    house.simulator.fault("void", "drop_before_processing")

    lost = await house.void(payment_id)
    for _ in range(6):
        await house.clock.advance(60)
        await house.services.reconciliation.run_once()
        await house.bus.idle()

    assert lost.status == 202
    assert (await house.payment(payment_id))["state"] == "voided"
    assert [each["requestId"] for each in lost.body["operations"]][1] == (await house.payment(payment_id))[
        "operations"
    ][1]["requestId"]
