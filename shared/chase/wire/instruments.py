"""What a payer pays with, in Chase's words: exactly one of `card`, `ach`, `applepay`, `googlepay`."""

from typing import Any, Final, assert_never

from shared.chase.wire.encoding import given
from shared.payments.requests import (
    AccountType,
    Ach,
    AchAuthorization,
    ApplePay,
    Card,
    GooglePay,
    Instrument,
    TokenType,
)

_NUMBER_TYPE: Final = {None: "PAN", TokenType.SAFETECH: "SAFETECH_TOKEN", TokenType.NETWORK: "NETWORK_TOKEN"}

# Open question for client testing: the specification says SAVING, another integration of this API sends SAVINGS.
SAVINGS_ACCOUNT: Final = "SAVING"
_ACCOUNT_TYPE: Final = {
    AccountType.CHECKING: "CHECKING",
    AccountType.SAVINGS: SAVINGS_ACCOUNT,
    AccountType.CORPORATE_CHECKING: "CORPORATE_CHECKING",
}
_AUTHORIZATION: Final = {
    AchAuthorization.WEB: "WEB",
    AchAuthorization.TEL: "TEL",
    AchAuthorization.RECURRING: "RECURRING",
}

# The other kinds ask Early Warning Services' database about the account: nobody has agreed to that for our payers.
_ACH_VERIFICATION: Final = "BASIC"

# Where the payer stood, in whole degrees. Sources differ on whether it may be left out, and on its value; we do not
# know where payers stand, so this is the placeholder that integrations which send one send.
WALLET_PLACE: Final = "1,1"


def payment_method(instrument: Instrument) -> dict[str, Any]:
    """`paymentMethodType` of a sale."""
    match instrument:
        case Card():
            return {"card": {**_card(instrument), "isBillPayment": True}}
        case Ach():
            return {"ach": _ach(instrument)}
        case ApplePay():
            return {"applepay": _apple_pay(instrument)}
        case GooglePay():
            return {"googlepay": _google_pay(instrument)}
        case _:  # pragma: no cover
            assert_never(instrument)


def verified_method(instrument: Card | Ach) -> dict[str, Any]:
    """`paymentMethodType` of a verification."""
    if isinstance(instrument, Card):
        return {"card": _card(instrument)}
    return {"ach": {**_ach(instrument), "achVerificationType": _ACH_VERIFICATION}}


def _card(card: Card) -> dict[str, Any]:
    return given(
        {
            "accountNumber": card.number.reveal(),
            "accountNumberType": _NUMBER_TYPE[card.token_type],
            "expiry": {"month": card.month, "year": card.year},
            "cvv": card.cvv.reveal() if card.cvv else None,
        }
    )


def _ach(ach: Ach) -> dict[str, Any]:
    return {
        "accountNumber": ach.account_number.reveal(),
        "financialInstitutionRoutingNumber": ach.routing_number,
        "accountType": _ACCOUNT_TYPE[ach.account_type],
        "paymentType": _AUTHORIZATION[ach.authorization],
    }


def _apple_pay(wallet: ApplePay) -> dict[str, Any]:
    # The two wallet fields are newer than the published specification; Chase's other integrations send them.
    header = given(
        {
            "ephemeralPublicKey": wallet.ephemeral_public_key,
            "publicKeyHash": wallet.public_key_hash,
            "walletTransactionId": wallet.transaction_id,
            "walletApplicationData": wallet.application_data,
        }
    )
    return _bundle(wallet.data.reveal(), wallet.signature.reveal(), wallet.version, header)


def _google_pay(wallet: GooglePay) -> dict[str, Any]:
    header = {"ephemeralPublicKey": wallet.ephemeral_public_key}
    return _bundle(wallet.signed_message.reveal(), wallet.signature.reveal(), wallet.protocol_version, header)


def _bundle(payload: str, signature: str, version: str, header: dict[str, Any]) -> dict[str, Any]:
    sealed = {
        "encryptedPayload": payload,
        "encryptedPaymentHeader": header,
        "signature": signature,
        "protocolVersion": version,
    }
    return {"latLong": WALLET_PLACE, "encryptedPaymentBundle": sealed}
