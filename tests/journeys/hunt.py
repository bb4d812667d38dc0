"""Finds secrets in any text or bytes, however they are spelled, and tells where without repeating them."""

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

# What may stand between the digits of a card number and leave it one.
_SEPARATORS = r"[^0-9A-Za-z]{0,3}"
# More of a card number than its first six or its last four digits is too much (PCI DSS 3.4.1).
_TOO_MANY = 7
# So many digits in a row stand in no random hexadecimal by chance.
_NO_CHANCE = 10
# A number by itself: not a piece of a hexadecimal id.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ .-]?[0-9]){6,}(?![0-9A-Za-z])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Of a key or token, a stretch of this length gives it away.
_STRETCH = 16
_SHOWN = 40


class Hunt:
    """Knows the secrets by name. `found` tells of each that stands in a text, with its surroundings and not itself."""

    def __init__(self) -> None:
        self._exact: dict[str, str] = {}
        self._patterns: list[tuple[str, re.Pattern[str]]] = []
        self._numbers: dict[str, str] = {}

    def card_number(self, name: str, number: str) -> None:
        """Whole, with separators, in part, encoded, or hashed without a key: that can be guessed."""
        self._numbers[name] = number
        self._patterns.append((name, re.compile(_SEPARATORS.join(number))))
        self._exact |= {number[at : at + _NO_CHANCE]: name for at in range(len(number) - _NO_CHANCE + 1)}
        self._exact |= {text: name for text in _encoded(number.encode())}
        self._exact |= {hashlib.new(kind, number.encode()).hexdigest(): name for kind in ("md5", "sha1", "sha256")}

    def code(self, name: str, code: str) -> None:
        """A CVV: too short to be sought inside other texts, so as a word of its own, or behind its name."""
        alone = rf"(?<![0-9A-Za-z_.:+-]){code}(?![0-9A-Za-z_.:-])"
        self._patterns.append((name, re.compile(rf"{alone}|(?i:cvv)\W{{0,8}}{code}(?![0-9])")))

    def key(self, name: str, text: str) -> None:
        """A key or token: any stretch of it, and what its base64 stands for."""
        for line in text.splitlines():
            last = max(1, len(line) - _STRETCH + 1)
            self._exact |= {line[at : at + _STRETCH]: name for at in (*range(0, last, _STRETCH), last - 1)}
        try:
            decoded = base64.b64decode(text, validate=True)
        except ValueError:
            return
        if len(decoded) >= _STRETCH:
            self._exact |= {decoded.decode("latin-1"): name, decoded.hex(): name}

    def leaks(self, texts: Iterable[tuple[str, str | bytes]]) -> list[str]:
        """A sentence for each secret in each kind of place; empty if all is well."""
        said: defaultdict[str, list[str]] = defaultdict(list)
        for where, text in texts:
            said[where].append(text if isinstance(text, str) else text.decode("latin-1"))
        return [leak for where, each in said.items() for leak in self.found(where, "\n".join(each))]

    def found(self, where: str, text: str) -> list[str]:
        """One sentence for each secret in `text`; `where` names it."""
        if "%" in text:
            text += "\n" + unquote(text)
        places = {name: (at, len(exact)) for exact, name in self._exact.items() if (at := text.find(exact)) >= 0}
        for name, pattern in self._patterns:
            if match := pattern.search(text):
                places[name] = (match.start(), len(match[0]))
        places |= dict(self._parts_in(text))
        return [f"{name} in {where}: {_around(text, *place)}" for name, place in places.items()]

    def _parts_in(self, text: str) -> Iterator[tuple[str, tuple[int, int]]]:
        """Numbers that begin or end as a card number does, or are a piece of it."""
        for match in _NUMBER.finditer(_UUID.sub(lambda uuid: "u" * len(uuid[0]), text)):
            digits = re.sub(r"[^0-9]", "", match[0])
            for name, number in self._numbers.items():
                ends = (digits.startswith(number[:_TOO_MANY]), digits.endswith(number[-_TOO_MANY:]))
                if any(ends) or digits in number:
                    yield name, (match.start(), len(match[0]))


def _encoded(data: bytes) -> Iterator[str]:
    yield data.hex()
    for shift in range(3):
        # Without the characters that depend on the bytes before and behind.
        yield base64.b64encode(bytes(shift) + data).decode()[4 if shift else 0 : -4]


def _around(text: str, at: int, length: int) -> str:
    """What stands before and behind; digits hidden, for there may be more of it."""
    before, behind = text[max(0, at - _SHOWN) : at], text[at + length : at + length + _SHOWN]
    return re.sub(r"[0-9]", "#", f"...{before!r} [the secret] {behind!r}...")
