"""Verifications: whether an account is good, without an amount and without a hold."""

from typing import Any

import pytest

from tests.local.chase_bodies import (
    MERCHANT,
    ROUTING_NUMBER,
    a_verification,
    an_account,
    an_account_verification,
    an_apple_pay_payment,
)
from tests.local.chase_calls import DISCOVER, OTHER_TEST_MERCHANT, a_card
from tests.local.chase_schema import MESSAGES, VERIFICATION_ANSWER, VERIFICATION_REQUEST, disagreements
from tests.local.test_chase_simulator_validation import MISSING, with_at


def whole_answer(body: dict[str, Any], merchant_id: str, method: dict[str, Any]) -> dict[str, Any]:
    return {
        "transactionId": body["transactionId"],
        "requestId": "request-1",
        "responseStatus": "SUCCESS",
        "responseCode": "APPROVED",
        "responseMessage": "Transaction approved by Issuer",
        "hostMessage": "Validated",
        "hostReferenceId": body["hostReferenceId"],
        "approvalCode": body["approvalCode"],
        "paymentMethodType": method,
        "initiatorType": "CARDHOLDER",
        "accountOnFile": "NOT_STORED",
        "currency": "USD",
        "transactionDate": "2026-11-23T12:00:00.000Z",
        "merchant": {"merchantId": merchant_id, **MERCHANT},
    }


async def test_a_card_is_verified_with_the_networks_results(merchant) -> None:
    address = {"line1": "1 Main St", "postalCode": "02110"}
    request_body = a_verification(accountHolder={"billingAddress": address})

    answered = await merchant.post("verifications", "request-1", request_body)

    body = answered.body
    network = body["paymentMethodType"]["card"]["networkResponse"]
    card = {
        "cardType": "VI",
        "cardTypeName": "VISA",
        "maskedAccountNumber": "411234XXXXXX4113",
        "cardTypeIndicators": {"issuanceCountryCode": "USA", "isDurbinRegulated": False},
        "networkResponse": {
            "addressVerificationResult": "ADDRESS_POSTALCODE_MATCH",
            "addressVerificationResultCode": "Y",
            "cardVerificationResult": "MATCH",
            "cardVerificationResultCode": "M",
            "networkTransactionId": network["networkTransactionId"],
            "networkResponseCode": "85",
            "additionalData": network["additionalData"],
        },
    }
    assert answered.status == 200
    assert body == whole_answer(body, merchant.merchant_id, {"card": card})
    assert disagreements(VERIFICATION_REQUEST, request_body) == []
    assert disagreements(VERIFICATION_ANSWER, body) == []
    assert merchant.simulator.books() == []


async def test_an_account_is_verified(merchant) -> None:
    request_body = an_account_verification()

    answered = await merchant.post("verifications", "request-1", request_body)

    account = {
        "maskedAccountNumber": "XXXXXX1156",
        "financialInstitutionRoutingNumber": ROUTING_NUMBER,
        "accountType": "CHECKING",
        "paymentType": "WEB",
    }
    assert answered.status == 200
    assert answered.body == whole_answer(answered.body, merchant.merchant_id, {"ach": account})
    assert disagreements(VERIFICATION_REQUEST, request_body) == []
    assert disagreements(VERIFICATION_ANSWER, answered.body) == []


async def test_a_cvv_that_does_not_match_is_told_and_decides_nothing(merchant) -> None:
    body = a_verification(paymentMethodType={"card": a_card(DISCOVER, cvv="611")})

    answered = (await merchant.post("verifications", "request-1", body)).body

    assert answered["responseStatus"] == "SUCCESS"
    assert answered["paymentMethodType"]["card"]["networkResponse"]["cardVerificationResult"] == "NO_MATCH"


async def test_a_verification_is_looked_up_in_its_own_place(merchant) -> None:
    answered = (await merchant.post("verifications", "request-1", a_verification())).body

    by_id = await merchant.get(answered["transactionId"], kind="verifications")
    by_request = await merchant.find("request-1", kind="verifications")
    misses = [
        await merchant.get(answered["transactionId"]),
        await merchant.find("request-1"),
        await merchant.find("request-2", kind="verifications"),
    ]
    merchant.merchant_id = OTHER_TEST_MERCHANT
    misses.append(await merchant.get(answered["transactionId"], kind="verifications"))

    assert by_id.body == by_request.body == answered
    assert {each.status for each in misses} == {404}


async def test_what_is_verified_cannot_be_voided_captured_or_refunded(merchant) -> None:
    transaction_id = (await merchant.post("verifications", "request-1", a_verification())).body["transactionId"]

    assert (await merchant.void(transaction_id, "the-void")).status == 404
    assert (await merchant.capture(transaction_id, "the-capture")).status == 404


@pytest.mark.parametrize(
    ("body", "path", "value", "code"),
    [
        (a_verification(), "merchant", MISSING, "REQUIRED"),
        (a_verification(), "currency", MISSING, "REQUIRED"),
        (a_verification(), "paymentMethodType", MISSING, "REQUIRED"),
        (a_verification(), "amount", 0, "UNKNOWN"),
        (a_verification(), "captureMethod", "NOW", "UNKNOWN"),
        (a_verification(), "paymentMethodType.card.expiry.month", 13, "RANGE"),
        (a_verification(), "paymentMethodType", an_apple_pay_payment()["paymentMethodType"], "UNKNOWN"),
        (an_account_verification(), "currency", "CAD", "ENUM"),
        (an_account_verification(), "paymentMethodType.ach.achVerificationType", "FULL", "ENUM"),
        (an_account_verification(), "paymentMethodType.ach.last4SSN", "76540", "LENGTH"),
        (
            an_account_verification(),
            "paymentMethodType.ach",
            an_account(financialInstitutionRoutingNumber="122000248"),
            "CHECKSUM",
        ),
    ],
)
async def test_each_wrong_field_is_named(merchant, body, path, value, code) -> None:
    answered = await merchant.post("verifications", "request-1", with_at(body, path, value))

    assert (answered.status, answered.body["responseCode"]) == (400, "VALIDATION_ERROR")
    assert any(each["code"] == code and each["entity"].startswith(path) for each in answered.body["validationErrors"])
    assert disagreements(MESSAGES, answered.body) == []


@pytest.mark.parametrize("kind", ["payments", "refunds", "verifications"])
async def test_each_health_check_needs_no_headers(simulator, session, kind) -> None:
    async with session.get(f"{simulator.base_url}/healthcheck/{kind}") as response:
        assert (response.status, await response.json()) == (200, {"status": "PASS"})
