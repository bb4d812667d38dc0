"""A value that must not be seen: it prints as stars, and nothing serialises it by accident."""

from typing import NoReturn, final


@final
class Secret:
    """
    A PAN, CVV, account number, wallet bundle, key or token.

    `reveal()` is the only way to the text, so a search for that word finds every place where a secret is used.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def last4(self) -> str:
        """The last four characters: what PCI DSS 3.4.1 lets us show of a card number."""
        return self._text[-4:]

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied")
