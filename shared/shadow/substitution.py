"""
What a shadow sale is made with: Chase's public test instruments, before anything is stored or queued.

One of the locks against real money, and alone enough: no test instrument can be charged. It is also why no payer's data
reaches a test system. Kept is what tells kinds of requests apart: brand, kind of account and token, a CVV's presence.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, assert_never

from shared.payments.cards import brand
from shared.payments.requests import (
    Ach,
    Address,
    ApplePay,
    Card,
    GooglePay,
    Instrument,
    Payer,
    SaleRequest,
    TokenType,
)
from shared.payments.secret import Secret

# Chase's test cards for the US and Canada, one a brand; a card of a brand that we do not know is a Visa card there.
TEST_CARDS: Final[Mapping[str, str]] = MappingProxyType({
    "visa":       "4112344112344113",
    "mastercard": "5112345112345114",
    "amex":       "371144371144376",
    "discover":   "6011016011016011",
    "diners":     "36438936438936",
    "jcb":        "3566003566003566",
    "unionpay":   "6221261111113245",
    "maestro":    "6706981111111113",
    "unknown":    "4112344112344113",
})  # fmt: skip
# Chase publishes no test tokens: a network token has a card number's form, one of Safetech's only has letters.
TEST_TOKENS: Final[Mapping[TokenType, str]] = MappingProxyType(
    {TokenType.NETWORK: TEST_CARDS["visa"], TokenType.SAFETECH: "TESTTOKEN4113"}
)
# Chase's test triggers for a match.
_CVV: Final = "111"
_AMEX_CVV: Final = "1111"
# Test cards are good in any month to come; this one outlives the rollout.
_EXPIRY_MONTH: Final = 12
_EXPIRY_YEAR: Final = 2049

# Chase's sample account.
TEST_ROUTING_NUMBER: Final = "122000247"
TEST_ACCOUNT_NUMBER: Final = "0888271156"

TEST_PAYER: Final = Payer(
    "Shadow", "Test", "shadow@example.com", Address("1 Test St", "Columbus", "OH", "43240", "USA")
)
# What callers write there may be about the payer.
_METADATA: Final = "test"


def substitute_request(request: SaleRequest) -> SaleRequest:
    """
    The same sale with nothing of its payer: amount, biller, reference and descriptor stay, for they are compared.

    As many metadata go along as came, without their names and texts. Whether a real card has expired must be asked
    before: what is made here never has.
    """
    return replace(
        request,
        method=substitute(request.method),
        payer=replace(TEST_PAYER, address=replace(TEST_PAYER.address, line2=request.payer.address.line2 and "Unit 1")),
        metadata={f"{_METADATA}{number}": _METADATA for number, _ in enumerate(request.metadata, 1)},
    )


def substitute(instrument: Instrument) -> Instrument:
    """A test instrument of the same kind and brand; nothing of `instrument` remains in it."""
    match instrument:
        case Card():
            return _card(instrument)
        case Ach():
            return replace(instrument, routing_number=TEST_ROUTING_NUMBER, account_number=Secret(TEST_ACCOUNT_NUMBER))
        case ApplePay():
            return _apple_pay(instrument)
        case GooglePay():
            return _google_pay(instrument)
        case _:  # pragma: no cover
            assert_never(instrument)


def _card(card: Card) -> Card:
    if card.token_type is not None:
        number, cvv = TEST_TOKENS[card.token_type], _CVV
    else:
        name = brand(card.number.reveal())
        number, cvv = TEST_CARDS[name], _AMEX_CVV if name == "amex" else _CVV
    return Card(Secret(number), _EXPIRY_MONTH, _EXPIRY_YEAR, Secret(cvv) if card.cvv else None, card.token_type)


def _apple_pay(wallet: ApplePay) -> ApplePay:
    return ApplePay(
        version="EC_v1",
        data=Secret(_sealed("data")),
        signature=Secret(_sealed("signature")),
        ephemeral_public_key=_sealed("ephemeral public key"),
        public_key_hash=_sealed("public key hash"),
        transaction_id="7e57" * 16,
        application_data="7e57" * 16 if wallet.application_data else None,
    )


def _google_pay(wallet: GooglePay) -> GooglePay:
    key = _sealed("ephemeral public key")
    message = {"encryptedMessage": _sealed("data"), "ephemeralPublicKey": key, "tag": _sealed("tag")}
    return GooglePay(
        protocol_version="ECv1" if wallet.protocol_version == "ECv1" else "ECv2",
        signed_message=Secret(json.dumps(message)),
        signature=Secret(_sealed("signature")),
        ephemeral_public_key=key,
    )


def _sealed(what: str) -> str:
    """A text of the right form that no wallet ever sealed."""
    return base64.b64encode(f"a test bundle's {what}, sealed by nobody".encode()).decode("ascii")
