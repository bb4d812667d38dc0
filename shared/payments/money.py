"""Money: an integer of minor units and its currency. No float comes near it."""

from dataclasses import dataclass

# Chase's own ceiling is 999,999,999,999; ours is one digit less, so that sums of refunds stay inside it.
AMOUNT_MINOR_MAX = 99_999_999_999


@dataclass(frozen=True, slots=True)
class Money:
    """
    An amount of one currency.

    `amount_minor` counts minor units (USD 125.99 is 12599), 0 to `AMOUNT_MINOR_MAX`; `currency` is ISO 4217.
    Raises ValueError for anything else, booleans and floats included.
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int or not 0 <= self.amount_minor <= AMOUNT_MINOR_MAX:
            raise ValueError(f"amount_minor must be an integer from 0 to {AMOUNT_MINOR_MAX}")
        if len(self.currency) != 3 or not (self.currency.isascii() and self.currency.isupper()):
            raise ValueError("currency must be three capital letters (ISO 4217)")
