"""A body as the text that goes out: compact, and without the fields that we have no value for."""

import json
from typing import Any, Final

_COMPACT: Final = json.JSONEncoder(separators=(",", ":"))


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that are None, empty text, or an empty list or object."""
    return {name: value for name, value in fields.items() if value not in (None, [], "", {})}


def encoded(fields: dict[str, Any]) -> bytes:
    """The JSON text of what is `given`."""
    return _COMPACT.encode(given(fields)).encode()
