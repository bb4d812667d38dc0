"""Cards: what Chase takes, what may be kept of one, and what it says of one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from local.chase_simulator.card_network import card_data
from local.chase_simulator.exchange import Json
from local.chase_simulator.masks import masked_card
from local.chase_simulator.validation import anything, boolean, integer, one_of, record, text
from local.chase_simulator.verdicts import APPROVED, PARTLY_APPROVED, Verdict, card_verdict_on

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
# Chase's test cards that an issuer approves in part, where the merchant says that it takes a part.
_PARTIAL_CARDS: Final = frozenset({"4444444444444455", "5555555555555565"})


def kept(card: Json) -> Json:
    """The card without what may not be kept: its number masked, its CVV and cryptogram only as being there."""
    rest = {name: value for name, value in card.items() if name not in ("accountNumber", "cvv", "authentication")}
    return {
        **rest,
        "accountNumber": masked_card(card["accountNumber"]),
        "cvv": "cvv" in card,
        "authentication": "authentication" in card,
    }


def verdict(card: Json, request: Json) -> Verdict:
    """The issuer's, by the amount; and by the card, if it is one of those that are only approved in part."""
    amount = request["amount"]
    told = card_verdict_on(amount)
    partly = card["accountNumber"] in _PARTIAL_CARDS and request.get("partialAuthorizationSupport") == "SUPPORTED"
    return PARTLY_APPROVED if told is APPROVED and partly and amount > 1 else told


def answered(card: Json, request: Json, verdict: Verdict, serial: int) -> Json:
    """Chase's `paymentMethodType.card`. `serial` is any number that differs from transaction to transaction."""
    return card_data(card["accountNumber"], _card_verification(card), request, verdict, serial)


def _card_verification(card: Json) -> Json:
    if "cvv" not in card:
        return {"cardVerificationResult": "NOT_PRESENT"}
    amex = card["accountNumber"][:2] in ("34", "37")
    result = _CVV_RESULTS.get((amex, card["cvv"]), "MATCH")
    return {"cardVerificationResult": result, "cardVerificationResultCode": _CVV_CODES[result]}
