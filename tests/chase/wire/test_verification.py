"""A verification as it goes out: no amount, and nothing that speaks of a bill."""

import json
from typing import Any

from shared.chase.wire.verification import verification_body
from shared.payments.requests import Ach, Card, Payer
from tests.chase.desk import a_card, a_merchant, an_ach, an_address
from tests.chase.wire.bodies import SOFTWARE

ADA = Payer("Ada", "Byron", "ada@example.com", an_address())
HOLDER = {
    "firstName": "Ada",
    "lastName": "Byron",
    "fullName": "Ada Byron",
    "email": "ada@example.com",
    "billingAddress": {
        "line1": "1 Main St",
        "city": "Boston",
        "state": "MA",
        "postalCode": "02110",
        "countryCode": "USA",
    },
}


def body_of(instrument: Card | Ach, **merchant: object) -> Any:
    return json.loads(verification_body(instrument, ADA, a_merchant(**merchant), "USD"))


def test_of_a_card_with_every_field() -> None:
    body = body_of(a_card(), soft_merchant_name="City Water", category_code="4900")

    assert body == {
        "currency": "USD",
        "merchant": {
            "merchantSoftware": SOFTWARE,
            "merchantCategoryCode": "4900",
            "softMerchant": {"name": "City Water"},
        },
        "accountHolder": HOLDER,
        "paymentMethodType": {
            "card": {
                "accountNumber": "4112344112344113",
                "accountNumberType": "PAN",
                "expiry": {"month": 5, "year": 2029},
                "cvv": "011",
            }
        },
    }


def test_of_a_card_with_the_fewest_fields() -> None:
    body = body_of(a_card(cvv=None))

    assert body == {
        "currency": "USD",
        "merchant": {"merchantSoftware": SOFTWARE},
        "accountHolder": HOLDER,
        "paymentMethodType": {
            "card": {
                "accountNumber": "4112344112344113",
                "accountNumberType": "PAN",
                "expiry": {"month": 5, "year": 2029},
            }
        },
    }


def test_of_a_bank_account_asks_for_the_plainest_kind() -> None:
    body = body_of(an_ach())

    assert body == {
        "currency": "USD",
        "merchant": {"merchantSoftware": SOFTWARE},
        "accountHolder": HOLDER,
        "paymentMethodType": {
            "ach": {
                "accountNumber": "0888271156",
                "financialInstitutionRoutingNumber": "122000247",
                "accountType": "CHECKING",
                "paymentType": "WEB",
                "achVerificationType": "BASIC",
            }
        },
    }
