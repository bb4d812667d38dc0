"""Refunds: money that was captured goes back, in parts, until nothing is left."""

import asyncio

import pytest

from tests.local.chase_bodies import (
    MERCHANT,
    a_google_pay_payment,
    a_refund,
    an_ach_payment,
    an_apple_pay_payment,
)
from tests.local.chase_calls import OTHER_TEST_MERCHANT, Answered, Merchant, a_card, a_full_payment, a_payment
from tests.local.chase_schema import MESSAGES, PAYMENT_ANSWER, REFUND_ANSWER, REFUND_REQUEST, disagreements
from tests.local.conftest import Running


async def captured(merchant: Merchant, **changed: object) -> str:
    """The transaction id of a payment of 100.00 USD that was captured at once."""
    body = a_payment(**{"captureMethod": "NOW", "amount": 10000, **changed})
    return (await merchant.pay("the-payment", body)).body["transactionId"]


async def refund(merchant: Merchant, request_id: str, *body: object, **more: object) -> Answered:
    return await merchant.post("refunds", request_id, a_refund(*body, **more))


@pytest.mark.parametrize(("asked", "amount"), [(None, 12599), (900, 900)], ids=["full", "partial"])
async def test_a_refund_answers_what_was_given_back_and_what_is_left(merchant, clock, asked, amount) -> None:
    sale = (await merchant.pay("the-payment", a_full_payment() | {"captureMethod": "NOW"})).body
    await clock.advance(60)
    request_body = a_refund(sale["transactionId"], asked)

    answered = await merchant.post("refunds", "the-refund", request_body)

    payment_id, body = sale["transactionId"], answered.body
    card = sale["paymentMethodType"]["card"]
    assert answered.status == 200
    assert body == {
        "transactionId": body["transactionId"],
        "requestId": "the-refund",
        "transactionState": "AUTHORIZED",
        "responseStatus": "SUCCESS",
        "responseCode": "APPROVED",
        "responseMessage": "Transaction approved by Issuer",
        "transactionDate": "2026-11-23T12:01:00.000Z",
        "approvalCode": body["approvalCode"],
        "hostMessage": "Approved",
        "hostReferenceId": body["hostReferenceId"],
        "amount": amount,
        "currency": "USD",
        "transactionReferenceId": payment_id,
        "remainingRefundableAmount": 12599 - amount,
        "merchant": {"merchantId": merchant.merchant_id, **MERCHANT},
        "paymentMethodType": {"card": {name: card[name] for name in card if name != "networkResponse"}},
        "paymentRequest": {
            "paymentRequestId": payment_id,
            "paymentRequestStatus": "CLOSED",
            "authorizations": [
                {
                    "authorizationId": payment_id,
                    "amount": 12599,
                    "transactionStatusCode": "CAPTURED",
                    "authorizationType": "INITIAL",
                }
            ],
            "captures": [
                {
                    "captureId": payment_id,
                    "amount": 12599,
                    "transactionStatusCode": "CLOSED",
                    "captureRemainingRefundableAmount": 12599 - amount,
                }
            ],
            "refunds": [{"refundId": body["transactionId"], "amount": amount, "transactionStatusCode": "CLOSED"}],
        },
    }
    assert body["transactionId"] != payment_id
    assert disagreements(REFUND_REQUEST, request_body) == []
    assert disagreements(REFUND_ANSWER, body) == []


async def test_the_books_hold_each_refund_oldest_first(merchant) -> None:
    payment_id = await captured(merchant)

    first = (await refund(merchant, "refund-1", payment_id, 900)).body
    second = (await refund(merchant, "refund-2", payment_id, 100)).body

    (entry,) = merchant.simulator.books()
    assert (entry["state"], entry["captured"], entry["refunded"]) == ("CLOSED", 10000, 1000)
    assert entry["refunds"] == [
        {"transactionId": first["transactionId"], "requestId": "refund-1", "amount": 900},
        {"transactionId": second["transactionId"], "requestId": "refund-2", "amount": 100},
    ]


async def test_what_is_left_is_right_everywhere(merchant) -> None:
    payment_id = await captured(merchant)
    first = (await refund(merchant, "refund-1", payment_id, 900)).body
    second = (await refund(merchant, "refund-2", payment_id, 100)).body

    payment = (await merchant.get(payment_id)).body
    looked_up = (await merchant.get(first["transactionId"], kind="refunds")).body

    assert (first["remainingRefundableAmount"], second["remainingRefundableAmount"]) == (9100, 9000)
    assert payment["remainingRefundableAmount"] == looked_up["remainingRefundableAmount"] == 9000
    assert payment["paymentRequest"]["captures"][0]["captureRemainingRefundableAmount"] == 9000
    assert [each["amount"] for each in payment["paymentRequest"]["refunds"]] == [900, 100]
    assert payment["amount"] == 10000
    assert disagreements(PAYMENT_ANSWER, payment) == []


async def test_without_an_amount_the_rest_is_refunded(merchant) -> None:
    payment_id = await captured(merchant)
    await refund(merchant, "refund-1", payment_id, 900)

    rest = (await refund(merchant, "refund-2", payment_id)).body
    nothing_left = await refund(merchant, "refund-3", payment_id)

    assert (rest["amount"], rest["remainingRefundableAmount"]) == (9100, 0)
    assert (nothing_left.status, nothing_left.body["responseCode"]) == (400, "REFUND_EXCEEDS_REMAINING_AMOUNT")


async def test_more_than_is_left_is_refused_whole_and_leaves_its_request_id_free(merchant) -> None:
    payment_id = await captured(merchant)
    await refund(merchant, "refund-1", payment_id, 9000)

    too_much = await refund(merchant, "refund-2", payment_id, 1001)
    just_enough = await refund(merchant, "refund-2", payment_id, 1000)

    assert (too_much.status, too_much.body["responseCode"]) == (400, "REFUND_EXCEEDS_REMAINING_AMOUNT")
    assert disagreements(MESSAGES, too_much.body) == []
    assert just_enough.body["remainingRefundableAmount"] == 0
    assert merchant.simulator.books()[0]["refunded"] == 10000


async def test_of_two_refunds_at_once_that_are_too_much_together_one_is_refused(merchant) -> None:
    payment_id = await captured(merchant)

    answers = await asyncio.gather(*(refund(merchant, f"refund-{number}", payment_id, 6000) for number in range(2)))

    (entry,) = merchant.simulator.books()
    assert sorted(answered.status for answered in answers) == [200, 400]
    assert (entry["refunded"], len(entry["refunds"])) == (6000, 1)


@pytest.mark.parametrize("method", ["DELAYED", "MANUAL"])
async def test_what_is_not_captured_cannot_be_refunded(merchant, method) -> None:
    payment_id = await captured(merchant, captureMethod=method)

    before = await refund(merchant, "refund-1", payment_id)
    await merchant.void(payment_id, "the-void")
    voided = await refund(merchant, "refund-2", payment_id, 100)

    assert {before.status, voided.status} == {400}
    assert {before.body["responseCode"], voided.body["responseCode"]} == {"INVALID_TRANSACTION_STATE"}
    assert merchant.simulator.books()[0]["refunds"] == []


async def test_a_payment_that_captured_itself_can_be_refunded(merchant, clock) -> None:
    payment_id = await captured(merchant, captureMethod="DELAYED")
    await clock.advance(7200)

    answered = await refund(merchant, "the-refund", payment_id, 900)

    (entry,) = merchant.simulator.books()
    assert answered.body["remainingRefundableAmount"] == 9100
    assert (entry["state"], entry["captured"], entry["refunded"]) == ("CLOSED", 10000, 900)


async def test_a_declined_payment_cannot_be_refunded(merchant) -> None:
    answered = await refund(merchant, "the-refund", await captured(merchant, amount=52100))

    assert (answered.status, answered.body["responseCode"]) == (400, "INVALID_TRANSACTION_STATE")


async def test_a_reference_to_nothing_or_to_another_merchants_payment_is_not_found(merchant) -> None:
    payment_id = await captured(merchant)

    unknown = await refund(merchant, "refund-1", "9f186d77-0000-4000-8000-000000000000")
    merchant.merchant_id = OTHER_TEST_MERCHANT
    of_another = await refund(merchant, "refund-1", payment_id)

    assert (unknown.status, of_another.status) == (404, 404)
    assert disagreements(MESSAGES, unknown.body) == []


async def test_a_refund_cannot_be_refunded(merchant) -> None:
    refunded = (await refund(merchant, "refund-1", await captured(merchant))).body

    assert (await refund(merchant, "refund-2", refunded["transactionId"])).status == 404


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"amount": 100, "currency": "CAD"}, "currency"),
        ({"currency": "CAD"}, "currency"),
        ({"amount": 100}, "currency"),
        ({"amount": 0, "currency": "USD"}, "amount"),
        ({"amount": -1, "currency": "USD"}, "amount"),
        ({"amount": "100", "currency": "USD"}, "amount"),
        ({"paymentMethodType": {"card": a_card()}}, "paymentMethodType.card"),
        ({"paymentMethodType": {}}, "paymentMethodType.transactionReference"),
        ({"merchant": {}}, "merchant.merchantSoftware"),
        ({"isVoid": True}, "isVoid"),
    ],
    ids=str,
)
async def test_a_wrong_refund_names_the_field(merchant, more, field) -> None:
    payment_id = await captured(merchant)

    answered = await merchant.post("refunds", "the-refund", {**a_refund(payment_id), **more})

    assert (answered.status, answered.body["responseCode"]) == (400, "VALIDATION_ERROR")
    assert field in [each["entity"] for each in answered.body["validationErrors"]]
    assert disagreements(MESSAGES, answered.body) == []
    assert merchant.simulator.books()[0]["refunded"] == 0


async def test_a_refund_is_looked_up_by_its_id_and_by_its_request_id(merchant) -> None:
    answered = (await refund(merchant, "the-refund", await captured(merchant))).body

    by_id = await merchant.get(answered["transactionId"], kind="refunds")
    by_request = await merchant.find("the-refund", kind="refunds")

    assert (by_id.status, by_request.status) == (200, 200)
    assert by_id.body == by_request.body == answered


async def test_a_refund_and_a_payment_are_looked_up_each_in_its_own_place(merchant) -> None:
    payment_id = await captured(merchant)
    refunded = (await refund(merchant, "the-refund", payment_id)).body

    misses = [
        await merchant.get(payment_id, kind="refunds"),
        await merchant.get(refunded["transactionId"]),
        await merchant.find("the-payment", kind="refunds"),
        await merchant.find("the-refund"),
    ]

    assert {answered.status for answered in misses} == {404}


@pytest.mark.parametrize(
    "body",
    [an_ach_payment(), an_apple_pay_payment(captureMethod="NOW"), a_google_pay_payment(captureMethod="NOW")],
    ids=["ach", "apple pay", "google pay"],
)
async def test_whatever_was_paid_with_can_be_refunded(merchant, body) -> None:
    sale = (await merchant.pay("the-payment", body)).body

    answered = (await refund(merchant, "the-refund", sale["transactionId"], 599)).body

    assert (answered["transactionState"], answered["remainingRefundableAmount"]) == ("AUTHORIZED", 12000)
    assert answered["paymentMethodType"].keys() == sale["paymentMethodType"].keys()
    assert disagreements(REFUND_ANSWER, answered) == []


async def test_the_amount_asked_for_declines_a_refund_as_it_does_a_payment(merchant) -> None:
    payment_id = await captured(merchant, amount=60000)

    declined = await refund(merchant, "refund-1", payment_id, 53000)
    found = await merchant.find("refund-1", kind="refunds")

    assert declined.status == 200
    assert (declined.body["responseStatus"], declined.body["transactionState"]) == ("DENIED", "DECLINED")
    assert declined.body["responseCode"] == "DO_NOT_HONOR"
    assert "approvalCode" not in declined.body
    assert declined.body["remainingRefundableAmount"] == 60000
    assert disagreements(REFUND_ANSWER, declined.body) == []
    assert found.body == declined.body
    assert merchant.simulator.books()[0]["refunds"] == []


async def test_what_is_left_is_refunded_whatever_its_amount_says(merchant) -> None:
    payment_id = await captured(merchant, amount=53001)
    await refund(merchant, "refund-1", payment_id, 1)

    assert (await refund(merchant, "refund-2", payment_id)).body["responseStatus"] == "SUCCESS"


async def test_refunds_outlive_a_restart(running: Running, session) -> None:
    async with running() as before:
        merchant = Merchant(before, session)
        await merchant.sign_in()
        payment_id = await captured(merchant)
        refunded = (await refund(merchant, "refund-1", payment_id, 6000)).body
        books = before.books()

    async with running() as after:
        merchant.simulator = after
        found = await merchant.get(refunded["transactionId"], kind="refunds")
        too_much = await refund(merchant, "refund-2", payment_id, 6000)
        restored = after.books()

    assert restored == books
    assert found.body == refunded
    assert too_much.status == 400
