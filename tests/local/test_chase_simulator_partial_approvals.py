"""Partial approvals: asked for with Chase's test cards, or forced by an amount of our own."""

import pytest

from tests.local.chase_bodies import a_google_pay_payment, a_refund, an_ach_payment, an_apple_pay_payment
from tests.local.chase_calls import VISA, a_card, a_payment
from tests.local.chase_schema import PAYMENT_ANSWER, disagreements

PARTIAL_CARDS = ("4444444444444455", "5555555555555565")
FORCED = 77700


@pytest.mark.parametrize("number", PARTIAL_CARDS)
async def test_the_test_cards_are_approved_in_part_where_that_is_supported(merchant, number) -> None:
    request_body = a_payment(card=a_card(number), partialAuthorizationSupport="SUPPORTED")

    body = (await merchant.pay("request-1", request_body)).body

    assert (body["responseStatus"], body["responseCode"]) == ("SUCCESS", "PARTIAL_APPROVAL")
    assert (body["transactionState"], body["partialAuthorization"]) == ("AUTHORIZED", True)
    assert (body["amount"], body["totalAuthorizedAmount"], body["remainingAuthAmount"]) == (6299, 6299, 6299)
    assert body["paymentRequest"]["authorizations"][0]["amount"] == 6299
    assert disagreements(PAYMENT_ANSWER, body) == []
    assert (await merchant.find("request-1")).body == body
    assert merchant.simulator.books()[0]["amount"] == 6299


@pytest.mark.parametrize(
    ("number", "support", "amount"),
    [
        (PARTIAL_CARDS[0], "NOT_SUPPORTED", 12599),
        (PARTIAL_CARDS[0], None, 12599),
        (VISA, "SUPPORTED", 12599),
        (PARTIAL_CARDS[0], "SUPPORTED", 1),
    ],
)
async def test_any_other_payment_is_approved_in_full(merchant, number, support, amount) -> None:
    more = {"partialAuthorizationSupport": support} if support else {}

    body = (await merchant.pay("request-1", a_payment(card=a_card(number), amount=amount, **more))).body

    assert (body["responseCode"], body["amount"], body["partialAuthorization"]) == ("APPROVED", amount, False)


async def test_an_amount_that_declines_declines_the_test_cards_too(merchant) -> None:
    request_body = a_payment(card=a_card(PARTIAL_CARDS[0]), amount=52100, partialAuthorizationSupport="SUPPORTED")

    assert (await merchant.pay("request-1", request_body)).body["responseCode"] == "INSUFFICIENT_FUNDS"


@pytest.mark.parametrize(
    "body",
    [
        a_payment(amount=FORCED),
        a_payment(amount=FORCED, partialAuthorizationSupport="NOT_SUPPORTED"),
        an_apple_pay_payment(amount=FORCED),
        a_google_pay_payment(amount=FORCED),
    ],
    ids=["card", "card, not supported", "apple pay", "google pay"],
)
async def test_an_amount_of_our_own_forces_one_whatever_was_asked(merchant, body) -> None:
    answered = (await merchant.pay("request-1", body)).body

    assert (answered["responseCode"], answered["amount"]) == ("PARTIAL_APPROVAL", 38850)
    assert answered["partialAuthorization"] is True
    assert disagreements(PAYMENT_ANSWER, answered) == []


async def test_a_bank_account_is_never_debited_in_part(merchant) -> None:
    body = (await merchant.pay("request-1", an_ach_payment(amount=FORCED))).body

    assert (body["responseCode"], body["amount"]) == ("APPROVED", FORCED)


async def test_a_part_that_was_authorized_can_be_voided(merchant) -> None:
    transaction_id = (await merchant.pay("request-1", a_payment(amount=FORCED))).body["transactionId"]

    answered = (await merchant.void(transaction_id, "the-void")).body

    assert (answered["transactionState"], answered["responseCode"]) == ("VOIDED", "APPROVED")
    assert (answered["amount"], answered["remainingAuthAmount"]) == (38850, 0)
    assert disagreements(PAYMENT_ANSWER, answered) == []
    assert merchant.simulator.books()[0]["voided"] is True


async def test_a_part_that_was_captured_can_be_refunded_and_no_more(merchant) -> None:
    sale = (await merchant.pay("request-1", a_payment(amount=FORCED, captureMethod="NOW"))).body

    too_much = await merchant.post("refunds", "refund-1", a_refund(sale["transactionId"], 38851))
    all_of_it = await merchant.post("refunds", "refund-2", a_refund(sale["transactionId"]))

    assert (sale["transactionState"], sale["remainingRefundableAmount"]) == ("CLOSED", 38850)
    assert (too_much.status, all_of_it.body["amount"]) == (400, 38850)
