"""Nothing of the payer is in a shadow sale: not the instrument, not the person. Alone this prevents a charge."""

import base64
import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chase.requests import sale
from shared.payments.ach import passes_aba
from shared.payments.cards import brand, passes_luhn
from shared.payments.money import Money
from shared.payments.requests import (
    AccountType,
    Ach,
    AchAuthorization,
    Address,
    ApplePay,
    Card,
    GooglePay,
    Initiator,
    Instrument,
    Payer,
    SaleRequest,
    TokenType,
    kept_of,
)
from shared.payments.secret import Secret
from shared.shadow.substitution import TEST_CARDS, TEST_ROUTING_NUMBER, TEST_TOKENS, substitute, substitute_request
from tests.builders import a_card, a_sale_request
from tests.chase.desk import a_merchant, a_payment_of
from tests.local.chase_schema import PAYMENT_REQUEST, disagreements
from tests.shadow.steady import steady

PREFIXES = ["4", "51", "34", "6011", "36", "3528", "62", "67", "99"]


def texts(value: Any) -> Iterator[str]:
    """Every text in a request, secrets opened, numbers written out."""
    match value:
        case Secret():
            yield value.reveal()
        case Mapping():
            for name, inner in value.items():
                yield name
                yield from texts(inner)
        case _ if dataclasses.is_dataclass(value):
            for part in dataclasses.fields(value):
                yield from texts(getattr(value, part.name))
        case str() | int():
            yield str(value)


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    """Numbers with a right check digit, of every brand, other than the test numbers."""
    prefix = draw(st.sampled_from(PREFIXES))
    body = prefix + draw(st.text("0123456789", min_size=14 - len(prefix), max_size=14 - len(prefix)))
    return next(
        number for digit in range(10) if passes_luhn(number := f"{body}{digit}") and number not in TEST_CARDS.values()
    )


@st.composite
def words(draw: st.DrawFn) -> str:
    """A payer's own text: marked, so that finding it elsewhere is no chance."""
    return "Zz" + draw(st.text("bcdfghjkqvwxyz", min_size=8, max_size=16))


base64s = st.binary(min_size=12, max_size=40).map(lambda raw: base64.b64encode(b"payer" + raw).decode())
hexes = st.binary(min_size=8, max_size=16).map(bytes.hex)
secrets = base64s.map(Secret)
cards = st.builds(
    Card,
    card_numbers().map(Secret),
    st.integers(1, 11),
    st.integers(2026, 2040),
    st.none() | st.text("23456789", min_size=3, max_size=4).map(Secret),
)
tokens = st.builds(
    Card,
    words().map(Secret),
    st.integers(1, 11),
    st.integers(2026, 2040),
    st.none() | st.text("23456789", min_size=3, max_size=4).map(Secret),
    st.sampled_from(TokenType),
)
accounts = st.builds(
    Ach,
    st.just("121042882"),
    st.text("123456789", min_size=11, max_size=17).map(Secret),
    st.sampled_from(AccountType),
    st.sampled_from(AchAuthorization),
)
apple_pays = st.builds(ApplePay, st.just("EC_v1"), secrets, secrets, base64s, base64s, hexes, st.none() | hexes)
google_pays = st.builds(GooglePay, st.sampled_from(["ECv1", "ECv2"]), secrets, secrets, base64s)
instruments = cards | tokens | accounts | apple_pays | google_pays
payers = st.builds(
    Payer,
    words(),
    words(),
    words(),
    st.builds(Address, words(), words(), words(), words(), words(), st.none() | words()),
)
requests = st.builds(
    SaleRequest,
    st.just("city-water"),
    st.just("INV-1"),
    st.builds(Money, st.integers(1, 10**6), st.just("USD")),
    instruments,
    payers,
    st.sampled_from(Initiator),
    st.none() | st.just("CITY WATER*BILL"),
    st.dictionaries(words(), words(), max_size=3),
)
# What tells kinds of requests apart and nothing of a person.
KINDS = {kind.value for kinds in (AccountType, AchAuthorization, TokenType) for kind in kinds} | {
    "EC_v1",
    "ECv1",
    "ECv2",
}


@steady
@given(requests)
def test_nothing_of_the_instrument_or_the_payer_remains_anywhere(request: SaleRequest) -> None:
    made = substitute_request(request)
    there = list(texts(made))

    for theirs, ours in ((request.method, made.method), (request.payer, made.payer), (request.metadata, made.metadata)):
        known = set(texts(theirs)) - KINDS
        assert known.isdisjoint(texts(ours))
        # A month or a CVV is too short to be looked for inside other texts, an amount among them.
        assert not [text for text in known for shown in there if len(text) > 4 and text in shown]


@steady
@given(requests)
def test_what_is_compared_stays(request: SaleRequest) -> None:
    made = substitute_request(request)
    kept = ("biller_id", "reference", "amount", "initiator", "statement_descriptor")

    assert [getattr(made, name) for name in kept] == [getattr(request, name) for name in kept]
    assert type(made.method) is type(request.method)
    assert len(made.metadata) == len(request.metadata)
    assert (made.payer.address.line2 is None) is (request.payer.address.line2 is None)


@steady
@given(requests)
def test_what_is_made_is_a_sale_that_chase_takes(request: SaleRequest) -> None:
    made = substitute_request(request)
    biller = a_merchant(statement_descriptor="CITY WATER*BILL", soft_merchant_name="City Water")

    message = sale(made, a_payment_of(made, biller), biller)

    assert disagreements(PAYMENT_REQUEST, json.loads(message.body or b"null")) == []


@steady
@given(instruments)
def test_what_is_made_is_made_of_itself(instrument: Instrument) -> None:
    assert substitute(substitute(instrument)) == substitute(instrument)


class TestACard:
    @steady
    @given(cards)
    def test_is_a_test_card_of_its_brand(self, card: Card) -> None:
        made = substitute(card)
        assert isinstance(made, Card)
        name = brand(card.number.reveal())

        assert made.number.reveal() == TEST_CARDS[name]
        assert kept_of(made).brand == ("visa" if name == "unknown" else name)
        assert (made.cvv is None) is (card.cvv is None)

    @pytest.mark.parametrize(("name", "number"), TEST_CARDS.items())
    def test_of_every_brand_is_there_and_its_number_is_one(self, name: str, number: str) -> None:
        assert passes_luhn(number)
        assert brand(number) == (name if name != "unknown" else "visa")

    def test_of_every_brand_that_we_can_tell_apart_has_one(self) -> None:
        assert {brand(prefix.ljust(16, "0")) for prefix in PREFIXES} == set(TEST_CARDS)

    def test_has_the_test_cvv_of_its_brand(self) -> None:
        visa, amex = substitute(a_card(cvv=Secret("987"))), substitute(a_card("341134113411347", cvv=Secret("9876")))

        assert isinstance(visa, Card)
        assert isinstance(amex, Card)
        assert (visa.cvv, amex.cvv) == (Secret("111"), Secret("1111"))

    @pytest.mark.parametrize("token_type", TokenType)
    def test_token_stays_a_token_of_its_kind(self, token_type: TokenType) -> None:
        made = substitute(a_card("tok4113", token_type=token_type))

        assert isinstance(made, Card)
        assert (made.number.reveal(), made.token_type) == (TEST_TOKENS[token_type], token_type)
        assert made.number.reveal().isalnum()


class TestAnAccount:
    def test_is_chases_sample_of_the_same_kind(self) -> None:
        made = substitute(Ach("121042882", Secret("41001234"), AccountType.SAVINGS, AchAuthorization.RECURRING))

        assert made == Ach("122000247", Secret("0888271156"), AccountType.SAVINGS, AchAuthorization.RECURRING)
        assert passes_aba(TEST_ROUTING_NUMBER)


class TestAWallet:
    @steady
    @given(apple_pays)
    def test_of_apple_has_its_form(self, wallet: ApplePay) -> None:
        made = substitute(wallet)

        assert isinstance(made, ApplePay)
        for sealed in (made.data.reveal(), made.signature.reveal(), made.ephemeral_public_key, made.public_key_hash):
            assert base64.b64decode(sealed, validate=True)
        assert bytes.fromhex(made.transaction_id)
        assert (made.application_data is None) is (wallet.application_data is None)

    @steady
    @given(google_pays)
    def test_of_google_has_its_form_and_its_key_is_the_one_in_the_message(self, wallet: GooglePay) -> None:
        made = substitute(wallet)

        assert isinstance(made, GooglePay)
        message = json.loads(made.signed_message.reveal())
        assert message["ephemeralPublicKey"] == made.ephemeral_public_key
        assert all(base64.b64decode(sealed, validate=True) for sealed in message.values())
        assert made.protocol_version == wallet.protocol_version


def test_an_expired_card_is_none_after_it_so_it_must_be_asked_before() -> None:
    made = substitute_request(replace(a_sale_request(), method=a_card(year=2020))).method

    assert isinstance(made, Card)
    assert (made.month, made.year) == (12, 2049)
