"""ABA routing numbers: the check digit (ANSI X9.27)."""

from typing import Final

_WEIGHTS: Final = (3, 7, 1, 3, 7, 1, 3, 7, 1)


def passes_aba(routing_number: str) -> bool:
    """Whether nine ASCII digits are a routing number: their weighted sum is a multiple of ten, and not nothing."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, routing_number, strict=True))
    return total > 0 and total % 10 == 0
