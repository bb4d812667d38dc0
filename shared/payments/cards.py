"""Card numbers: the check digit and the brand."""

import re
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
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
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
