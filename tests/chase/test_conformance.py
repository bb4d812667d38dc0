"""Whatever the domain may hold, longest texts included: each body that goes out is one that Chase's schema takes."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.chase.requests import sale, verification
from shared.chase.wire.follow_ups import capture_body, refund_body, void_body
from shared.payments.money import AMOUNT_MINOR_MAX, Money
from shared.payments.requests import (
    AccountType,
    Ach,
    AchAuthorization,
    Address,
    ApplePay,
    Card,
    GooglePay,
    Initiator,
    Merchant,
    Payer,
    SaleRequest,
    TokenType,
)
from shared.payments.secret import Secret
from tests.chase.desk import a_card, a_merchant, a_payment_of, a_request, an_ach
from tests.local.chase_schema import (
    CAPTURE_REQUEST,
    PAYMENT_REQUEST,
    REFUND_REQUEST,
    VERIFICATION_REQUEST,
    VOID_REQUEST,
    disagreements,
)

# The bounds of the contract with callers, and of the setting MERCHANTS.
TEXT = st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp"), exclude_characters="<>{}")


def text(least: int, most: int, alphabet: Any = TEXT) -> st.SearchStrategy[str]:
    """Of any length, and often of the longest."""
    longest = st.sampled_from("AZ9é") if alphabet is TEXT else alphabet
    return st.text(alphabet, min_size=least, max_size=most) | longest.map(lambda character: character * most)


def of(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(pattern, fullmatch=True)


def none_or(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


DIGITS = st.sampled_from("0123456789")
BASE64 = st.binary(min_size=1, max_size=60).map(lambda data: base64.b64encode(data).decode())
SECRET_BASE64 = BASE64.map(Secret)
DESCRIPTOR = text(4, 100, st.sampled_from("AZaz09 .,&*'/-"))

CARDS = st.builds(
    Card,
    number=text(12, 19, DIGITS).map(Secret),
    month=st.integers(1, 12),
    year=st.integers(2000, 2099),
    cvv=none_or(text(3, 4, DIGITS).map(Secret)),
    token_type=none_or(st.sampled_from(TokenType)),
)
ACCOUNTS = st.builds(
    Ach,
    routing_number=text(9, 9, DIGITS),
    account_number=text(4, 17, DIGITS).map(Secret),
    account_type=st.sampled_from(AccountType),
    authorization=st.sampled_from(AchAuthorization),
)
APPLE_PAY = st.builds(
    ApplePay,
    version=st.just("EC_v1"),
    data=SECRET_BASE64,
    signature=SECRET_BASE64,
    ephemeral_public_key=BASE64,
    public_key_hash=BASE64,
    transaction_id=text(2, 128, st.sampled_from("0123456789abcdef")),
    application_data=none_or(text(2, 128, st.sampled_from("0123456789abcdef"))),
)
GOOGLE_PAY = st.builds(
    GooglePay,
    protocol_version=st.sampled_from(["ECv1", "ECv2"]),
    signed_message=BASE64.map(lambda sealed: Secret(json.dumps({"encryptedMessage": sealed}))),
    signature=SECRET_BASE64,
    ephemeral_public_key=BASE64,
)
PAYERS = st.builds(
    Payer,
    first_name=text(1, 70),
    last_name=text(1, 70),
    email=text(1, 50, st.sampled_from("az.!")).map(lambda name: f"{name}@ex.example"[:60]),
    address=st.builds(
        Address,
        line1=text(1, 40),
        city=text(1, 40),
        state=text(2, 3, st.sampled_from("AZ09")),
        postal_code=of(r"[A-Za-z0-9]{2,5}[- ]?[A-Za-z0-9]{1,6}"),
        country=text(3, 3, st.sampled_from("AZ")),
        line2=none_or(text(1, 40)),
    ),
)
MERCHANTS = st.builds(
    Merchant,
    biller_id=st.just("city-water"),
    merchant_id=st.just("998482157630"),
    currencies=st.just(frozenset({"USD"})),
    capture_delay=st.booleans(),
    statement_descriptor=DESCRIPTOR,
    soft_merchant_name=none_or(text(1, 100)),
    category_code=none_or(text(4, 4, DIGITS)),
)
AMOUNTS = (st.integers(1, AMOUNT_MINOR_MAX) | st.just(AMOUNT_MINOR_MAX)).map(lambda minor: Money(minor, "USD"))
REQUESTS = st.builds(
    SaleRequest,
    biller_id=st.just("city-water"),
    reference=text(1, 64, st.sampled_from("AZ09 ._-")),
    amount=AMOUNTS,
    method=CARDS | ACCOUNTS | APPLE_PAY | GOOGLE_PAY,
    payer=PAYERS,
    initiator=st.sampled_from(Initiator),
    statement_descriptor=none_or(DESCRIPTOR),
    metadata=st.dictionaries(text(1, 40, st.sampled_from("az09_.-")), text(1, 100), max_size=3),
)
TRANSACTION_IDS = text(4, 40, st.sampled_from("az09-"))

# Enough to meet each method with and without each optional field; a deadline would measure the machine.
often = settings(max_examples=150, deadline=None, derandomize=True)


def wrong_with(schema: dict[str, Any], body: bytes | None) -> list[str]:
    return disagreements(schema, json.loads(body or b"null"))


@often
@given(request=REQUESTS, merchant=MERCHANTS)
def test_every_sale_is_one_that_chase_takes(request: SaleRequest, merchant: Merchant) -> None:
    message = sale(request, a_payment_of(request, merchant), merchant)

    assert wrong_with(PAYMENT_REQUEST, message.body) == []
    assert len(message.request_id or "") <= 40


@often
@given(instrument=CARDS | ACCOUNTS, payer=PAYERS, merchant=MERCHANTS)
def test_every_verification_is_one_that_chase_takes(instrument: Card | Ach, payer: Payer, merchant: Merchant) -> None:
    message = verification(instrument, payer, merchant, currency="USD", request_id="r-1")

    assert wrong_with(VERIFICATION_REQUEST, message.body) == []


@settings(max_examples=20, deadline=None, derandomize=True)
@given(transaction_id=TRANSACTION_IDS, amount=none_or(AMOUNTS))
def test_whatever_follows_a_sale_is_what_chase_takes(transaction_id: str, amount: Money | None) -> None:
    assert wrong_with(REFUND_REQUEST, refund_body(transaction_id, amount)) == []
    assert wrong_with(CAPTURE_REQUEST, capture_body(amount)) == []
    assert wrong_with(VOID_REQUEST, void_body()) == []


class TestTheSchemaItself:
    """A schema that takes everything would prove nothing."""

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (["amount"], "12599"),
            (["amount"], 12599.5),
            (["currency"], "usd"),
            (["captureMethod"], "LATER"),
            (["merchantOrderNumber"], "pay_1"),
            (["statementDescriptor"], "ABC"),
            (["typo"], 1),
            (["accountHolder", "fullName"], "Al"),
            (["accountHolder", "billingAddress", "countryCode"], "US"),
            (["paymentMethodType", "card", "expiry", "month"], "5"),
            (["paymentMethodType", "card", "cvv"], 11),
            (["paymentMethodType", "ach"], {}),
        ],
    )
    def test_refuses_a_sale_that_is_wrong_in_one_place(self, path: list[str], value: object) -> None:
        body = self._sale(a_card())
        *places, name = path
        inside = body
        for place in places:
            inside = inside[place]
        inside[name] = value

        assert disagreements(PAYMENT_REQUEST, body) != []

    @pytest.mark.parametrize("missing", ["statementDescriptor", "accountHolder"])
    def test_refuses_an_ach_sale_without_what_the_bank_is_told(self, missing: str) -> None:
        body = self._sale(an_ach())
        del body[missing]

        assert disagreements(PAYMENT_REQUEST, body) != []

    def _sale(self, method: Card | Ach) -> Any:
        request, merchant = a_request(method=method), a_merchant(statement_descriptor="CITY WATER")
        return json.loads(sale(request, a_payment_of(request, merchant), merchant).body or b"")
