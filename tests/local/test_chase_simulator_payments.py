"""Payments: what Chase answers, what it books, and what it says of them later."""

import asyncio
import json
import sqlite3
from datetime import timedelta

import pytest

from local.chase_simulator.verdicts import DECLINES
from tests.local.chase_calls import (
    AMEX,
    DISCOVER,
    LIVE,
    LIVE_MERCHANT,
    MASTERCARD,
    OTHER_TEST_MERCHANT,
    VISA,
    Merchant,
    a_card,
    a_full_payment,
    a_payment,
)
from tests.local.chase_schema import MESSAGES, PAYMENT_ANSWER, PAYMENT_REQUEST, disagreements
from tests.local.conftest import NOON, Running

TWO_HOURS_LATER = "2026-11-23T14:00:00.000Z"


async def test_a_delayed_payment_is_authorized_and_says_when_it_captures(merchant) -> None:
    answered = await merchant.pay("request-1")

    assert answered.status == 200
    body = answered.body
    assert (body["transactionState"], body["responseStatus"], body["responseCode"]) == (
        "AUTHORIZED",
        "SUCCESS",
        "APPROVED",
    )
    assert body["captureTime"] == TWO_HOURS_LATER
    assert body["transactionDate"] == "2026-11-23T12:00:00.000Z"
    assert (body["remainingAuthAmount"], body["remainingRefundableAmount"]) == (12599, 0)
    assert body["paymentRequest"]["paymentRequestStatus"] == "PENDING"
    assert body["paymentRequest"]["authorizations"][0]["transactionStatusCode"] == "AUTHORIZED"
    assert "captures" not in body["paymentRequest"]


async def test_an_approval_looks_like_one_of_chases_test_environment(merchant) -> None:
    body = (await merchant.pay("request-1", a_full_payment())).body

    assert body["requestId"] == "request-1"
    assert body["hostMessage"] == "Approved"
    assert body["merchantOrderNumber"] == "0193a5c2e0007b1c9d4f00112233aabb"
    assert body["merchant"]["merchantId"] == merchant.merchant_id
    assert body["merchant"]["merchantCategoryCode"] == "4900"
    assert body["paymentMethodType"]["card"]["maskedAccountNumber"] == "411234XXXXXX4113"
    assert body["paymentMethodType"]["card"]["cardTypeName"] == "VISA"


@pytest.mark.parametrize("request_body", [a_payment(captureMethod="NOW"), {**a_payment(), "captureMethod": None}])
async def test_a_payment_now_is_captured_at_once_and_now_is_the_default(merchant, request_body) -> None:
    request_body = {name: value for name, value in request_body.items() if value is not None}

    body = (await merchant.pay("request-1", request_body)).body

    assert body["transactionState"] == "CLOSED"
    assert body["captureTime"] == body["transactionDate"]
    assert (body["remainingAuthAmount"], body["remainingRefundableAmount"]) == (0, 12599)
    identifiers = {
        body["transactionId"],
        body["paymentRequest"]["paymentRequestId"],
        body["paymentRequest"]["authorizations"][0]["authorizationId"],
        body["paymentRequest"]["captures"][0]["captureId"],
    }
    assert len(identifiers) == 1


async def test_a_manual_payment_waits_for_a_capture_for_ever(merchant, clock) -> None:
    body = (await merchant.pay("request-1", a_payment(captureMethod="MANUAL"))).body

    await clock.advance(30 * 24 * 3600)

    assert "captureTime" not in body
    assert merchant.simulator.books()[0]["state"] == "AUTHORIZED"


async def test_an_authorisation_captures_itself_when_its_time_comes(merchant, clock) -> None:
    transaction_id = (await merchant.pay("request-1")).body["transactionId"]

    await clock.advance(7199)
    before = merchant.simulator.books()[0]
    await clock.advance(1)
    after, looked_up = merchant.simulator.books()[0], (await merchant.get(transaction_id)).body

    assert (before["state"], before["captured"]) == ("AUTHORIZED", 0)
    assert (after["state"], after["captured"]) == ("CLOSED", 12599)
    assert looked_up["transactionState"] == "CLOSED"
    assert looked_up["captureTime"] == TWO_HOURS_LATER
    assert (looked_up["remainingAuthAmount"], looked_up["remainingRefundableAmount"]) == (0, 12599)
    assert looked_up["paymentRequest"]["authorizations"][0]["transactionStatusCode"] == "CAPTURED"
    assert looked_up["paymentRequest"]["captures"][0]["amount"] == 12599


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (52100, "INSUFFICIENT_FUNDS"),
        (53000, "DO_NOT_HONOR"),
        (52200, "CARD_EXPIRED"),
        (50200, "LOST_STOLEN"),
        (53100, "CVV2_FAILURE"),
        (30300, "PROCESSOR_DECLINE"),
        (59600, "SUSPECTED_FRAUD"),
    ],
)
@pytest.mark.parametrize("number", [VISA, MASTERCARD, AMEX])
async def test_the_amount_declines_any_card(merchant, amount, code, number) -> None:
    body = (await merchant.pay("request-1", a_payment(amount=amount, card=a_card(number)))).body

    assert (body["responseStatus"], body["transactionState"], body["responseCode"]) == ("DENIED", "DECLINED", code)
    assert "approvalCode" not in body
    assert body["transactionId"]


@pytest.mark.parametrize("reason", DECLINES)
async def test_every_reason_code_declines_and_its_neighbour_approves(merchant, reason) -> None:
    declined = await merchant.pay("declined", a_payment(amount=reason * 100))
    approved = await merchant.pay("approved", a_payment(amount=reason * 100 + 1))

    assert declined.body["responseCode"] == DECLINES[reason].code
    assert approved.body["responseCode"] == "APPROVED"


async def test_a_declined_payment_can_be_looked_up_but_is_not_in_the_books(merchant) -> None:
    await merchant.pay("request-1", a_payment(amount=52100))

    found = await merchant.find("request-1")

    assert found.status == 200
    assert (found.body["responseStatus"], found.body["transactionState"]) == ("DENIED", "DECLINED")
    assert merchant.simulator.books() == []


@pytest.mark.parametrize(
    ("number", "cvv", "result"),
    [
        (VISA, None, "NOT_PRESENT"),
        (VISA, "111", "MATCH"),
        (MASTERCARD, "999", "MATCH"),
        (DISCOVER, "611", "NO_MATCH"),
        (DISCOVER, "612", "NOT_PROCESSED"),
        (AMEX, "1111", "MATCH"),
        (AMEX, "3111", "NO_MATCH"),
        (AMEX, "3112", "NOT_PROCESSED"),
    ],
)
async def test_the_cvv_tells_its_result_and_decides_nothing(merchant, number, cvv, result) -> None:
    card = a_card(number, **({"cvv": cvv} if cvv else {}))

    body = (await merchant.pay("request-1", a_payment(card=card))).body

    assert body["paymentMethodType"]["card"]["networkResponse"]["cardVerificationResult"] == result
    assert (body["responseStatus"], body["responseCode"]) == ("SUCCESS", "APPROVED")


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ({}, "NOT_REQUESTED"),
        ({"line1": "1 Main St", "postalCode": "02110"}, "ADDRESS_POSTALCODE_MATCH"),
        ({"line1": "1 Main St"}, "ADDRESS_MATCH"),
        ({"postalCode": "02110"}, "POSTALCODE_MATCH"),
    ],
)
async def test_the_billing_address_tells_its_result(merchant, address, result) -> None:
    holder = {"billingAddress": address} if address else {}

    body = (await merchant.pay("request-1", a_payment(accountHolder=holder))).body

    assert body["paymentMethodType"]["card"]["networkResponse"]["addressVerificationResult"] == result


async def test_a_payment_is_found_by_its_request_id_and_by_its_transaction_id(merchant) -> None:
    first = (await merchant.pay("request-1")).body

    by_request, by_id = await merchant.find("request-1"), await merchant.get(first["transactionId"])

    assert (by_request.status, by_request.body) == (200, first)
    assert (by_id.status, by_id.body) == (200, first)


async def test_what_chase_does_not_know_is_a_404_in_its_messages_shape(merchant) -> None:
    by_request, by_id = await merchant.find("request-1"), await merchant.get("9f186d77-0000-4000-8000-000000000000")

    for answered in (by_request, by_id):
        assert answered.status == 404
        assert disagreements(MESSAGES, answered.body) == []


async def test_a_wrong_query_name_finds_nothing_though_the_payment_is_there(merchant) -> None:
    await merchant.pay("request-1")

    answered = await merchant.find("request-1", parameter="requestId")

    assert answered.status == 404


async def test_the_query_name_is_a_setting(running: Running, session) -> None:
    async with running(lookup_parameter="requestId") as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        await merchant.pay("request-1")
        answered = await merchant.find("request-1", parameter="requestId")

    assert answered.status == 200


async def test_a_payment_is_its_merchants_own(merchant, simulator, session) -> None:
    transaction_id = (await merchant.pay("request-1")).body["transactionId"]
    merchant.merchant_id = OTHER_TEST_MERCHANT

    assert (await merchant.get(transaction_id)).status == 404
    assert (await merchant.find("request-1")).status == 404
    assert (await merchant.pay("request-1")).status == 200


async def test_a_repeated_request_id_is_a_duplicate(merchant) -> None:
    await merchant.pay("request-1")

    answered = await merchant.pay("request-1")

    assert (answered.status, answered.body["responseStatus"]) == (409, "ERROR")
    assert answered.body["responseCode"] == "DUPLICATE"
    assert disagreements(MESSAGES, answered.body) == []
    assert len(merchant.simulator.books()) == 1


async def test_a_repeat_of_a_decline_is_a_duplicate_too(merchant) -> None:
    await merchant.pay("request-1", a_payment(amount=52100))

    answered = await merchant.pay("request-1", a_payment(amount=52100))

    assert answered.status == 409


async def test_replaying_answers_the_first_body_again_whatever_has_become_of_it(
    running: Running, session, clock
) -> None:
    async with running(on_duplicate="replay") as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        first = await merchant.pay("request-1")
        await clock.advance(7200)
        again = await merchant.pay("request-1")
        books = simulator.books()

    assert (again.status, again.body) == (200, first.body)
    assert [entry["state"] for entry in books] == ["CLOSED"]


@pytest.mark.parametrize("mode", ["reject", "replay"])
@pytest.mark.parametrize(
    "other", [a_payment(amount=1), a_payment(card=a_card(MASTERCARD)), a_payment(captureMethod="NOW")]
)
async def test_another_body_under_a_known_request_id_is_invalid(running: Running, session, mode, other) -> None:
    async with running(on_duplicate=mode) as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        await merchant.pay("request-1")
        answered = await merchant.pay("request-1", other)
        books = simulator.books()

    assert answered.status == 400
    assert answered.body["validationErrors"][0]["entity"] == "request-id"
    assert len(books) == 1


async def test_many_of_one_request_id_at_once_are_one_transaction(merchant) -> None:
    answers = await asyncio.gather(*(merchant.pay("request-1") for _ in range(20)))

    assert sorted(answered.status for answered in answers) == [200] + [409] * 19
    assert len(merchant.simulator.books()) == 1


async def test_the_books_list_what_was_approved_oldest_first(merchant) -> None:
    await merchant.pay("request-1", a_payment(merchantOrderNumber="order 1"))
    await merchant.pay("request-2", a_payment(amount=53000))
    transaction_id = (await merchant.pay("request-3", a_payment(amount=100, captureMethod="NOW"))).body["transactionId"]

    books = merchant.simulator.books()

    assert [entry["requestId"] for entry in books] == ["request-1", "request-3"]
    assert books[0]["merchantOrderNumber"] == "order 1"
    assert books[1] == {
        "transactionId": transaction_id,
        "requestId": "request-3",
        "environment": "test",
        "merchantId": merchant.merchant_id,
        "merchantOrderNumber": None,
        "amount": 100,
        "currency": "USD",
        "state": "CLOSED",
        "voided": False,
        "captured": 100,
        "refunded": 0,
        "refunds": [],
    }


async def test_health_needs_no_headers(simulator, session) -> None:
    async with session.get(f"{simulator.base_url}/healthcheck/payments") as response:
        assert (response.status, await response.json()) == (200, {"status": "PASS"})


@pytest.mark.parametrize("capture", ["NOW", "DELAYED", "MANUAL"])
@pytest.mark.parametrize("amount", [12599, 0, 52100], ids=["approved", "verification", "declined"])
@pytest.mark.parametrize("number", [VISA, MASTERCARD, AMEX, DISCOVER])
async def test_every_answer_is_of_the_published_shape(merchant, clock, capture, amount, number) -> None:
    request_body = {**a_full_payment(), "captureMethod": capture, "amount": amount}
    request_body["paymentMethodType"] = {"card": a_card(number, cvv="111")}

    first = await merchant.pay("request-1", request_body)
    await clock.advance(timedelta(hours=3).total_seconds())
    later = await merchant.find("request-1")

    assert disagreements(PAYMENT_REQUEST, request_body) == []
    assert disagreements(PAYMENT_ANSWER, first.body) == []
    assert disagreements(PAYMENT_ANSWER, later.body) == []


async def test_an_approval_holds_every_field_of_the_published_example(merchant) -> None:
    body = (await merchant.pay("request-1", a_full_payment() | {"captureMethod": "NOW"})).body

    assert set(PAYMENT_ANSWER["properties"]) == set(body)


async def test_no_card_number_or_cvv_reaches_the_file(running: Running, session, books) -> None:
    async with running() as simulator:
        merchant = Merchant(simulator, session, LIVE, LIVE_MERCHANT)
        await merchant.sign_in()
        await merchant.pay("request-1", a_payment(amount=52100, card=a_card(VISA, cvv="987654")))
        await merchant.pay("request-2", a_payment(card=a_card(VISA, cvv="987654")))
        with sqlite3.connect(books) as reader:
            dump = "\n".join(reader.iterdump())
        reader.close()

    written = dump + "".join(path.read_bytes().decode("latin-1") for path in books.parent.iterdir() if path.is_file())
    assert "411234XXXXXX4113" in written
    for secret in (VISA, "987654", merchant.token, LIVE.client_secret.reveal()):
        assert secret not in written


async def test_time_in_the_answers_is_the_local_time(merchant, clock) -> None:
    await clock.advance(3600)

    body = (await merchant.pay("request-1")).body

    assert body["transactionDate"] == "2026-11-23T13:00:00.000Z"
    assert clock.now() == NOON + timedelta(hours=1)
    assert json.dumps(body)
