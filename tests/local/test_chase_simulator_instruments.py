"""Bank accounts and wallets: what Chase takes of them, what it says, and what is never kept."""

import sqlite3

import pytest

from local.chase_simulator.verdicts import DECLINES
from tests.local.chase_bodies import (
    ACCOUNT_NUMBER,
    ROUTING_NUMBER,
    a_google_pay_payment,
    an_account,
    an_account_verification,
    an_ach_payment,
    an_apple_pay_payment,
    sealed,
)
from tests.local.chase_calls import Merchant
from tests.local.chase_schema import MESSAGES, PAYMENT_ANSWER, PAYMENT_REQUEST, disagreements
from tests.local.conftest import Running
from tests.local.test_chase_simulator_validation import MISSING, with_at

WALLETS = {"applepay": an_apple_pay_payment, "googlepay": a_google_pay_payment}


async def test_an_ach_payment_answers_the_whole_payment_as_accepted(merchant) -> None:
    request_body = an_ach_payment(merchantOrderNumber="order-1")

    answered = await merchant.pay("request-1", request_body)

    body = answered.body
    identifier = body["transactionId"]
    assert answered.status == 200
    assert body == {
        "transactionId": identifier,
        "requestId": "request-1",
        "transactionState": "CLOSED",
        "responseStatus": "SUCCESS",
        "responseCode": "APPROVED",
        "responseMessage": "Transaction approved by Issuer",
        "hostMessage": "Approved",
        "hostReferenceId": body["hostReferenceId"],
        "approvalCode": body["approvalCode"],
        "paymentMethodType": {
            "ach": {
                "maskedAccountNumber": "XXXXXX1156",
                "financialInstitutionRoutingNumber": ROUTING_NUMBER,
                "accountType": "CHECKING",
                "paymentType": "WEB",
            }
        },
        "captureMethod": "NOW",
        "captureTime": "2026-11-23T12:00:00.000Z",
        "initiatorType": "CARDHOLDER",
        "accountOnFile": "NOT_STORED",
        "isVoid": False,
        "transactionDate": "2026-11-23T12:00:00.000Z",
        "amount": 12599,
        "currency": "USD",
        "partialAuthorization": False,
        "totalAuthorizedAmount": 12599,
        "remainingAuthAmount": 0,
        "remainingRefundableAmount": 12599,
        "merchant": {"merchantId": merchant.merchant_id, **request_body["merchant"]},
        "merchantOrderNumber": "order-1",
        "statementDescriptor": "CITY WATER*BILL",
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
                    "amount": 12599,
                    "transactionStatusCode": "CLOSED",
                    "captureRemainingRefundableAmount": 12599,
                }
            ],
        },
    }
    assert disagreements(PAYMENT_REQUEST, request_body) == []
    assert disagreements(PAYMENT_ANSWER, body) == []


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("captureMethod", "DELAYED", "ENUM"),
        ("captureMethod", "MANUAL", "ENUM"),
        ("currency", "EUR", "ENUM"),
        ("statementDescriptor", MISSING, "REQUIRED"),
        ("merchant.softMerchant", MISSING, "REQUIRED"),
        ("merchant.softMerchant.merchantPurchaseDescription", MISSING, "REQUIRED"),
        ("accountHolder", MISSING, "REQUIRED"),
        ("accountHolder.firstName", MISSING, "REQUIRED"),
        ("accountHolder.lastName", MISSING, "REQUIRED"),
        ("paymentMethodType.ach.accountNumber", MISSING, "REQUIRED"),
        ("paymentMethodType.ach.accountNumber", "1" * 20, "LENGTH"),
        ("paymentMethodType.ach.accountNumber", "12 34", "PATTERN"),
        ("paymentMethodType.ach.financialInstitutionRoutingNumber", MISSING, "REQUIRED"),
        ("paymentMethodType.ach.financialInstitutionRoutingNumber", "12200024", "LENGTH"),
        ("paymentMethodType.ach.financialInstitutionRoutingNumber", "12200024A", "PATTERN"),
        ("paymentMethodType.ach.accountType", "SAVINGS", "ENUM"),
        ("paymentMethodType.ach.paymentType", "PPD", "ENUM"),
        ("paymentMethodType.ach.cvv", "111", "UNKNOWN"),
    ],
)
async def test_each_wrong_field_of_an_ach_payment_is_named(merchant, path, value, code) -> None:
    request_body = with_at(an_ach_payment(), path, value)

    answered = await merchant.pay("request-1", request_body)

    assert (answered.status, answered.body["responseCode"]) == (400, "VALIDATION_ERROR")
    assert disagreements(MESSAGES, answered.body) == []
    assert any(each["code"] == code and each["entity"].startswith(path) for each in answered.body["validationErrors"])
    assert disagreements(PAYMENT_REQUEST, request_body) != []
    assert merchant.simulator.books() == []


async def test_all_that_an_ach_payment_lacks_is_named_at_once(merchant) -> None:
    request_body = an_ach_payment()
    for path in ("statementDescriptor", "merchant.softMerchant", "accountHolder"):
        request_body = with_at(request_body, path, MISSING)

    answered = await merchant.pay("request-1", request_body)

    assert len(answered.body["validationErrors"]) == 4


@pytest.mark.parametrize(
    ("routing_number", "status"),
    [
        ("122000247", 200),
        ("121042882", 200),
        ("072403004", 200),
        ("122000248", 400),
        ("122000274", 400),
        ("000000000", 400),
    ],
)
async def test_a_routing_number_must_pass_the_aba_check(merchant, routing_number, status) -> None:
    account = an_account(financialInstitutionRoutingNumber=routing_number)

    answered = await merchant.pay("request-1", an_ach_payment(account=account))

    assert answered.status == status
    if status == 400:
        assert [each["code"] for each in answered.body["validationErrors"]] == ["CHECKSUM"]


async def test_a_canadian_routing_number_has_no_check_digit(merchant) -> None:
    account = an_account(financialInstitutionRoutingNumber="000100002")

    assert (await merchant.pay("request-1", an_ach_payment(account=account, currency="CAD"))).status == 200


@pytest.mark.parametrize("kind", ["SAVING", "CORPORATE_CHECKING"])
@pytest.mark.parametrize("payment_type", ["TEL", "RECURRING"])
async def test_every_kind_of_account_is_taken(merchant, kind, payment_type) -> None:
    account = an_account(accountType=kind, paymentType=payment_type)

    body = (await merchant.pay("request-1", an_ach_payment(account=account))).body

    assert body["paymentMethodType"]["ach"]["accountType"] == kind


async def test_the_reasons_that_an_account_can_have_decline_it_by_amount(merchant) -> None:
    cards_only = {302, 401, 402, 501, 502, 522, 531, 605}

    declined = {
        reason
        for reason in DECLINES
        if (await merchant.pay(f"request-{reason}", an_ach_payment(amount=reason * 100))).body["responseStatus"]
        == "DENIED"
    }

    assert declined == set(DECLINES) - cards_only


async def test_a_declined_ach_payment_says_why_and_is_in_no_books(merchant) -> None:
    answered = await merchant.pay("request-1", an_ach_payment(amount=55000))

    body = answered.body
    assert (body["transactionState"], body["responseCode"]) == ("DECLINED", "CLOSED_ACCOUNT")
    assert disagreements(PAYMENT_ANSWER, body) == []
    assert merchant.simulator.books() == []


@pytest.mark.parametrize(("number", "masked"), [("4100", "XXXX"), ("12345678901234567", "XXXXXXXXXXXXX4567")])
async def test_never_more_than_four_digits_of_an_account_number_are_shown(merchant, number, masked) -> None:
    body = (await merchant.pay("request-1", an_ach_payment(account=an_account(accountNumber=number)))).body

    assert body["paymentMethodType"]["ach"]["maskedAccountNumber"] == masked


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize(("method", "state"), [("NOW", "CLOSED"), ("DELAYED", "AUTHORIZED"), ("MANUAL", "AUTHORIZED")])
async def test_a_wallet_is_approved_with_what_the_network_says_of_the_card_inside(
    merchant, name, method, state
) -> None:
    request_body = WALLETS[name](captureMethod=method)

    answered = await merchant.pay("request-1", request_body)

    body = answered.body
    wallet = body["paymentMethodType"][name]
    network = wallet["networkResponse"]
    assert (answered.status, body["transactionState"], body["responseCode"]) == (200, state, "APPROVED")
    assert body["paymentMethodType"] == {
        name: {
            "latLong": request_body["paymentMethodType"][name]["latLong"],
            "cardType": "VI",
            "cardTypeName": "VISA",
            "maskedAccountNumber": "411234XXXXXX4113",
            "cardTypeIndicators": {"issuanceCountryCode": "USA", "isDurbinRegulated": False},
            "networkResponse": {
                "addressVerificationResult": "NOT_REQUESTED",
                "cardVerificationResult": "NOT_PRESENT",
                "networkTransactionId": network["networkTransactionId"],
                "networkResponseCode": "00",
                "additionalData": network["additionalData"],
            },
        }
    }
    assert disagreements(PAYMENT_REQUEST, request_body) == []
    assert disagreements(PAYMENT_ANSWER, body) == []
    assert disagreements(PAYMENT_ANSWER, (await merchant.find("request-1")).body) == []


@pytest.mark.parametrize("name", WALLETS)
async def test_the_amount_declines_a_wallet_as_it_does_a_card(merchant, name) -> None:
    body = (await merchant.pay("request-1", WALLETS[name](amount=52100))).body

    assert (body["responseStatus"], body["responseCode"]) == ("DENIED", "INSUFFICIENT_FUNDS")


BUNDLE = "encryptedPaymentBundle"
HEADER = f"{BUNDLE}.encryptedPaymentHeader"
WRONG_BASE64 = ["", "abc", "ab=c", "YWJj\n", "YWJj====", "YW-j", "YW_j", "ÀBCD"]


@pytest.mark.parametrize(
    ("name", "path", "value", "code"),
    [
        *[(name, "latLong", MISSING, "REQUIRED") for name in WALLETS],
        *[(name, "latLong", value, "PATTERN") for name in WALLETS for value in ("42.3,-71", "somewhere", "1000,1")],
        *[(name, BUNDLE, MISSING, "REQUIRED") for name in WALLETS],
        *[(name, BUNDLE, "sealed", "TYPE") for name in WALLETS],
        *[(name, f"{BUNDLE}.{field}", MISSING, "REQUIRED") for name in WALLETS for field in ("signature",)],
        *[(name, f"{BUNDLE}.protocolVersion", "EC_v2", "ENUM") for name in WALLETS],
        *[(name, f"{BUNDLE}.tokenNumber", "1", "UNKNOWN") for name in WALLETS],
        *[(name, f"{HEADER}.ephemeralPublicKey", MISSING, "REQUIRED") for name in WALLETS],
        ("applepay", f"{BUNDLE}.protocolVersion", "ECv2", "ENUM"),
        ("googlepay", f"{BUNDLE}.protocolVersion", "EC_v1", "ENUM"),
        ("applepay", f"{HEADER}.publicKeyHash", MISSING, "REQUIRED"),
        ("applepay", f"{HEADER}.walletTransactionId", MISSING, "REQUIRED"),
        ("applepay", f"{HEADER}.walletTransactionId", "not hex", "PATTERN"),
        ("googlepay", f"{HEADER}.publicKeyHash", "AAAA", "UNKNOWN"),
        ("googlepay", f"{BUNDLE}.encryptedPayload", "no JSON", "SYNTAX"),
        ("googlepay", f"{BUNDLE}.encryptedPayload", "[]", "TYPE"),
        ("googlepay", f"{BUNDLE}.encryptedPayload", "{}", "REQUIRED"),
        ("googlepay", f"{HEADER}.ephemeralPublicKey", sealed("another"), "MISMATCH"),
    ],
)
async def test_each_wrong_field_of_a_bundle_is_named(merchant, name, path, value, code) -> None:
    full_path = f"paymentMethodType.{name}.{path}"

    answered = await merchant.pay("request-1", with_at(WALLETS[name](), full_path, value))

    assert (answered.status, answered.body["responseCode"]) == (400, "VALIDATION_ERROR")
    assert any(
        each["code"] == code and each["entity"].startswith(full_path) for each in answered.body["validationErrors"]
    )
    assert merchant.simulator.books() == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        *[("applepay", f"{BUNDLE}.{field}") for field in ("encryptedPayload", "signature")],
        *[("applepay", f"{HEADER}.{field}") for field in ("ephemeralPublicKey", "publicKeyHash")],
        ("googlepay", f"{BUNDLE}.signature"),
        ("googlepay", f"{HEADER}.ephemeralPublicKey"),
    ],
)
async def test_what_is_not_base64_is_refused_where_base64_is_due(merchant, name, path) -> None:
    full_path = f"paymentMethodType.{name}.{path}"

    for wrong in WRONG_BASE64:
        request_body = with_at(WALLETS[name](), full_path, wrong)
        answered = await merchant.pay("request-1", request_body)

        assert [each["entity"] for each in answered.body["validationErrors"]] == [full_path]
        assert disagreements(PAYMENT_REQUEST, request_body) != []


async def test_neither_bundles_nor_account_numbers_nor_birth_dates_reach_the_file(
    running: Running, session, books
) -> None:
    async with running() as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        for number, body in enumerate([an_ach_payment(), an_apple_pay_payment(), a_google_pay_payment()]):
            assert (await merchant.pay(f"request-{number}", body)).status == 200
        assert (await merchant.post("verifications", "a-verification", an_account_verification())).status == 200
        with sqlite3.connect(books) as reader:
            dump = "\n".join(reader.iterdump())
        reader.close()

    written = dump + "".join(path.read_bytes().decode("latin-1") for path in books.parent.iterdir() if path.is_file())
    assert "XXXXXX1156" in written
    secrets = (ACCOUNT_NUMBER, sealed("what Apple sealed"), sealed("what Google sealed"), sealed("Apple's signature"))
    for secret in (*secrets, "1815-12-10", "7654"):
        assert secret not in written


async def test_another_bundle_under_a_known_request_id_is_another_body(merchant) -> None:
    await merchant.pay("request-1", an_apple_pay_payment())
    path = f"paymentMethodType.applepay.{BUNDLE}.encryptedPayload"

    answered = await merchant.pay("request-1", with_at(an_apple_pay_payment(), path, sealed("another")))

    assert answered.status == 400
