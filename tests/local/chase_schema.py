"""
Chase's bodies as JSON Schema, written down from the published specification a second time.

The simulator has rules of its own; that the two agree is what the conformance tests prove.
"""

from typing import Any

from jsonschema import Draft202012Validator

from tests.local.chase_shapes import (
    ACCOUNT_HOLDER,
    ACH,
    ACH_ANSWER,
    ACH_VERIFICATION,
    AMOUNT,
    APPLE_PAY,
    BOOLEAN,
    CAPTURE_METHOD,
    CARD,
    CARD_ANSWER,
    CARD_MENTIONED,
    CURRENCY,
    DESCRIPTOR,
    GOOGLE_PAY,
    INITIATOR,
    MERCHANT,
    MERCHANT_ANSWER,
    MOMENT,
    ON_FILE,
    ORDER_NUMBER,
    RECURRING,
    SOME,
    TEXT,
    UUID,
    WALLET_ANSWER,
    WALLET_MENTIONED,
    an_object,
    exactly_one,
    text,
    whole,
)

# What the ACH side needs beside the account.
_ACH_PAYMENT: dict[str, Any] = {
    "required": ["statementDescriptor", "accountHolder"],
    "properties": {
        "captureMethod": {"const": "NOW"},
        "currency": {"enum": ["USD", "CAD"]},
        "merchant": {
            "required": ["softMerchant"],
            "properties": {"softMerchant": {"required": ["merchantPurchaseDescription"]}},
        },
        "accountHolder": {"required": ["firstName", "lastName"]},
    },
}
PAYMENT_REQUEST = {
    **an_object(
        ["amount", "currency", "merchant", "paymentMethodType"],
        captureMethod=CAPTURE_METHOD,
        isCapture=BOOLEAN,
        amount=AMOUNT,
        currency=CURRENCY,
        merchantOrderNumber=ORDER_NUMBER,
        statementDescriptor=DESCRIPTOR,
        initiatorType=INITIATOR,
        accountOnFile=ON_FILE,
        isAmountFinal=BOOLEAN,
        partialAuthorizationSupport={"enum": ["SUPPORTED", "NOT_SUPPORTED"]},
        recurring=RECURRING,
        authorizationPurpose={"enum": ["DELAYED_CHARGE", "NO_SHOW", "RESUBMISSION", "REAUTHORIZATION"]},
        merchant=MERCHANT,
        accountHolder=ACCOUNT_HOLDER,
        paymentMetadataList={
            "type": "array",
            "items": an_object(metadataAttribute=TEXT, metadataAttributeValue=TEXT),
        },
        paymentMethodType=exactly_one(card=CARD, ach=ACH, applepay=APPLE_PAY, googlepay=GOOGLE_PAY),
    ),
    "if": {
        "properties": {"paymentMethodType": {"type": "object", "required": ["ach"]}},
        "required": ["paymentMethodType"],
    },
    "then": _ACH_PAYMENT,
}
VOID_REQUEST = an_object(["isVoid"], isVoid={"const": True})
CAPTURE_REQUEST = an_object(captureMethod={"const": "NOW"}, amount=whole(1, 999_999_999_999), isAmountFinal=BOOLEAN)
REFUND_REQUEST = {
    **an_object(
        ["merchant", "paymentMethodType"],
        merchant=MERCHANT,
        paymentMethodType=an_object(
            ["transactionReference"],
            transactionReference=an_object(["transactionReferenceId"], transactionReferenceId=text(4, 40)),
        ),
        amount=whole(1, 999_999_999_999),
        currency=CURRENCY,
        merchantOrderNumber=ORDER_NUMBER,
        statementDescriptor=DESCRIPTOR,
    ),
    "dependentRequired": {"amount": ["currency"]},
}
VERIFICATION_REQUEST = an_object(
    ["merchant", "currency", "paymentMethodType"],
    merchant=MERCHANT,
    currency=CURRENCY,
    merchantOrderNumber=ORDER_NUMBER,
    initiatorType=INITIATOR,
    accountOnFile=ON_FILE,
    accountHolder=ACCOUNT_HOLDER,
    recurring=RECURRING,
    paymentMethodType=exactly_one(card=CARD, ach=ACH_VERIFICATION),
)

_METHOD_ANSWER = exactly_one(card=CARD_ANSWER, ach=ACH_ANSWER, applepay=WALLET_ANSWER, googlepay=WALLET_ANSWER)
_METHOD_MENTIONED = exactly_one(
    card=CARD_MENTIONED, ach=ACH_ANSWER, applepay=WALLET_MENTIONED, googlepay=WALLET_MENTIONED
)
_STATE = {"enum": ["AUTHORIZED", "VOIDED", "PENDING", "DECLINED", "COMPLETED", "CLOSED", "ERROR"]}
_ANY_REQUIRED = ["transactionId", "requestId", "responseStatus", "responseCode", "responseMessage", "paymentMethodType"]
_ANY: dict[str, Any] = {
    "transactionId": UUID,
    "requestId": text(1, 40),
    "responseStatus": {"enum": ["SUCCESS", "DENIED"]},
    "responseCode": text(2, 50),
    "responseMessage": SOME,
    "transactionDate": MOMENT,
    "approvalCode": text(6, 6, r"tst\d{3}"),
    "hostMessage": TEXT,
    "hostReferenceId": text(22, 22, "[0-9A-Za-z]{22}"),
    "currency": CURRENCY,
    "merchant": MERCHANT_ANSWER,
}
_PAYMENT_REQUEST_ANSWER = an_object(
    ["paymentRequestId", "paymentRequestStatus", "authorizations"],
    paymentRequestId=UUID,
    paymentRequestStatus={"enum": ["PENDING", "OPEN", "CLOSED", "CANCELLED"]},
    authorizations={
        "type": "array",
        "items": an_object(
            ["authorizationId", "amount", "transactionStatusCode", "authorizationType"],
            authorizationId=UUID,
            amount=AMOUNT,
            transactionStatusCode={"enum": ["AUTHORIZED", "CAPTURED", "VOIDED"]},
            authorizationType={"enum": ["INITIAL", "REAUTH", "INCREMENTAL"]},
        ),
    },
    captures={
        "type": "array",
        "items": an_object(
            ["captureId", "amount", "transactionStatusCode", "captureRemainingRefundableAmount"],
            captureId=UUID,
            amount=AMOUNT,
            transactionStatusCode={"enum": ["CLOSED", "COMPLETED"]},
            captureRemainingRefundableAmount=AMOUNT,
        ),
    },
    refunds={
        "type": "array",
        "minItems": 1,
        "items": an_object(
            ["refundId", "amount", "transactionStatusCode"],
            refundId=UUID,
            amount=AMOUNT,
            transactionStatusCode={"const": "CLOSED"},
        ),
    },
)
# One schema for a payment, a void and a capture.
PAYMENT_ANSWER = an_object(
    [*_ANY_REQUIRED, "transactionState"],
    **_ANY,
    transactionState=_STATE,
    paymentMethodType=_METHOD_ANSWER,
    captureMethod=CAPTURE_METHOD,
    captureTime=MOMENT,
    isVoid=BOOLEAN,
    initiatorType=INITIATOR,
    accountOnFile=ON_FILE,
    amount=AMOUNT,
    remainingAuthAmount=AMOUNT,
    remainingRefundableAmount=AMOUNT,
    totalAuthorizedAmount=AMOUNT,
    partialAuthorization=BOOLEAN,
    merchantOrderNumber=text(1, 40),
    statementDescriptor=DESCRIPTOR,
    paymentRequest=_PAYMENT_REQUEST_ANSWER,
)
REFUND_ANSWER = an_object(
    [*_ANY_REQUIRED, "transactionState", "amount", "currency", "transactionReferenceId", "remainingRefundableAmount"],
    **_ANY,
    transactionState=_STATE,
    paymentMethodType=_METHOD_MENTIONED,
    amount=AMOUNT,
    transactionReferenceId=text(4, 40),
    remainingRefundableAmount=AMOUNT,
    paymentRequest=_PAYMENT_REQUEST_ANSWER,
)
VERIFICATION_ANSWER = an_object(
    [*_ANY_REQUIRED, "currency", "hostMessage"],
    **_ANY,
    paymentMethodType=exactly_one(card=CARD_ANSWER, ach=ACH_ANSWER),
    initiatorType=INITIATOR,
    accountOnFile=ON_FILE,
    merchantOrderNumber=text(1, 40),
)
MESSAGES = an_object(
    ["responseStatus", "responseCode", "responseMessage"],
    responseStatus={"const": "ERROR"},
    responseCode=text(2, 50),
    responseMessage=SOME,
    validationErrors={
        "type": "array",
        "minItems": 1,
        "items": an_object(["code", "message", "entity"], code=SOME, message=SOME, entity=SOME),
    },
)


def disagreements(schema: dict[str, Any], body: Any) -> list[str]:
    """Where `body` is not what `schema` says; empty when it is."""
    found = Draft202012Validator(schema).iter_errors(body)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]
