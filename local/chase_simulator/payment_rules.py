"""What POST /payments takes: the fields of Chase's published specification, with their limits."""

from collections.abc import Iterator, Mapping
from typing import Final

from local.chase_simulator.instruments import INSTRUMENTS, instrument_problems
from local.chase_simulator.validation import (
    Problem,
    Rule,
    boolean,
    exactly_one,
    integer,
    list_of,
    one_of,
    record,
    text,
)

AMOUNT_MAX: Final = 999_999_999_999  # minor units

_PRINTED = r"[^<>{}]*"
_NAME = text(1, 70)

ADDRESS: Final[Rule] = record(
    {},
    {
        "line1": text(1, 40),
        "line2": text(1, 40),
        "city": text(1, 40),
        "state": text(2, 3),
        "postalCode": text(3, 12, r"[a-zA-Z0-9]+(-|\s?)[a-zA-Z0-9]+"),
        "countryCode": text(3, 3, r"[A-Z]{3}"),
    },
)
_PHONE = record({}, {"countryCode": integer(0, 999), "phoneNumber": text(1, 12)})
ACCOUNT_HOLDER: Final[Rule] = record(
    {},
    {
        "referenceId": text(1, 25),
        "fullName": text(4, 70),
        "firstName": _NAME,
        "middleName": _NAME,
        "lastName": _NAME,
        "email": text(6, 60),
        "phone": _PHONE,
        "mobile": _PHONE,
        "IPAddress": text(1, 40),
        "billingAddress": ADDRESS,
    },
)
_SOFTWARE = record(
    {"companyName": text(1, 256, _PRINTED), "productName": text(1, 256, _PRINTED)}, {"version": text(1, 50, _PRINTED)}
)
_SOFT_MERCHANT = record(
    {},
    {
        "name": text(1),
        "phone": text(1),
        "email": text(1),
        "url": text(1),
        "address": ADDRESS,
        "merchantPurchaseDescription": text(1),
    },
)
MERCHANT: Final[Rule] = record(
    {"merchantSoftware": _SOFTWARE},
    {"merchantCategoryCode": text(4, 4, r"[0-9]{4}"), "softMerchant": _SOFT_MERCHANT},
)
RECURRING: Final[Rule] = record(
    {},
    {
        "recurringSequence": one_of("FIRST", "SUBSEQUENT"),
        "agreementId": text(1, 100),
        "paymentAgreementExpiryDate": text(1),
        "isVariableAmount": boolean(),
    },
)
_METADATA = record({}, {"metadataAttribute": text(), "metadataAttributeValue": text()})

_PAYMENT = record(
    {
        "amount": integer(0, AMOUNT_MAX),
        "currency": text(3, 3, r"[A-Z]{3}"),
        "merchant": MERCHANT,
        "paymentMethodType": exactly_one({name: instrument.rule for name, instrument in INSTRUMENTS.items()}),
    },
    {
        "captureMethod": one_of("NOW", "DELAYED", "MANUAL"),
        "isCapture": boolean(),
        "merchantOrderNumber": text(1, 40, r"[A-Za-z0-9 .-]*"),
        "statementDescriptor": text(4, 100),
        "initiatorType": one_of("CARDHOLDER", "MERCHANT"),
        "accountOnFile": one_of("NOT_STORED", "STORED", "TO_BE_STORED"),
        "isAmountFinal": boolean(),
        "partialAuthorizationSupport": one_of("SUPPORTED", "NOT_SUPPORTED"),
        "recurring": RECURRING,
        "authorizationPurpose": one_of("DELAYED_CHARGE", "NO_SHOW", "RESUBMISSION", "REAUTHORIZATION"),
        "accountHolder": ACCOUNT_HOLDER,
        "paymentMetadataList": list_of(_METADATA),
    },
)


def payment_problems(body: Mapping[str, object]) -> Iterator[Problem]:
    """Each thing wrong with a payment request; a payment that the merchant begins needs an account on file."""
    wrong = [*_PAYMENT(body, "")]
    yield from wrong or instrument_problems(body)
    if body.get("initiatorType") == "MERCHANT" and body.get("accountOnFile") != "STORED":
        yield Problem("REQUIRED", "must be STORED when the merchant is the initiator", "accountOnFile")
