"""Void, capture and refund as they go out: each whole, and each of a part."""

import json

from shared.chase.wire.follow_ups import capture_body, refund_body, void_body
from shared.payments.money import Money
from tests.chase.full_answers import SALE_ID
from tests.chase.wire.bodies import SOFTWARE

REFERENCE = {"transactionReference": {"transactionReferenceId": SALE_ID}}


def test_a_void_says_so_and_nothing_else() -> None:
    assert json.loads(void_body()) == {"isVoid": True}


class TestACapture:
    def test_of_all_names_no_amount(self) -> None:
        assert json.loads(capture_body(None)) == {"captureMethod": "NOW"}

    def test_of_a_part_is_the_only_one(self) -> None:
        body = json.loads(capture_body(Money(1000, "USD")))

        assert body == {"captureMethod": "NOW", "amount": 1000, "isAmountFinal": True}


class TestARefund:
    def test_of_all_names_the_sale_and_no_amount(self) -> None:
        body = json.loads(refund_body(SALE_ID, None))

        assert body == {"merchant": {"merchantSoftware": SOFTWARE}, "paymentMethodType": REFERENCE}

    def test_of_a_part_names_amount_and_currency_too(self) -> None:
        body = json.loads(refund_body(SALE_ID, Money(900, "USD")))

        assert body == {
            "amount": 900,
            "currency": "USD",
            "merchant": {"merchantSoftware": SOFTWARE},
            "paymentMethodType": REFERENCE,
        }
