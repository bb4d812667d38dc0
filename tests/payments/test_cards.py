"""Card numbers in texts that people write."""

import pytest

from shared.payments.cards import holds_a_card, holds_a_written_number
from tests.builders import MASTERCARD, VISA

AMEX = "371144371144376"
WRITTEN = [VISA, f"card {VISA}.", "4112 3441 1234 4113", "4112-3441-1234-4113", "4112 - 3441 - 1234 - 4113"]


@pytest.mark.parametrize("text", [*WRITTEN, f"x{VISA}x", f"00{VISA}", MASTERCARD, AMEX, "3711 443711 44376"])
def test_a_card_is_seen_however_it_is_written(text: str) -> None:
    assert holds_a_written_number(text)
    assert holds_a_card(text)


@pytest.mark.parametrize("text", ["", "on 2026-11-23 18:00:00", "4112 3441 1234 4114", "R01", "0" * 11])
def test_what_has_no_check_digit_is_none(text: str) -> None:
    assert not holds_a_written_number(text)
    assert not holds_a_card(text)


@pytest.mark.parametrize("number", ["021000021234567", "000000000000", "41123441123441", "51123451123451122"])
def test_a_number_with_the_check_digit_by_chance_is_suspicious_and_no_card(number: str) -> None:
    digit = next(last for last in "0123456789" if holds_a_written_number(number[:-1] + last))

    assert not holds_a_card(number[:-1] + digit)
