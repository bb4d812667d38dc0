"""The contract's sale with one thing changed, by the path of that thing."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.builders import a_sale_body

_OPTIONAL = {
    "method.tokenType": "safetech",
    "payer.address.line2": "Apt 2",
    "control": {"status": "approved", "code": "00", "amountMinor": 1, "latencyMs": 1, "processorReference": "ch_1"},
}


def a_full_body() -> dict[str, Any]:
    """The sale with every optional field that goes with a card number."""
    body = with_value("payer.address.line2", _OPTIONAL["payer.address.line2"])
    return {**body, "control": copy.deepcopy(_OPTIONAL["control"])}


def with_value(path: str, value: Any, body: dict[str, Any] | None = None) -> dict[str, Any]:
    changed = copy.deepcopy(a_sale_body() if body is None else body)
    *outer, name = path.split(".")
    inner = changed
    for part in outer:
        inner = inner.setdefault(part, {})
    inner[name] = value
    return changed


def without(*paths: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    changed = copy.deepcopy(a_sale_body() if body is None else body)
    for path in paths:
        *outer, name = path.split(".")
        inner = changed
        for part in outer:
            inner = inner[part]
        del inner[name]
    return changed


def with_literal(path: str, literal: str) -> bytes:
    """The sale with these very characters as a value: what json.dumps would never write."""
    return written(with_value(path, "@")).replace(b'"@"', literal.encode(), 1)


def written(body: Any) -> bytes:
    return json.dumps(body).encode()


def values(body: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of the body, objects included, with its path."""
    for name, value in body.items():
        path = f"{above}.{name}" if above else name
        yield path, value
        if isinstance(value, dict):
            yield from values(value, path)
