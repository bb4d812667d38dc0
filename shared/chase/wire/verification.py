"""The body of a verification: is this instrument one, and its payer's. No money is held."""

from shared.chase.wire.encoding import encoded
from shared.chase.wire.instruments import verified_method
from shared.chase.wire.parties import account_holder, merchant_fields
from shared.payments.requests import Ach, Card, Merchant, Payer


def verification_body(instrument: Card | Ach, payer: Payer, merchant: Merchant, currency: str) -> bytes:
    """`currency` (ISO 4217) is required though there is no amount."""
    return encoded(
        {
            "currency": currency,
            "merchant": merchant_fields(merchant),
            "accountHolder": account_holder(payer),
            "paymentMethodType": verified_method(instrument),
        }
    )
