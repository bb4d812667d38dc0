"""What a caller may ask for, already checked. Instruments hold their digits as Secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from shared.payments.cards import brand
from shared.payments.money import Money
from shared.payments.payment import Method, Payment
from shared.payments.secret import Secret


class MethodType(StrEnum):
    CARD = "card"
    ACH = "ach"
    APPLE_PAY = "applePay"
    GOOGLE_PAY = "googlePay"


class TokenType(StrEnum):
    """What kind of token stands in for a card number."""

    SAFETECH = "safetech"
    NETWORK = "network"


class Initiator(StrEnum):
    PAYER = "payer"
    BILLER = "biller"


@dataclass(frozen=True, slots=True)
class Card:
    """
    A card, by its number or by a token for it. `month` is 1-12, `year` has four digits.

    `cvv` lives only as long as the call to Chase; neither it nor the number is ever stored.
    """

    number: Secret
    month: int
    year: int
    cvv: Secret | None = None
    token_type: TokenType | None = None

    def expired(self, now: datetime) -> bool:
        """Whether the card's month is over everywhere on Earth (its last day ends at UTC-12)."""
        return (self.year, self.month) < ((latest := now - timedelta(hours=12)).year, latest.month)


class AccountType(StrEnum):
    CHECKING = "checking"
    SAVINGS = "savings"
    CORPORATE_CHECKING = "corporateChecking"


class AchAuthorization(StrEnum):
    """How the payer authorized the debit (Nacha's standard entry class)."""

    WEB = "web"
    TEL = "tel"
    RECURRING = "recurring"


@dataclass(frozen=True, slots=True)
class Ach:
    """A bank account to be debited. `routing_number` is an ABA number of nine digits whose check digit is right."""

    routing_number: str
    account_number: Secret
    account_type: AccountType
    authorization: AchAuthorization


@dataclass(frozen=True, slots=True)
class ApplePay:
    """Apple's `PKPaymentToken.paymentData`, sealed: Chase opens it. All text is as Apple sent it."""

    version: str
    data: Secret
    signature: Secret
    ephemeral_public_key: str
    public_key_hash: str
    transaction_id: str
    application_data: str | None = None


@dataclass(frozen=True, slots=True)
class GooglePay:
    """
    Google's payment token, sealed: Chase opens it.

    `signed_message` is the raw JSON string, as signed; `signature` is the intermediate signing key's for ECv2, the
    token's own for ECv1.
    """

    protocol_version: str
    signed_message: Secret
    signature: Secret
    ephemeral_public_key: str


Instrument = Card | Ach | ApplePay | GooglePay


@dataclass(frozen=True, slots=True)
class Address:
    """`country` is ISO 3166 alpha-3, as Chase wants it (`USA`)."""

    line1: str
    city: str
    state: str
    postal_code: str
    country: str
    line2: str | None = None


@dataclass(frozen=True, slots=True)
class Payer:
    first_name: str
    last_name: str
    email: str
    address: Address


@dataclass(frozen=True, slots=True)
class SaleRequest:
    """One try to collect one bill."""

    biller_id: str
    reference: str
    amount: Money
    method: Instrument
    payer: Payer
    initiator: Initiator
    statement_descriptor: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merchant:
    """
    A biller as Chase knows it (setting MERCHANTS).

    `capture_delay` is True for `captureMethod: DELAYED`: a NOW sale cannot be voided, only refunded. A bank debit may
    be refunded after `ach_refund_hold_days`: one that bounces after its refund pays twice. `queued_when_down` are the
    kinds of instrument whose sales wait with us while Chase is down (Keepable); all others wait with their caller.
    `shadow` says that the merchant id is one for tests.
    """

    biller_id: str
    merchant_id: str
    currencies: frozenset[str]
    capture_delay: bool = True
    statement_descriptor: str | None = None
    soft_merchant_name: str | None = None
    category_code: str | None = None
    ach_refund_hold_days: int = 0
    shadow: bool = False
    queued_when_down: frozenset["Keepable"] = frozenset()


def merchant_of(payment: Payment) -> Merchant:
    """
    The merchant that the payment was begun with, as far as asking about it goes.

    Settings may name another merchant id by now, or have lost the biller: under that, Chase would know nothing of it.
    """
    currencies, shadow = frozenset({payment.amount.currency}), payment.mode == "shadow"
    return Merchant(payment.biller_id, payment.merchant_id, currencies, shadow=shadow)


class Keepable(StrEnum):
    """What may wait with us, sealed: never a card number (its CVV may not be kept), nor a wallet's bundle (it ages)."""

    ACH = "ach"
    TOKEN = "token"  # noqa: S105 - a kind of instrument


def keepable(instrument: Instrument) -> Keepable | None:
    """As what the instrument may wait with us; None where it may not."""
    match instrument:
        case Ach():
            return Keepable.ACH
        case Card(token_type=TokenType()):
            return Keepable.TOKEN
        case _:
            return None


def kept_of(instrument: Instrument) -> Method:
    """What may be stored and shown of an instrument: never more than a brand and four digits."""
    match instrument:
        case Card(token_type=None):
            digits = instrument.number
            return Method(type=MethodType.CARD, brand=brand(digits.reveal()), last4=digits.last4())
        case Card():
            return Method(type=MethodType.CARD)
        case Ach():
            return Method(type=MethodType.ACH, last4=instrument.account_number.last4())
        case ApplePay():
            return Method(type=MethodType.APPLE_PAY)
        case GooglePay():
            return Method(type=MethodType.GOOGLE_PAY)
        case _:  # pragma: no cover
            assert_never(instrument)
