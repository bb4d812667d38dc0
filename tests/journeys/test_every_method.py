"""A sale by each method of the contract, from its caller to Chase's books and back."""

from typing import Any

import pytest

from tests.builders import VISA, a_google_pay_method, an_ach_method, an_apple_pay_method
from tests.contract import departures
from tests.house import House

CARD_BY_TOKEN = {"type": "card", "token": "4112344112340000", "expiry": {"month": 5, "year": 2029}}


@pytest.mark.parametrize(
    ("method", "state", "shown"),
    [
        (
            {"type": "card", "number": VISA, "expiry": {"month": 5, "year": 2029}},
            "authorized",
            {"type": "card", "brand": "visa", "last4": "4113"},
        ),
        (CARD_BY_TOKEN, "authorized", {"type": "card", "brand": None, "last4": None}),
        (an_ach_method(), "captured", {"type": "ach", "brand": None, "last4": "1156"}),
        (an_apple_pay_method(), "authorized", {"type": "applePay", "brand": None, "last4": None}),
        (a_google_pay_method(), "authorized", {"type": "googlePay", "brand": None, "last4": None}),
        (
            a_google_pay_method(protocolVersion="ECv1"),
            "authorized",
            {"type": "googlePay", "brand": None, "last4": None},
        ),
    ],
    ids=["a card", "a token for a card", "a bank account", "Apple Pay", "Google Pay", "Google Pay of old"],
)
async def test_is_charged_once_and_shown_without_what_is_secret(
    house: House, method: dict[str, Any], state: str, shown: dict[str, Any]
) -> None:
    sold = await house.sale("attempt-1", method=method)
    again = await house.sale("attempt-1", method=method)

    assert (sold.status, sold.body["state"], sold.body["method"]) == (201, state, shown)
    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    assert [charge["amount"] for charge in house.books()] == [12599]
    assert departures(sold, "Sale") == []


async def test_a_debit_counts_as_captured_once_it_is_accepted(house: House) -> None:
    sold = await house.sale("attempt-1", method=an_ach_method())

    assert (sold.body["capturedMinor"], sold.body["refundableMinor"], sold.body["captureConfirmed"]) == (
        12599,
        12599,
        True,
    )


async def test_a_debit_may_be_refunded_once_its_biller_s_hold_is_over(house: House) -> None:
    hold_days = house.settings.known_merchants()["city-water"].ach_refund_hold_days
    sold = await house.sale("attempt-1", method=an_ach_method())

    await house.clock.advance(hold_days * 24 * 3600 - 1)
    held = await house.payment(sold.body["id"])
    await house.clock.advance(1)
    over = await house.payment(sold.body["id"])

    assert hold_days > 0
    assert sold.body["allowedActions"] == held["allowedActions"] == []
    assert over["allowedActions"] == ["refund"]


@pytest.mark.parametrize("method", [an_ach_method(), an_apple_pay_method(), a_google_pay_method()])
async def test_a_lost_answer_is_asked_about_whatever_the_method(house: House, method: dict[str, Any]) -> None:
    house.simulator.fault("payment", "drop_after_processing")
    lost = await house.sale("attempt-1", method=method)

    await house.clock.advance(2)

    assert (lost.status, lost.body["state"]) == (202, "unknown")
    assert (await house.payment(lost.body["id"]))["state"] in ("authorized", "captured")
    assert len(house.books()) == 1
