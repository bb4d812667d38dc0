"""Money, secrets, identifiers and card numbers."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.cards import brand, holds_a_number, passes_luhn
from shared.payments.ids import chase_request_id, merchant_order_number, ordered_hex
from shared.payments.money import AMOUNT_MINOR_MAX, Money
from shared.payments.secret import Secret
from tests.builders import VISA


class TestMoney:
    def test_is_an_integer_of_minor_units_and_a_currency(self) -> None:
        assert Money(125_99, "USD") == Money(12599, "USD")
        assert Money(AMOUNT_MINOR_MAX, "USD") != Money(AMOUNT_MINOR_MAX, "CAD")

    @pytest.mark.parametrize("amount", [-1, AMOUNT_MINOR_MAX + 1, 1.0, "1", True, None])
    def test_takes_nothing_else_as_an_amount(self, amount: object) -> None:
        with pytest.raises(ValueError, match="amount_minor"):
            Money(amount, "USD")  # type: ignore[arg-type]

    @pytest.mark.parametrize("currency", ["usd", "US", "USDX", "", "ÜSD"])
    def test_takes_nothing_else_as_a_currency(self, currency: str) -> None:
        with pytest.raises(ValueError, match="currency"):
            Money(1, currency)


class TestSecret:
    def test_prints_as_stars_however_it_is_printed(self) -> None:
        secret = Secret(VISA)

        shown = [repr(secret), str(secret), f"{secret}", f"{secret:>30}", f"{[secret]}"]

        assert not any(VISA[:6] in text or VISA[-4:] in text for text in shown)

    def test_is_not_serialised_by_accident(self) -> None:
        with pytest.raises(TypeError):
            json.dumps(Secret(VISA))
        with pytest.raises(TypeError):
            pickle.dumps(Secret(VISA))
        with pytest.raises(TypeError):
            copy.copy(Secret(VISA))

    def test_shows_its_text_and_its_last_four_only_when_asked(self) -> None:
        assert Secret(VISA).reveal() == VISA
        assert Secret(VISA).last4() == "4113"

    def test_equals_a_secret_of_the_same_text_only(self) -> None:
        assert Secret("a") == Secret("a")
        assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
        assert Secret("a") != "a"


class TestIdentifiers:
    @given(st.integers(0, 2**47), st.integers(1, 2**40), st.binary(min_size=10, max_size=10))
    def test_sort_by_time(self, milliseconds: int, later: int, randomness: bytes) -> None:
        assert ordered_hex(milliseconds, randomness) < ordered_hex(milliseconds + later, bytes(10))
        assert len(ordered_hex(milliseconds, randomness)) == 32

    def test_a_request_id_is_the_same_for_the_same_operation_for_ever(self) -> None:
        assert chase_request_id("op_1") == chase_request_id("op_1") == "71075515-38dc-543f-a78b-77c199e997cb"
        assert chase_request_id("op_1") != chase_request_id("op_2")
        assert len(chase_request_id("op_1")) <= 40

    def test_an_order_number_holds_only_what_chase_takes(self) -> None:
        assert merchant_order_number("pay_0193a5f0") == "0193a5f0"


class TestCards:
    @pytest.mark.parametrize(
        ("number", "name"),
        [
            (VISA, "visa"),
            ("5112345112345114", "mastercard"),
            ("2221000000000009", "mastercard"),
            ("371144371144376", "amex"),
            ("6011016011016011", "discover"),
            ("6559906559906557", "discover"),
            ("36438936438936", "diners"),
            ("3566003566003566", "jcb"),
            ("6221261111113245", "unionpay"),
            ("6706981111111113", "maestro"),
            ("9999999999999995", "unknown"),
        ],
    )
    def test_are_told_apart_by_their_leading_digits(self, number: str, name: str) -> None:
        assert brand(number) == name

    @given(st.integers(0, 15), st.integers(1, 9))
    def test_one_wrong_digit_never_passes(self, position: int, shift: int) -> None:
        wrong = VISA[:position] + str((int(VISA[position]) + shift) % 10) + VISA[position + 1 :]

        assert passes_luhn(VISA)
        assert not passes_luhn(wrong)

    def test_are_noticed_inside_other_text(self) -> None:
        assert holds_a_number(f"trace-{VISA}")
        assert not holds_a_number("trace-4112344112344114 of 2026")
