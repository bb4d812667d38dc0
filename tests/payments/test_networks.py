"""Each brand has a network, and each network is known to be under rules, or under none."""

import pytest

from shared.payments.cards import _BRANDS
from shared.payments.networks import NETWORK_OF_BRAND, RULES_OF, Network, network_of
from shared.payments.payment import Method
from shared.payments.requests import GooglePay, TokenType, kept_of
from shared.payments.secret import Secret
from tests.builders import MASTERCARD, VISA, a_card


def test_every_brand_that_a_number_may_have_is_classified() -> None:
    assert NETWORK_OF_BRAND.keys() == {brand for brand, *_ in _BRANDS} | {"unknown"}


def test_every_network_says_whose_rules_it_is_under() -> None:
    assert RULES_OF.keys() == set(Network)
    for network, rules in RULES_OF.items():
        assert rules <= {Network.VISA, Network.MASTERCARD, Network.ACH}
        assert network in rules or network is Network.UNIDENTIFIED or not rules


@pytest.mark.parametrize(("number", "network"), [(VISA, Network.VISA), (MASTERCARD, Network.MASTERCARD)])
def test_a_card_has_the_network_of_its_number(number: str, network: Network) -> None:
    assert network_of(kept_of(a_card(number))) is network


def test_a_bank_account_has_the_ach_network() -> None:
    assert network_of(Method("ach", last4="1156")) is Network.ACH


def test_what_shows_no_brand_may_be_of_any_card_network() -> None:
    token, wallet = a_card(token_type=TokenType.SAFETECH), GooglePay("ECv2", Secret("m"), Secret("s"), "k")

    assert {network_of(kept_of(each)) for each in (token, wallet)} == {Network.UNIDENTIFIED}
    assert network_of(Method("card", brand="of a later release")) is Network.UNIDENTIFIED
    assert RULES_OF[Network.UNIDENTIFIED] == {Network.VISA, Network.MASTERCARD}
