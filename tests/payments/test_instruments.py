"""What may be kept of each instrument, and what a biller's terms refuse."""

from dataclasses import replace

import pytest

from shared.payments.ach import passes_aba
from shared.payments.money import Money
from shared.payments.payment import Method
from shared.payments.requests import AccountType, Ach, AchAuthorization, ApplePay, GooglePay, Instrument, kept_of
from shared.payments.sale_rules import problems_of
from shared.payments.secret import Secret
from tests.builders import CITY_WATER, COUNTY_TAX, NOW, a_card, a_sale_request

ACH = Ach("122000247", Secret("0888271156"), AccountType.CHECKING, AchAuthorization.WEB)
APPLE = ApplePay("EC_v1", Secret("S34L3D"), Secret("S1GN3D"), "key", "hash", "31ab")
GOOGLE = GooglePay("ECv2", Secret("{}"), Secret("S1GN3D"), "key")


@pytest.mark.parametrize(
    ("instrument", "kept"),
    [
        (ACH, Method("ach", None, "1156")),
        (APPLE, Method("applePay")),
        (GOOGLE, Method("googlePay")),
    ],
)
def test_never_more_is_kept_than_a_brand_and_four_digits(instrument: Instrument, kept: Method) -> None:
    assert kept_of(instrument) == kept


@pytest.mark.parametrize("secret", ["0888271156", "S34L3D", "S1GN3D", "{}"])
def test_an_instrument_prints_without_its_secrets(secret: str) -> None:
    assert secret not in repr([ACH, APPLE, GOOGLE])


@pytest.mark.parametrize("number", ["122000247", "121042882", "121107882", "071923284", "122101191", "072403004"])
def test_routing_numbers_carry_a_check_digit(number: str) -> None:
    assert passes_aba(number)
    assert not passes_aba(f"{number[:-1]}{(int(number[-1]) + 1) % 10}")


def test_nothing_is_no_routing_number() -> None:
    assert not passes_aba("000000000")


def test_every_problem_of_a_sale_is_named_at_once() -> None:
    request = a_sale_request(amount=Money(100, "EUR"), method=a_card(month=1, year=2020))

    assert [problem.field for problem in problems_of(request, CITY_WATER, NOW)] == ["currency", "method.expiry"]


def test_a_debit_of_a_bank_account_needs_words_for_the_statement() -> None:
    request = a_sale_request(method=ACH, biller_id="county-tax")

    assert [problem.field for problem in problems_of(request, COUNTY_TAX, NOW)] == ["statementDescriptor"]
    assert problems_of(replace(request, statement_descriptor="COUNTY TAX"), COUNTY_TAX, NOW) == []
    assert problems_of(request, CITY_WATER, NOW) == []
