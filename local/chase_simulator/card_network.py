"""What a card network says of a payment: in the answer for a card, and for a wallet, where a card is behind it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from local.chase_simulator.exchange import Json
from local.chase_simulator.masks import masked_card
from local.chase_simulator.verdicts import Verdict
from shared.payments.cards import brand

# Only the brands whose codes Chase's specification names; for any other the fields are left out.
_TYPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({
    "visa": ("VI", "VISA"),
    "mastercard": ("MC", "MASTERCARD"),
    "amex": ("AX", "AMERICAN_EXPRESS"),
    "discover": ("DI", "DISCOVER"),
    "jcb": ("JC", "JCB"),
    "diners": ("DC", "DINERS_CLUB"),
})  # fmt: skip

_AVS_CODES: Final = MappingProxyType({"ADDRESS_POSTALCODE_MATCH": "Y", "ADDRESS_MATCH": "A", "POSTALCODE_MATCH": "Z"})


def card_data(number: str, card_verification: Json, request: Json, verdict: Verdict, serial: int) -> Json:
    """The card's type, its masked number and the network's response. `serial` differs between transactions."""
    code, name = _TYPES.get(brand(number) if number.isdigit() else "", ("", ""))
    typed: Json = {"cardType": code, "cardTypeName": name} if code else {}
    return {
        **typed,
        "maskedAccountNumber": masked_card(number),
        "cardTypeIndicators": {"issuanceCountryCode": "USA", "isDurbinRegulated": False},
        "networkResponse": {
            **_address_verification(request),
            **card_verification,
            "networkTransactionId": f"{serial % 10**15:015d}",
            "networkResponseCode": verdict.network_code,
            "additionalData": {
                "retrievalReferenceNumber": f"{serial % 10**12:012d}",
                "systemTraceAuditNumber": f"{serial % 10**6:06d}",
            },
        },
    }


def _address_verification(request: Json) -> Json:
    address = request.get("accountHolder", {}).get("billingAddress", {})
    parts = "".join(["ADDRESS_" if "line1" in address else "", "POSTALCODE_" if "postalCode" in address else ""])
    result = f"{parts}MATCH" if parts else "NOT_REQUESTED"
    code: Json = {"addressVerificationResultCode": _AVS_CODES[result]} if parts else {}
    return {"addressVerificationResult": result, **code}
