"""Clearing: what was captured is sent to the network early on the next day, and is COMPLETED from then on."""

from datetime import UTC, datetime

import pytest

from local.chase_simulator.transaction import cleared_at
from tests.local.chase_bodies import a_refund
from tests.local.chase_calls import a_payment
from tests.local.chase_schema import PAYMENT_ANSWER, REFUND_ANSWER, disagreements

# The tests begin at noon.
UNTIL_CLEARING_S = 18 * 3600


@pytest.mark.parametrize(
    ("captured", "cleared"),
    [
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        (datetime(2026, 11, 23, 23, 59, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        (datetime(2026, 12, 31, 12, 0, tzinfo=UTC), datetime(2027, 1, 1, 6, 0, tzinfo=UTC)),
    ],
)
def test_clearing_is_at_six_on_the_day_after(captured, cleared) -> None:
    assert cleared_at(captured) == cleared


@pytest.mark.parametrize("method", ["NOW", "DELAYED"])
async def test_closed_becomes_completed_and_look_ups_and_books_say_so(merchant, clock, method) -> None:
    payment_id = (await merchant.pay("the-payment", a_payment(captureMethod=method))).body["transactionId"]

    await clock.advance(UNTIL_CLEARING_S - 1)
    before = (await merchant.get(payment_id)).body
    await clock.advance(1)
    by_id, by_request = (await merchant.get(payment_id)).body, (await merchant.find("the-payment")).body

    assert (before["transactionState"], by_id["transactionState"]) == ("CLOSED", "COMPLETED")
    assert by_id == by_request
    assert by_id["paymentRequest"]["paymentRequestStatus"] == "CLOSED"
    assert by_id["paymentRequest"]["authorizations"][0]["transactionStatusCode"] == "CAPTURED"
    assert by_id["paymentRequest"]["captures"][0]["transactionStatusCode"] == "COMPLETED"
    assert disagreements(PAYMENT_ANSWER, by_id) == []
    (entry,) = merchant.simulator.books()
    assert (entry["state"], entry["captured"]) == ("COMPLETED", 12599)


async def test_what_is_completed_can_be_refunded_and_not_voided(merchant, clock) -> None:
    payment_id = (await merchant.pay("the-payment", a_payment(captureMethod="NOW"))).body["transactionId"]
    await clock.advance(UNTIL_CLEARING_S)

    voided = await merchant.void(payment_id, "the-void")
    refunded = await merchant.post("refunds", "the-refund", a_refund(payment_id, 599))

    assert (voided.status, voided.body["responseCode"]) == (400, "INVALID_TRANSACTION_STATE")
    assert (refunded.status, refunded.body["remainingRefundableAmount"]) == (200, 12000)
    (entry,) = merchant.simulator.books()
    assert (entry["state"], entry["refunded"]) == ("COMPLETED", 599)


async def test_a_refund_is_completed_by_the_clearing_after_it(merchant, clock) -> None:
    payment_id = (await merchant.pay("the-payment", a_payment(captureMethod="NOW"))).body["transactionId"]
    await merchant.post("refunds", "the-refund", a_refund(payment_id, 599))

    await clock.advance(UNTIL_CLEARING_S)
    found = (await merchant.find("the-refund", kind="refunds")).body

    assert found["transactionState"] == "COMPLETED"
    assert disagreements(REFUND_ANSWER, found) == []


async def test_an_authorisation_is_never_completed(merchant, clock) -> None:
    await merchant.pay("the-payment", a_payment(captureMethod="MANUAL"))

    await clock.advance(30 * 24 * 3600)

    assert merchant.simulator.books()[0]["state"] == "AUTHORIZED"
