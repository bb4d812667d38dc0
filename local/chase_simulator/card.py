"""Cards: what Chase takes, what may be kept of one, and what it says of one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from local.chase_simulator.validation import anything, boolean, integer, one_of, record, text
from local.chase_simulator.verdicts import Verdict
from shared.payments.cards import brand

Json = Mapping[str, Any]

RULE: Final = record(
    {"accountNumber": text(1, 19, r"[A-Za-z0-9]+")},
    {
        "expiry": record({"month": integer(1, 12), "year": integer(1000, 9999)}),
        "cvv": text(3, 6, r"[0-9]{3,6}"),
        "accountNumberType": one_of(
            "PAN", "NETWORK_TOKEN", "DEVICE_TOKEN", "SAFETECH_TOKEN", "SAFETECH_ENCRYPTION", "SAFETECH_PAGE_ENCRYPTION"
        ),
        "walletProvider": one_of("APPLE_PAY", "GOOGLE_PAY", "PAZE"),
        "isBillPayment": boolean(),
        "originalNetworkTransactionId": text(4, 40),
        "authentication": record(
            {},
            {
                "threeDS": anything(dict),
                "electronicCommerceIndicator": text(1),
                "tokenAuthenticationValue": text(1, 40),
                "SCAExemptionReason": text(1),
            },
        ),
        "merchantSalesChannelName": one_of("MAIL_ORDER_TELEPHONE_ORDER", "INTERNET", "INTERACTIVE_VOICE_RESPONSE"),
        "merchantPreferredRouting": one_of("PINLESS", "CREDIT"),
        "accountUpdater": record({}, {"requestAccountUpdater": boolean()}),
        "encryptionIntegrityCheck": text(1),
    },
)

# Only the brands whose codes Chase's specification names; for any other the fields are left out.
_TYPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({
    "visa": ("VI", "VISA"),
    "mastercard": ("MC", "MASTERCARD"),
    "amex": ("AX", "AMERICAN_EXPRESS"),
    "discover": ("DI", "DISCOVER"),
    "jcb": ("JC", "JCB"),
    "diners": ("DC", "DINERS_CLUB"),
})  # fmt: skip

# (an Amex?, cvv) -> result. Chase's test table, as far as it is public; it shows 611 and 612 for Discover, Diners and
# JCB, and its rows for Visa and Mastercard are not known: they use the same numbers here. Anything else matches.
_CVV_RESULTS: Final[Mapping[tuple[bool, str], str]] = MappingProxyType({
    (False, "111"): "MATCH",
    (False, "611"): "NO_MATCH",
    (False, "612"): "NOT_PROCESSED",
    (True, "1111"): "MATCH",
    (True, "3111"): "NO_MATCH",
    (True, "3112"): "NOT_PROCESSED",
})  # fmt: skip
_CVV_CODES: Final = MappingProxyType({"MATCH": "M", "NO_MATCH": "N", "NOT_PROCESSED": "P"})
_AVS_CODES: Final = MappingProxyType({"ADDRESS_POSTALCODE_MATCH": "Y", "ADDRESS_MATCH": "A", "POSTALCODE_MATCH": "Z"})

# First six and last four digits are what PCI DSS lets be shown; of a number too short for both, only the last four.
_LONG_ENOUGH: Final = 13


def masked(number: str) -> str:
    """`411234XXXXXX4113`."""
    if len(number) < _LONG_ENOUGH:
        return "X" * (len(number) - 4) + number[-4:] if len(number) > 8 else "X" * len(number)
    return number[:6] + "X" * (len(number) - 10) + number[-4:]


def kept(card: Json) -> Json:
    """The card without what may not be kept: its number masked, its CVV and cryptogram only as being there."""
    rest = {name: value for name, value in card.items() if name not in ("accountNumber", "cvv", "authentication")}
    return {
        **rest,
        "accountNumber": masked(card["accountNumber"]),
        "cvv": "cvv" in card,
        "authentication": "authentication" in card,
    }


def answered(card: Json, request: Json, verdict: Verdict, serial: int) -> Json:
    """Chase's `paymentMethodType.card`. `serial` is any number that differs from transaction to transaction."""
    number = card["accountNumber"]
    code, name = _TYPES.get(brand(number) if number.isdigit() else "", ("", ""))
    typed: Json = {"cardType": code, "cardTypeName": name} if code else {}
    return {
        **typed,
        "maskedAccountNumber": masked(number),
        "cardTypeIndicators": {"issuanceCountryCode": "USA", "isDurbinRegulated": False},
        "networkResponse": _network_response(card, request, verdict, serial),
    }


def _network_response(card: Json, request: Json, verdict: Verdict, serial: int) -> Json:
    return {
        **_address_verification(request),
        **_card_verification(card),
        "networkTransactionId": f"{serial % 10**15:015d}",
        "networkResponseCode": verdict.network_code,
        "additionalData": {
            "retrievalReferenceNumber": f"{serial % 10**12:012d}",
            "systemTraceAuditNumber": f"{serial % 10**6:06d}",
        },
    }


def _address_verification(request: Json) -> Json:
    address = request.get("accountHolder", {}).get("billingAddress", {})
    parts = "".join(["ADDRESS_" if "line1" in address else "", "POSTALCODE_" if "postalCode" in address else ""])
    result = f"{parts}MATCH" if parts else "NOT_REQUESTED"
    code: Json = {"addressVerificationResultCode": _AVS_CODES[result]} if parts else {}
    return {"addressVerificationResult": result, **code}


def _card_verification(card: Json) -> Json:
    if "cvv" not in card:
        return {"cardVerificationResult": "NOT_PRESENT"}
    amex = card["accountNumber"][:2] in ("34", "37")
    result = _CVV_RESULTS.get((amex, card["cvv"]), "MATCH")
    return {"cardVerificationResult": result, "cardVerificationResultCode": _CVV_CODES[result]}
