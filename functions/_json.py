"""JSON as it comes in: strict, bounded, and without surprises."""

import json
import re
from typing import Any, Final, NoReturn

from shared.payments.errors import FieldError, InvalidRequest, PayloadTooLarge

BODY_BYTES_MAX: Final = 64 * 1024
# A sale is 4 deep; a wallet bundle 5. What is deeper is not one of ours.
DEPTH_MAX: Final = 10

# A field is named back to its caller only if it looks like a name: a slip could put a card number there.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


class _Duplicate(ValueError):
    pass


class _NotFinite(ValueError):
    pass


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises InvalidRequest or PayloadTooLarge; their texts hold nothing of the body."""
    if len(body) > BODY_BYTES_MAX:
        raise PayloadTooLarge(BODY_BYTES_MAX)
    found = _parsed(body)
    if not isinstance(found, dict):
        raise InvalidRequest(FieldError("body", "send a JSON object"))
    if _depth(found) > DEPTH_MAX:
        raise InvalidRequest(FieldError("body", f"nest at most {DEPTH_MAX} levels"))
    return found


def canonical(value: dict[str, Any]) -> bytes:
    """The same bytes for the same content, whatever the order and spacing: what a fingerprint is made of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def shown_name(name: object) -> str:
    """A field's name if it is safe to show, else a stand-in."""
    return name if isinstance(name, str) and _NAME.fullmatch(name) else "(unnamed)"


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_not_finite)
    except UnicodeDecodeError:
        problem = FieldError("body", "is not UTF-8")
    except _Duplicate as duplicate:
        problem = FieldError(str(duplicate), "stands twice in one object; send it once")
    except RecursionError:
        problem = FieldError("body", f"nest at most {DEPTH_MAX} levels")
    except json.JSONDecodeError as error:
        problem = FieldError("body", f"is not JSON (line {error.lineno}, column {error.colno})")
    except ValueError:
        problem = FieldError("body", "holds a number that JSON does not know, or one of absurd size")
    raise InvalidRequest(problem)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        raise _Duplicate(next(shown_name(name) for name, _ in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
    return found


def _not_finite(_name: str) -> NoReturn:
    raise _NotFinite


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return depth
