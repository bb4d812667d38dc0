"""Voids: an authorisation is given up whole before it is captured, and never after."""

import pytest

from tests.local.chase_bodies import an_ach_payment
from tests.local.chase_calls import OTHER_TEST_MERCHANT, Merchant, a_full_payment, a_payment
from tests.local.chase_schema import MESSAGES, PAYMENT_ANSWER, VOID_REQUEST, disagreements

UNKNOWN_ID = "9f186d77-0000-4000-8000-000000000000"


async def paid(merchant: Merchant, **changed: object) -> str:
    """The transaction id of a payment."""
    return (await merchant.pay("the-payment", a_payment(**changed))).body["transactionId"]


async def test_a_void_answers_the_whole_payment_as_voided(merchant, clock) -> None:
    sale = (await merchant.pay("the-payment", a_full_payment())).body
    await clock.advance(60)
    request_body = {"isVoid": True}

    answered = await merchant.void(sale["transactionId"], "the-void", request_body)

    unchanged = {name: value for name, value in sale.items() if name != "captureTime"}
    assert answered.status == 200
    assert answered.body == unchanged | {
        "requestId": "the-void",
        "transactionState": "VOIDED",
        "responseStatus": "SUCCESS",
        "responseCode": "APPROVED",
        "isVoid": True,
        "transactionDate": "2026-11-23T12:01:00.000Z",
        "remainingAuthAmount": 0,
        "remainingRefundableAmount": 0,
        "paymentRequest": {
            "paymentRequestId": sale["transactionId"],
            "paymentRequestStatus": "CANCELLED",
            "authorizations": [
                {
                    "authorizationId": sale["transactionId"],
                    "amount": 12599,
                    "transactionStatusCode": "VOIDED",
                    "authorizationType": "INITIAL",
                }
            ],
        },
    }
    assert disagreements(VOID_REQUEST, request_body) == []
    assert disagreements(PAYMENT_ANSWER, answered.body) == []


@pytest.mark.parametrize("method", ["DELAYED", "MANUAL"])
async def test_what_is_voided_is_never_captured_and_stays_in_the_books(merchant, clock, method) -> None:
    transaction_id = await paid(merchant, captureMethod=method)
    await merchant.void(transaction_id, "the-void")

    await clock.advance(3 * 24 * 3600)
    (entry,), looked_up = merchant.simulator.books(), (await merchant.get(transaction_id)).body

    assert (entry["state"], entry["voided"], entry["captured"], entry["refunded"]) == ("VOIDED", True, 0, 0)
    assert (looked_up["transactionState"], looked_up["isVoid"]) == ("VOIDED", True)
    assert looked_up["requestId"] == "the-payment"
    assert "captureTime" not in looked_up
    assert disagreements(PAYMENT_ANSWER, looked_up) == []


async def test_a_payment_is_found_by_its_own_request_id_and_not_by_its_voids(merchant) -> None:
    await merchant.void(await paid(merchant), "the-void")

    assert (await merchant.find("the-payment")).body["transactionState"] == "VOIDED"
    assert (await merchant.find("the-void")).status == 404


async def test_a_void_of_what_is_voided_changes_nothing_and_succeeds(merchant) -> None:
    transaction_id = await paid(merchant)
    first = await merchant.void(transaction_id, "the-void")
    books = merchant.simulator.books()

    again = await merchant.void(transaction_id, "another-void")

    assert again.body == first.body | {"requestId": "another-void"}
    assert merchant.simulator.books() == books


@pytest.mark.parametrize("wait_s", [7200, 7200 + 24 * 3600])
async def test_a_payment_that_captured_itself_cannot_be_voided(merchant, clock, wait_s) -> None:
    transaction_id = await paid(merchant)

    await clock.advance(wait_s)
    answered = await merchant.void(transaction_id, "the-void")

    assert (answered.status, answered.body["responseCode"]) == (400, "INVALID_TRANSACTION_STATE")
    assert disagreements(MESSAGES, answered.body) == []
    assert merchant.simulator.books()[0]["voided"] is False


async def test_a_second_before_it_captures_itself_it_can(merchant, clock) -> None:
    transaction_id = await paid(merchant)

    await clock.advance(7199)

    assert (await merchant.void(transaction_id, "the-void")).status == 200


@pytest.mark.parametrize("body", [a_payment(captureMethod="NOW"), an_ach_payment()], ids=["now", "ach"])
async def test_what_was_captured_at_once_cannot_be_voided(merchant, body) -> None:
    transaction_id = (await merchant.pay("the-payment", body)).body["transactionId"]

    answered = await merchant.void(transaction_id, "the-void")

    assert (answered.status, answered.body["responseCode"]) == (400, "INVALID_TRANSACTION_STATE")


async def test_a_refused_void_leaves_its_request_id_free(merchant) -> None:
    transaction_id = await paid(merchant, captureMethod="NOW")
    await merchant.void(transaction_id, "request-2")

    assert (await merchant.pay("request-2")).status == 200


async def test_a_declined_payment_cannot_be_voided(merchant) -> None:
    answered = await merchant.void(await paid(merchant, amount=52100), "the-void")

    assert (answered.status, answered.body["responseCode"]) == (400, "INVALID_TRANSACTION_STATE")


async def test_a_payment_that_is_not_there_or_another_merchants_is_not_found(merchant) -> None:
    transaction_id = await paid(merchant)

    unknown = await merchant.void(UNKNOWN_ID, "the-void")
    merchant.merchant_id = OTHER_TEST_MERCHANT
    of_another = await merchant.void(transaction_id, "the-void")

    assert (unknown.status, of_another.status) == (404, 404)
    assert disagreements(MESSAGES, unknown.body) == []
    assert merchant.simulator.books()[0]["voided"] is False


@pytest.mark.parametrize(
    "body", [{"amount": 100}, {"isVoid": False}, {"isVoid": True, "amount": 12599}, {"captureMethod": "NOW"}], ids=str
)
async def test_another_change_is_said_not_to_be_simulated(merchant, body) -> None:
    answered = await merchant.void(await paid(merchant), "the-change", body)

    assert (answered.status, answered.body["responseCode"]) == (400, "NOT_SIMULATED")
    assert "isVoid" in answered.body["responseMessage"]
    assert merchant.simulator.books()[0]["state"] == "AUTHORIZED"


@pytest.mark.parametrize(
    ("body", "field"), [({}, "isVoid"), ({"isVoid": "true"}, "isVoid"), ({"isVoid": True, "why": "x"}, "why")], ids=str
)
async def test_a_wrong_change_names_the_field(merchant, body, field) -> None:
    answered = await merchant.void(await paid(merchant), "the-change", body)

    assert (answered.status, answered.body["responseCode"]) == (400, "VALIDATION_ERROR")
    assert [each["entity"] for each in answered.body["validationErrors"]] == [field]


@pytest.mark.parametrize(("header", "status"), [("request-id", 400), ("merchant-id", 400), ("Authorization", 401)])
async def test_a_void_needs_every_header(merchant, header, status) -> None:
    transaction_id = await paid(merchant)

    assert (await merchant.void(transaction_id, "the-void", **{header: ""})).status == status
    assert merchant.simulator.books()[0]["voided"] is False
