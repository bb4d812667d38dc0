"""Captures: the money of an authorisation is taken once, whole or in part."""

import asyncio

import pytest

from tests.local.chase_bodies import a_refund
from tests.local.chase_calls import OTHER_TEST_MERCHANT, Merchant, a_full_payment, a_payment
from tests.local.chase_schema import CAPTURE_REQUEST, MESSAGES, PAYMENT_ANSWER, disagreements


async def authorized(merchant: Merchant, **changed: object) -> str:
    """The transaction id of an authorisation that waits for its capture."""
    body = a_payment(**{"captureMethod": "MANUAL", **changed})
    return (await merchant.pay("the-payment", body)).body["transactionId"]


@pytest.mark.parametrize(
    ("request_body", "code", "message", "amount"),
    [
        ({"captureMethod": "NOW"}, "ACCEPTED", "Transaction accepted", 12599),
        ({"captureMethod": "NOW", "amount": 12599}, "ACCEPTED", "Transaction accepted", 12599),
        (
            {"captureMethod": "NOW", "amount": 5000, "isAmountFinal": True},
            "APPROVED",
            "Transaction approved by Issuer",
            5000,
        ),
    ],
    ids=["full", "full, by its amount", "partial"],
)
async def test_a_capture_answers_the_whole_payment_as_closed(
    merchant, clock, request_body, code, message, amount
) -> None:
    sale = (await merchant.pay("the-payment", a_full_payment() | {"captureMethod": "MANUAL"})).body
    await clock.advance(60)

    answered = await merchant.capture(sale["transactionId"], "the-capture", request_body)

    identifier = sale["transactionId"]
    assert answered.status == 200
    assert answered.body == sale | {
        "requestId": "the-capture",
        "transactionState": "CLOSED",
        "responseCode": code,
        "responseMessage": message,
        "captureMethod": "NOW",
        "captureTime": "2026-11-23T12:01:00.000Z",
        "transactionDate": "2026-11-23T12:01:00.000Z",
        "amount": amount,
        "remainingAuthAmount": 0,
        "remainingRefundableAmount": amount,
        "paymentRequest": {
            "paymentRequestId": identifier,
            "paymentRequestStatus": "CLOSED",
            "authorizations": [
                {
                    "authorizationId": identifier,
                    "amount": 12599,
                    "transactionStatusCode": "CAPTURED",
                    "authorizationType": "INITIAL",
                }
            ],
            "captures": [
                {
                    "captureId": identifier,
                    "amount": amount,
                    "transactionStatusCode": "CLOSED",
                    "captureRemainingRefundableAmount": amount,
                }
            ],
        },
    }
    assert disagreements(CAPTURE_REQUEST, request_body) == []
    assert disagreements(PAYMENT_ANSWER, answered.body) == []


async def test_a_part_that_is_captured_is_all_that_can_be_refunded(merchant) -> None:
    transaction_id = await authorized(merchant)
    await merchant.capture(transaction_id, "the-capture", {"captureMethod": "NOW", "amount": 5000})

    (entry,), looked_up = merchant.simulator.books(), (await merchant.get(transaction_id)).body
    too_much = await merchant.post("refunds", "refund-1", a_refund(transaction_id, 5001))
    all_of_it = await merchant.post("refunds", "refund-2", a_refund(transaction_id))

    assert (entry["amount"], entry["captured"], entry["state"]) == (12599, 5000, "CLOSED")
    assert (looked_up["amount"], looked_up["remainingAuthAmount"]) == (12599, 0)
    assert looked_up["remainingRefundableAmount"] == 5000
    assert (too_much.status, all_of_it.body["amount"]) == (400, 5000)


async def test_a_delayed_payment_can_be_captured_before_its_time(merchant, clock) -> None:
    transaction_id = await authorized(merchant, captureMethod="DELAYED")

    await merchant.capture(transaction_id, "the-capture", {"captureMethod": "NOW", "amount": 100})
    await clock.advance(7200)

    (entry,) = merchant.simulator.books()
    assert (entry["state"], entry["captured"]) == ("CLOSED", 100)


async def test_a_capture_is_looked_up_by_its_id_and_by_its_request_id(merchant, clock) -> None:
    transaction_id = await authorized(merchant)
    answered = (await merchant.capture(transaction_id, "the-capture")).body

    by_id = await merchant.get(transaction_id, kind="captures")
    by_request = await merchant.find("the-capture", kind="captures")
    await clock.advance(24 * 3600)
    later = await merchant.find("the-capture", kind="captures")

    assert by_id.body == by_request.body == answered
    assert later.body["transactionState"] == "COMPLETED"
    assert disagreements(PAYMENT_ANSWER, later.body) == []


async def test_what_was_not_captured_by_a_request_is_no_capture(merchant) -> None:
    transaction_id = (await merchant.pay("the-payment", a_payment(captureMethod="NOW"))).body["transactionId"]

    assert (await merchant.get(transaction_id, kind="captures")).status == 404
    assert (await merchant.find("the-payment", kind="captures")).status == 404
    assert (await merchant.find("nothing", kind="captures")).status == 404


@pytest.mark.parametrize("first", [{}, {"amount": 5000}], ids=["full", "partial"])
async def test_a_second_capture_is_refused(merchant, first) -> None:
    transaction_id = await authorized(merchant)
    await merchant.capture(transaction_id, "capture-1", first)

    answered = await merchant.capture(transaction_id, "capture-2", {"amount": 1})

    assert (answered.status, answered.body["responseCode"]) == (400, "INVALID_TRANSACTION_STATE")
    assert disagreements(MESSAGES, answered.body) == []


async def test_of_many_captures_at_once_one_succeeds(merchant) -> None:
    transaction_id = await authorized(merchant)

    answers = await asyncio.gather(*(merchant.capture(transaction_id, f"capture-{number}") for number in range(10)))

    assert sorted(answered.status for answered in answers) == [200] + [400] * 9


async def test_what_is_voided_declined_or_captured_cannot_be_captured(merchant, clock) -> None:
    bodies = {
        "voided": a_payment(captureMethod="MANUAL"),
        "declined": a_payment(captureMethod="MANUAL", amount=52100),
        "now": a_payment(captureMethod="NOW"),
        "delayed": a_payment(),
    }
    ids = {name: (await merchant.pay(name, body)).body["transactionId"] for name, body in bodies.items()}
    await merchant.void(ids["voided"], "the-void")
    await clock.advance(7200)

    answers = {name: await merchant.capture(ids[name], f"capture-{name}") for name in ids}

    assert {answered.status for answered in answers.values()} == {400}
    assert {answered.body["responseCode"] for answered in answers.values()} == {"INVALID_TRANSACTION_STATE"}


async def test_a_payment_that_is_not_there_or_another_merchants_is_not_found(merchant) -> None:
    transaction_id = await authorized(merchant)

    unknown = await merchant.capture("9f186d77-0000-4000-8000-000000000000", "the-capture")
    merchant.merchant_id = OTHER_TEST_MERCHANT
    of_another = await merchant.capture(transaction_id, "the-capture")

    assert (unknown.status, of_another.status) == (404, 404)


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 12600},
        {"amount": 100, "isAmountFinal": False},
        {"amount": 100, "multiCapture": {"multiCaptureSequenceNumber": "1", "multiCaptureRecordCount": 2}},
    ],
    ids=["more", "not final", "one of several"],
)
async def test_what_chase_can_and_the_simulator_cannot_is_said(merchant, body) -> None:
    answered = await merchant.capture(await authorized(merchant), "the-capture", body)

    assert (answered.status, answered.body["responseCode"]) == (400, "NOT_SIMULATED")
    assert merchant.simulator.books()[0]["captured"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": "100"}, "amount"),
        ({"captureMethod": "MANUAL"}, "captureMethod"),
        ({"currency": "USD"}, "currency"),
    ],
    ids=str,
)
async def test_a_wrong_capture_names_the_field(merchant, body, field) -> None:
    answered = await merchant.capture(await authorized(merchant), "the-capture", body)

    assert (answered.status, answered.body["responseCode"]) == (400, "VALIDATION_ERROR")
    assert [each["entity"] for each in answered.body["validationErrors"]] == [field]
