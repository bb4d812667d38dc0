"""What may be shown, and kept, of a number."""

from typing import Final

# First six and last four digits are what PCI DSS lets be shown; of a number too short for both, only the last four.
_LONG_ENOUGH: Final = 13
_SHOWN: Final = 4


def masked_card(number: str) -> str:
    """`411234XXXXXX4113`."""
    if len(number) < _LONG_ENOUGH:
        return masked_account(number)
    return number[:6] + "X" * (len(number) - 10) + number[-_SHOWN:]


def masked_account(number: str) -> str:
    """`XXXXXX1156`; of a number of eight characters or fewer, nothing."""
    shown = number[-_SHOWN:] if len(number) > 2 * _SHOWN else ""
    return "X" * (len(number) - len(shown)) + shown
