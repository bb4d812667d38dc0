"""Card numbers: the check digit and the brand."""

import re
from collections.abc import Mapping
from typing import Final

# First match wins; ranges by leading digits (ISO/IEC 7812 issuer ranges as the networks publish them).
_BRANDS: Final[tuple[tuple[str, int, int, int], ...]] = (
    # brand, digits compared, from, to
    ("amex", 2, 34, 34),
    ("amex", 2, 37, 37),
    ("discover", 4, 6011, 6011),
    ("discover", 3, 644, 659),
    ("diners", 2, 36, 36),
    ("diners", 2, 38, 39),
    ("diners", 3, 300, 305),
    ("jcb", 4, 3528, 3589),
    ("unionpay", 2, 62, 62),
    ("mastercard", 4, 2221, 2720),
    ("mastercard", 2, 51, 55),
    ("maestro", 2, 67, 67),
    ("visa", 1, 4, 4),
)
# How many digits the numbers of each have.
_LENGTHS: Final[Mapping[str, frozenset[int]]] = {
    "amex": frozenset({15}),
    "discover": frozenset(range(16, 20)),
    "diners": frozenset(range(14, 20)),
    "jcb": frozenset(range(16, 20)),
    "unionpay": frozenset(range(16, 20)),
    "mastercard": frozenset({16}),
    "maestro": frozenset(range(12, 20)),
    "visa": frozenset({13, 16, 19}),
}
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
# No card number is shorter.
CARD_DIGITS_MIN: Final = 12
_RUN: Final = re.compile(r"[0-9]{12,19}")
# As people write card numbers: in groups of four and more. Those of a date or a time of day are shorter.
_BETWEEN_GROUPS: Final = re.compile(r"(?<=[0-9]{4})[^0-9A-Za-z]{1,3}(?=[0-9]{4})")


def passes_luhn(number: str) -> bool:
    """Whether the last digit is the check digit of the others. `number` holds ASCII digits only."""
    digits = [ord(character) - 48 for character in reversed(number)]
    return (sum(digits[::2]) + sum(_DOUBLED[digit] for digit in digits[1::2])) % 10 == 0


def brand(number: str) -> str:
    """`visa`, `mastercard`, ...; `unknown` where no range fits."""
    for name, digits, first, last in _BRANDS:
        if first <= int(number[:digits]) <= last:
            return name
    return "unknown"


def holds_a_number(text: str) -> bool:
    """Whether some run of 12-19 digits in `text` passes for a card number: such a text must not be logged."""
    return any(passes_luhn(run) for run in _RUN.findall(text))


def holds_a_written_number(text: str) -> bool:
    """The same of a text that a person wrote, in which the number may stand in groups."""
    return holds_a_number(_BETWEEN_GROUPS.sub("", text))


def holds_a_card(text: str) -> bool:
    """
    The same, but only of what a known network could have issued, zeros before it aside.

    For texts that may rightly hold other numbers: every tenth trace number of a bank has a card's check digit.
    """
    return any(passes_luhn(run) and _is_issued(run.lstrip("0")) for run in _RUN.findall(_BETWEEN_GROUPS.sub("", text)))


def _is_issued(number: str) -> bool:
    return number != "" and len(number) in _LENGTHS.get(brand(number), ())
