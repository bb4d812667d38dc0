"""What every body that a caller sends is made of: strict models whose fields say what to write."""

import base64
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.payments.cards import holds_a_card

# Printable text of any script, without blanks at its ends; what Chase refuses in text fields (`<>{}`) we refuse first.
TEXT: Final = r"^[^\p{C}\p{Z}<>{}]([^\p{C}\p{Zl}\p{Zp}<>{}]*[^\p{C}\p{Z}<>{}])?$"


class Body(BaseModel):
    """Unknown fields are refused, nothing is converted, and a body never prints what it holds."""

    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, frozen=True, hide_input_in_errors=True
    )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    __str__ = __repr__


def text(pattern: str, low: int, high: int, *, example: str) -> Any:
    """A text field: what it takes, and an error that says so."""
    length = f"{low}-{high}" if low < high else f"{low}"
    described = f"{length} characters that match {pattern}, such as {example}"
    return Field(pattern=pattern, min_length=low, max_length=high, description=described)


def no_card(value: str) -> str:
    """What is free text goes to rows and logs: whoever writes a card number there must be told. Raises ValueError."""
    if holds_a_card(value):
        raise ValueError("card number")
    return value


def base64_text(high: int) -> Any:
    """A text of base64 with padding, to be checked by `strict_base64` too."""
    return Field(min_length=4, max_length=high, description=f"base64 with padding, at most {high} characters")


def strict_base64(value: str) -> str:
    """Raises ValueError for what is not base64 to the letter (white space and missing padding included)."""
    base64.b64decode(value.encode("ascii"), validate=True)
    return value
