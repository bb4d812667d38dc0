"""JSON as it comes in: strict, bounded, and without surprises."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from shared.payments.cards import holds_a_number
from shared.payments.errors import FieldError, InvalidRequest, PayloadTooLarge

BODY_BYTES_MAX: Final = 64 * 1024
# A sale is 4 deep; a wallet bundle 5. What is deeper is not one of ours.
DEPTH_MAX: Final = 10
# Who has so many things wrong needs no longer list: 64 KiB of unknown fields would make a megabyte of answer.
PROBLEMS_MAX: Final = 20

# Far more than an amount has; Python itself begins to refuse, or to take long, at thousands.
_DIGITS_MAX: Final = 100
# A field is named back to its caller only if it looks like a name: a slip could put a card number there.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_NOT_IN_A_NUMBER: Final = re.compile(r"[_.-]")
# A half of a UTF-16 pair: JSON can write it, UTF-8 cannot.
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Unusable:
    """Stands where a value stood that nobody can take, so that its path can be told."""

    message: str


_REPEATED: Final = _Unusable("stands twice in one object; send it once")
_ABSURD: Final = _Unusable("is a number of absurd size; write a smaller one")
_NO_NUMBER: Final = _Unusable("is not a number that JSON knows; write a finite one")
_NO_TEXT: Final = _Unusable("has a name that is not Unicode text; leave it out")


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises InvalidRequest or PayloadTooLarge; their texts hold nothing of the body."""
    if len(body) > BODY_BYTES_MAX:
        raise PayloadTooLarge(BODY_BYTES_MAX)
    reading = _Reading()
    found = _parsed(body, reading)
    if not isinstance(found, dict):
        raise InvalidRequest(FieldError("body", "send a JSON object"))
    # Most bodies have nothing to be looked for: fewer brackets than levels, and nothing that cannot be taken.
    brackets = body.count(b"{") + body.count(b"[")
    if (reading.met or brackets > DEPTH_MAX) and (problems := list(islice(_problems(found), PROBLEMS_MAX))):
        raise InvalidRequest(*problems)
    return found


def canonical(value: dict[str, Any]) -> bytes:
    """The same bytes for the same content, whatever the order and spacing: what a fingerprint is made of."""
    return _CANONICAL.encode(value).encode("ascii")


def shown_name(name: object) -> str:
    """A field's name if it is safe to show, else a stand-in."""
    if isinstance(name, str) and _NAME.fullmatch(name) and not holds_a_number(_NOT_IN_A_NUMBER.sub("", name)):
        return name
    return "(unnamed)"


def shown_path(path: Iterable[str | int]) -> str:
    """A field's path, such as `method.expiry.month`, as far as it is safe to show; `body` for the whole."""
    return ".".join(str(part) if isinstance(part, int) else shown_name(part) for part in path) or "body"


class _Reading:
    """Puts what nobody can take in its place while a body is parsed, and knows whether it `met` any."""

    def __init__(self) -> None:
        self.met = False

    def instead(self, unusable: _Unusable) -> _Unusable:
        self.met = True
        return unusable

    def integer(self, digits: str) -> int | _Unusable:
        return int(digits) if len(digits) <= _DIGITS_MAX else self.instead(_ABSURD)

    def decimal(self, digits: str) -> float | _Unusable:
        return found if math.isfinite(found := float(digits)) else self.instead(_ABSURD)

    def constant(self, _name: str) -> _Unusable:
        return self.instead(_NO_NUMBER)

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            times = Counter(name for name, _ in pairs)
            found.update((name, self.instead(_REPEATED)) for name in found if times[name] > 1)
        for name in found:
            if not name.isascii() and _SURROGATE.search(name):
                found[name] = self.instead(_NO_TEXT)
        return found


def _parsed(body: bytes, reading: _Reading) -> Any:
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=reading.object,
            parse_int=reading.integer,
            parse_float=reading.decimal,
            parse_constant=reading.constant,
        )
    except UnicodeDecodeError:
        problem = FieldError("body", "is not UTF-8; send JSON in UTF-8")
    except RecursionError:
        problem = _too_deep()
    except json.JSONDecodeError as error:
        problem = FieldError("body", f"is not JSON (line {error.lineno}, column {error.colno}); send a JSON object")
    raise InvalidRequest(problem)


def _problems(body: dict[str, Any]) -> Iterator[FieldError]:
    """What no route could take, with its path. Level by level: a deep body must not end our own stack."""
    level: list[tuple[Path, Any]] = [((), body)]
    for _ in range(DEPTH_MAX):
        inner = [((*path, name), value) for path, outer in level for name, value in _items(outer)]
        yield from (FieldError(shown_path(path), value.message) for path, value in inner if type(value) is _Unusable)
        level = [(path, value) for path, value in inner if isinstance(value, dict | list)]
    if level:
        yield _too_deep()


def _items(outer: dict[str, Any] | list[Any]) -> Iterable[tuple[str | int, Any]]:
    return outer.items() if isinstance(outer, dict) else enumerate(outer)


def _too_deep() -> FieldError:
    return FieldError("body", f"nest at most {DEPTH_MAX} levels")
