"""
Chase's bodies as JSON Schema, written down from the published specification a second time.

The simulator has rules of its own; that the two agree is what the conformance tests prove.
"""

from typing import Any

from jsonschema import Draft202012Validator


def _text(least: int, most: int | None = None, pattern: str | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": least}
    return schema | ({"maxLength": most} if most else {}) | ({"pattern": f"^(?:{pattern})$"} if pattern else {})


def _whole(least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most}


def _object(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required or [], "properties": properties, "additionalProperties": False}


TEXT = {"type": "string"}
SOME = _text(1)
BOOLEAN = {"type": "boolean"}
AMOUNT = _whole(0, 999_999_999_999)
MOMENT = _text(24, 24, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID = _text(36, 36, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

ADDRESS = _object(
    line1=_text(1, 40),
    line2=_text(1, 40),
    city=_text(1, 40),
    state=_text(2, 3),
    postalCode=_text(3, 12, r"[a-zA-Z0-9]+(-|\s?)[a-zA-Z0-9]+"),
    countryCode=_text(3, 3, "[A-Z]{3}"),
)
PHONE = _object(countryCode=_whole(0, 999), phoneNumber=_text(1, 12))
SOFTWARE = _object(
    ["companyName", "productName"],
    companyName=_text(1, 256, "[^<>{}]*"),
    productName=_text(1, 256, "[^<>{}]*"),
    version=_text(1, 50, "[^<>{}]*"),
)
MERCHANT_FIELDS: dict[str, Any] = {
    "merchantSoftware": SOFTWARE,
    "merchantCategoryCode": _text(4, 4, "[0-9]{4}"),
    "softMerchant": _object(
        name=SOME, phone=SOME, email=SOME, url=SOME, address=ADDRESS, merchantPurchaseDescription=SOME
    ),
}
CARD = _object(
    ["accountNumber"],
    accountNumber=_text(1, 19, "[A-Za-z0-9]+"),
    expiry=_object(["month", "year"], month=_whole(1, 12), year=_whole(1000, 9999)),
    cvv=_text(3, 6, "[0-9]{3,6}"),
    accountNumberType={
        "enum": [
            *("PAN", "NETWORK_TOKEN", "DEVICE_TOKEN"),
            *("SAFETECH_TOKEN", "SAFETECH_ENCRYPTION", "SAFETECH_PAGE_ENCRYPTION"),
        ]
    },
    walletProvider={"enum": ["APPLE_PAY", "GOOGLE_PAY", "PAZE"]},
    isBillPayment=BOOLEAN,
    originalNetworkTransactionId=_text(4, 40),
    authentication=_object(
        threeDS={"type": "object"},
        electronicCommerceIndicator=SOME,
        tokenAuthenticationValue=_text(1, 40),
        SCAExemptionReason=SOME,
    ),
    merchantSalesChannelName={"enum": ["MAIL_ORDER_TELEPHONE_ORDER", "INTERNET", "INTERACTIVE_VOICE_RESPONSE"]},
    merchantPreferredRouting={"enum": ["PINLESS", "CREDIT"]},
    accountUpdater=_object(requestAccountUpdater=BOOLEAN),
    encryptionIntegrityCheck=SOME,
)
PAYMENT_REQUEST = _object(
    ["amount", "currency", "merchant", "paymentMethodType"],
    captureMethod={"enum": ["NOW", "DELAYED", "MANUAL"]},
    isCapture=BOOLEAN,
    amount=AMOUNT,
    currency=_text(3, 3, "[A-Z]{3}"),
    merchantOrderNumber=_text(1, 40, "[A-Za-z0-9 .-]*"),
    statementDescriptor=_text(4, 100),
    initiatorType={"enum": ["CARDHOLDER", "MERCHANT"]},
    accountOnFile={"enum": ["NOT_STORED", "STORED", "TO_BE_STORED"]},
    isAmountFinal=BOOLEAN,
    partialAuthorizationSupport={"enum": ["SUPPORTED", "NOT_SUPPORTED"]},
    recurring=_object(
        recurringSequence={"enum": ["FIRST", "SUBSEQUENT"]},
        agreementId=_text(1, 100),
        paymentAgreementExpiryDate=SOME,
        isVariableAmount=BOOLEAN,
    ),
    authorizationPurpose={"enum": ["DELAYED_CHARGE", "NO_SHOW", "RESUBMISSION", "REAUTHORIZATION"]},
    merchant=_object(["merchantSoftware"], **MERCHANT_FIELDS),
    accountHolder=_object(
        referenceId=_text(1, 25),
        fullName=_text(4, 70),
        firstName=_text(1, 70),
        middleName=_text(1, 70),
        lastName=_text(1, 70),
        email=_text(6, 60),
        phone=PHONE,
        mobile=PHONE,
        IPAddress=_text(1, 40),
        billingAddress=ADDRESS,
    ),
    paymentMetadataList={"type": "array", "items": _object(metadataAttribute=TEXT, metadataAttributeValue=TEXT)},
    paymentMethodType={**_object(card=CARD), "minProperties": 1, "maxProperties": 1},
)

AVS = {
    "enum": [
        *("ADDRESS_MATCH", "ADDRESS_POSTALCODE_MATCH", "NAME_ADDRESS_MATCH", "NAME_MATCH", "NAME_POSTALCODE_MATCH"),
        *("NO_MATCH", "NOT_AVAILABLE", "NOT_REQUESTED", "NOT_VERIFIED", "POSTALCODE_MATCH"),
        *("SERVICE_NOT_AVAILABLE_RETRY", "SERVICE_NOT_SUPPORTED"),
    ]
}
NETWORK_RESPONSE = _object(
    ["addressVerificationResult", "cardVerificationResult", "networkTransactionId"],
    addressVerificationResult=AVS,
    addressVerificationResultCode=SOME,
    cardVerificationResult={"enum": ["MATCH", "NO_MATCH", "NOT_PRESENT", "NOT_PROCESSED", "NOT_SUPPORTED"]},
    cardVerificationResultCode=SOME,
    networkTransactionId=_text(15, 15, r"\d{15}"),
    networkResponseCode=_text(2, 2),
    additionalData=_object(retrievalReferenceNumber=SOME, systemTraceAuditNumber=SOME),
)
CARD_ANSWER = _object(
    ["cardType", "cardTypeName", "maskedAccountNumber", "networkResponse"],
    cardType={"enum": ["VI", "MC", "AX", "DI", "JC", "DC"]},
    cardTypeName=SOME,
    maskedAccountNumber=_text(13, 19, r"\d{6}X+\d{4}"),
    cardTypeIndicators=_object(issuanceCountryCode=SOME, isDurbinRegulated=BOOLEAN),
    networkResponse=NETWORK_RESPONSE,
)
PAYMENT_ANSWER = _object(
    [
        *("transactionId", "requestId", "transactionState", "responseStatus", "responseCode", "responseMessage"),
        "paymentMethodType",
    ],
    transactionId=UUID,
    requestId=_text(1, 40),
    transactionState={"enum": ["AUTHORIZED", "VOIDED", "PENDING", "DECLINED", "COMPLETED", "CLOSED", "ERROR"]},
    responseStatus={"enum": ["SUCCESS", "DENIED"]},
    responseCode=_text(2, 50),
    responseMessage=SOME,
    paymentMethodType=_object(["card"], card=CARD_ANSWER),
    captureMethod={"enum": ["NOW", "DELAYED", "MANUAL"]},
    captureTime=MOMENT,
    isVoid=BOOLEAN,
    initiatorType={"enum": ["CARDHOLDER", "MERCHANT"]},
    accountOnFile={"enum": ["NOT_STORED", "STORED", "TO_BE_STORED"]},
    transactionDate=MOMENT,
    approvalCode=_text(6, 6, r"tst\d{3}"),
    hostMessage=TEXT,
    hostReferenceId=_text(22, 22, "[0-9A-Za-z]{22}"),
    amount=AMOUNT,
    currency=_text(3, 3),
    remainingAuthAmount=AMOUNT,
    remainingRefundableAmount=AMOUNT,
    totalAuthorizedAmount=AMOUNT,
    partialAuthorization=BOOLEAN,
    merchantOrderNumber=_text(1, 40),
    statementDescriptor=_text(4, 100),
    merchant=_object(["merchantId", "merchantSoftware"], merchantId=_text(8, 12), **MERCHANT_FIELDS),
    paymentRequest=_object(
        ["paymentRequestId", "paymentRequestStatus", "authorizations"],
        paymentRequestId=UUID,
        paymentRequestStatus={"enum": ["PENDING", "OPEN", "CLOSED", "CANCELLED"]},
        authorizations={
            "type": "array",
            "items": _object(
                ["authorizationId", "amount", "transactionStatusCode", "authorizationType"],
                authorizationId=UUID,
                amount=AMOUNT,
                transactionStatusCode={"enum": ["AUTHORIZED", "CAPTURED", "VOIDED"]},
                authorizationType={"enum": ["INITIAL", "REAUTH", "INCREMENTAL"]},
            ),
        },
        captures={
            "type": "array",
            "items": _object(
                ["captureId", "amount", "transactionStatusCode", "captureRemainingRefundableAmount"],
                captureId=UUID,
                amount=AMOUNT,
                transactionStatusCode={"const": "CLOSED"},
                captureRemainingRefundableAmount=AMOUNT,
            ),
        },
    ),
)
MESSAGES = _object(
    ["responseStatus", "responseCode", "responseMessage"],
    responseStatus={"const": "ERROR"},
    responseCode=_text(2, 50),
    responseMessage=SOME,
    validationErrors={
        "type": "array",
        "minItems": 1,
        "items": _object(["code", "message", "entity"], code=SOME, message=SOME, entity=SOME),
    },
)


def disagreements(schema: dict[str, Any], body: Any) -> list[str]:
    """Where `body` is not what `schema` says; empty when it is."""
    found = Draft202012Validator(schema).iter_errors(body)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]
