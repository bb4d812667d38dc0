"""What a caller may ask for, already checked. Instruments hold their digits as Secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shared.payments.cards import brand
from shared.payments.money import Money
from shared.payments.payment import Method
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
    method: Card
    payer: Payer
    initiator: Initiator
    statement_descriptor: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merchant:
    """
    A biller as Chase knows it (setting MERCHANTS).

    `capture_delay` is True for `captureMethod: DELAYED`: a NOW sale cannot be voided, only refunded.
    """

    biller_id: str
    merchant_id: str
    currencies: frozenset[str]
    capture_delay: bool = True
    statement_descriptor: str | None = None
    soft_merchant_name: str | None = None
    category_code: str | None = None


def kept_of(card: Card) -> Method:
    """What may be stored and shown of a card: its brand and last four digits; of a token, neither."""
    if card.token_type is not None:
        return Method(type=MethodType.CARD)
    return Method(type=MethodType.CARD, brand=brand(card.number.reveal()), last4=card.number.last4())
