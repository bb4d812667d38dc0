"""The parts that Chase's bodies are made of, as JSON Schema: what a merchant sends, and what Chase says of it."""

from typing import Any


def text(least: int, most: int | None = None, pattern: str | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": least}
    # Not `$`, which Python, unlike JSON Schema, also takes to mean before a last line feed.
    return schema | ({"maxLength": most} if most else {}) | ({"pattern": rf"^(?:{pattern})\Z"} if pattern else {})


def whole(least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most}


def an_object(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required or [], "properties": properties, "additionalProperties": False}


def exactly_one(**properties: Any) -> dict[str, Any]:
    return {**an_object(**properties), "minProperties": 1, "maxProperties": 1}


TEXT = {"type": "string"}
SOME = text(1)
BOOLEAN = {"type": "boolean"}
AMOUNT = whole(0, 999_999_999_999)
CURRENCY = text(3, 3, "[A-Z]{3}")
MOMENT = text(24, 24, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID = text(36, 36, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ORDER_NUMBER = text(1, 40, "[A-Za-z0-9 .-]*")
DESCRIPTOR = text(4, 100)
INITIATOR = {"enum": ["CARDHOLDER", "MERCHANT"]}
ON_FILE = {"enum": ["NOT_STORED", "STORED", "TO_BE_STORED"]}
CAPTURE_METHOD = {"enum": ["NOW", "DELAYED", "MANUAL"]}

ADDRESS = an_object(
    line1=text(1, 40),
    line2=text(1, 40),
    city=text(1, 40),
    state=text(2, 3),
    postalCode=text(3, 12, r"[a-zA-Z0-9]+(-|\s?)[a-zA-Z0-9]+"),
    countryCode=text(3, 3, "[A-Z]{3}"),
)
PHONE = an_object(countryCode=whole(0, 999), phoneNumber=text(1, 12))
ACCOUNT_HOLDER = an_object(
    referenceId=text(1, 25),
    fullName=text(4, 70),
    firstName=text(1, 70),
    middleName=text(1, 70),
    lastName=text(1, 70),
    email=text(6, 60),
    phone=PHONE,
    mobile=PHONE,
    IPAddress=text(1, 40),
    billingAddress=ADDRESS,
)
SOFTWARE = an_object(
    ["companyName", "productName"],
    companyName=text(1, 256, "[^<>{}]*"),
    productName=text(1, 256, "[^<>{}]*"),
    version=text(1, 50, "[^<>{}]*"),
)
MERCHANT_FIELDS: dict[str, Any] = {
    "merchantSoftware": SOFTWARE,
    "merchantCategoryCode": text(4, 4, "[0-9]{4}"),
    "softMerchant": an_object(
        name=SOME, phone=SOME, email=SOME, url=SOME, address=ADDRESS, merchantPurchaseDescription=SOME
    ),
}
MERCHANT = an_object(["merchantSoftware"], **MERCHANT_FIELDS)
MERCHANT_ANSWER = an_object(["merchantId", "merchantSoftware"], merchantId=text(8, 12), **MERCHANT_FIELDS)
RECURRING = an_object(
    recurringSequence={"enum": ["FIRST", "SUBSEQUENT"]},
    agreementId=text(1, 100),
    paymentAgreementExpiryDate=SOME,
    isVariableAmount=BOOLEAN,
)

CARD = an_object(
    ["accountNumber"],
    accountNumber=text(1, 19, "[A-Za-z0-9]+"),
    expiry=an_object(["month", "year"], month=whole(1, 12), year=whole(1000, 9999)),
    cvv=text(3, 6, "[0-9]{3,6}"),
    accountNumberType={
        "enum": [
            *("PAN", "NETWORK_TOKEN", "DEVICE_TOKEN"),
            *("SAFETECH_TOKEN", "SAFETECH_ENCRYPTION", "SAFETECH_PAGE_ENCRYPTION"),
        ]
    },
    walletProvider={"enum": ["APPLE_PAY", "GOOGLE_PAY", "PAZE"]},
    isBillPayment=BOOLEAN,
    originalNetworkTransactionId=text(4, 40),
    authentication=an_object(
        threeDS={"type": "object"},
        electronicCommerceIndicator=SOME,
        tokenAuthenticationValue=text(1, 40),
        SCAExemptionReason=SOME,
    ),
    merchantSalesChannelName={"enum": ["MAIL_ORDER_TELEPHONE_ORDER", "INTERNET", "INTERACTIVE_VOICE_RESPONSE"]},
    merchantPreferredRouting={"enum": ["PINLESS", "CREDIT"]},
    accountUpdater=an_object(requestAccountUpdater=BOOLEAN),
    encryptionIntegrityCheck=SOME,
)
ROUTING_NUMBER = text(9, 9, "[0-9]{9}")
ACH_KIND: dict[str, Any] = {
    "financialInstitutionRoutingNumber": ROUTING_NUMBER,
    "accountType": {"enum": ["CHECKING", "SAVING", "CORPORATE_CHECKING"]},
    "paymentType": {"enum": ["WEB", "TEL", "RECURRING"]},
}
ACH_REQUIRED = ["accountNumber", "financialInstitutionRoutingNumber"]
ACH = an_object(ACH_REQUIRED, accountNumber=text(1, 19, "[A-Za-z0-9]+"), **ACH_KIND)
ACH_VERIFICATION = an_object(
    ACH_REQUIRED,
    accountNumber=text(1, 19, "[A-Za-z0-9]+"),
    **ACH_KIND,
    achVerificationType={"enum": ["BASIC", "ACCOUNT_STATUS", "ACCOUNT_OWNER", "PRE_NOTE_CREDIT", "PRE_NOTE_DEBIT"]},
    last4SSN=text(4, 4, "[0-9]{4}"),
    individualBirthDate=SOME,
    consumerVerificationId=SOME,
    consumerVerificationIdType=SOME,
    consumerVerificationIdState=SOME,
)
BASE64 = text(4, None, r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)")
LAT_LONG = text(3, 21, "-?[0-9]{1,3},-?[0-9]{1,3}")
BUNDLE_REQUIRED = ["encryptedPayload", "signature", "protocolVersion", "encryptedPaymentHeader"]
APPLE_PAY = an_object(
    ["latLong", "encryptedPaymentBundle"],
    latLong=LAT_LONG,
    encryptedPaymentBundle=an_object(
        BUNDLE_REQUIRED,
        encryptedPayload=BASE64,
        signature=BASE64,
        protocolVersion={"const": "EC_v1"},
        encryptedPaymentHeader=an_object(
            ["ephemeralPublicKey", "publicKeyHash", "walletTransactionId"],
            ephemeralPublicKey=BASE64,
            publicKeyHash=BASE64,
            walletTransactionId=text(1, None, "[0-9A-Fa-f]+"),
            walletApplicationData=SOME,
        ),
    ),
)
GOOGLE_PAY = an_object(
    ["latLong", "encryptedPaymentBundle"],
    latLong=LAT_LONG,
    encryptedPaymentBundle=an_object(
        BUNDLE_REQUIRED,
        encryptedPayload=text(2),
        signature=BASE64,
        protocolVersion={"enum": ["ECv1", "ECv2"]},
        encryptedPaymentHeader=an_object(["ephemeralPublicKey"], ephemeralPublicKey=BASE64),
    ),
)

AVS = {
    "enum": [
        *("ADDRESS_MATCH", "ADDRESS_POSTALCODE_MATCH", "NAME_ADDRESS_MATCH", "NAME_MATCH", "NAME_POSTALCODE_MATCH"),
        *("NO_MATCH", "NOT_AVAILABLE", "NOT_REQUESTED", "NOT_VERIFIED", "POSTALCODE_MATCH"),
        *("SERVICE_NOT_AVAILABLE_RETRY", "SERVICE_NOT_SUPPORTED"),
    ]
}
NETWORK_RESPONSE = an_object(
    ["addressVerificationResult", "cardVerificationResult", "networkTransactionId"],
    addressVerificationResult=AVS,
    addressVerificationResultCode=SOME,
    cardVerificationResult={"enum": ["MATCH", "NO_MATCH", "NOT_PRESENT", "NOT_PROCESSED", "NOT_SUPPORTED"]},
    cardVerificationResultCode=SOME,
    networkTransactionId=text(15, 15, r"\d{15}"),
    networkResponseCode=text(2, 2),
    additionalData=an_object(retrievalReferenceNumber=SOME, systemTraceAuditNumber=SOME),
)
CARD_DATA: dict[str, Any] = {
    "cardType": {"enum": ["VI", "MC", "AX", "DI", "JC", "DC"]},
    "cardTypeName": SOME,
    "maskedAccountNumber": text(13, 19, r"\d{6}X+\d{4}"),
    "cardTypeIndicators": an_object(issuanceCountryCode=SOME, isDurbinRegulated=BOOLEAN),
}
CARD_REQUIRED = ["cardType", "cardTypeName", "maskedAccountNumber"]
# What Chase says of a payment method: with the network's words, and, in a refund, without.
CARD_ANSWER = an_object([*CARD_REQUIRED, "networkResponse"], **CARD_DATA, networkResponse=NETWORK_RESPONSE)
CARD_MENTIONED = an_object(CARD_REQUIRED, **CARD_DATA)
WALLET_ANSWER = an_object(
    [*CARD_REQUIRED, "latLong", "networkResponse"], **CARD_DATA, latLong=LAT_LONG, networkResponse=NETWORK_RESPONSE
)
WALLET_MENTIONED = an_object([*CARD_REQUIRED, "latLong"], **CARD_DATA, latLong=LAT_LONG)
ACH_ANSWER = an_object(
    ["maskedAccountNumber", "financialInstitutionRoutingNumber"],
    maskedAccountNumber=text(1, 19, "X+[0-9A-Za-z]{0,4}"),
    **ACH_KIND,
)
