"""What is thrown: anything at all, and good things with something wrong in them - the second kind goes deeper."""

import json
from typing import Any

from hypothesis import strategies as st

# Lone surrogates and control characters included: JSON can write them all.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=10
)
# What parsers are known to trip over.
NASTY = st.sampled_from(
    [
        *(b"", b"{", b"[" * 4000, b'"' * 3, b"9" * 5000, b"1e999", b"NaN", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00"),
        *(b'{"a":1,"a":2}', b"-0", b"\r\n", b'{"__proto__":{}}', b"\\ud800", b"=", b",", b"%2e%2e", b"'; --"),
        b"4112344112344113",
    ]
)


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """`good` with one to three places cut out, doubled or overwritten."""
    for _ in range(draw(st.integers(1, 3))):
        first, last = sorted(draw(st.tuples(*[st.integers(0, len(good))] * 2)))
        put = draw(st.sampled_from([b"", good[first:last] * 2]) | NASTY | st.binary(max_size=12))
        good = good[:first] + put + good[last:]
    return good


@st.composite
def changed(draw: st.DrawFn, good: dict[str, Any]) -> dict[str, Any]:
    """`good` with up to three fields, at any depth, removed, replaced or added."""
    found: dict[str, Any] = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = found
        while isinstance(place, dict) and place and draw(st.booleans()):
            inner = [value for value in place.values() if isinstance(value, dict)]
            if not inner:
                break
            place = draw(st.sampled_from(inner))
        name = draw(st.sampled_from([*place]) if place and draw(st.booleans()) else TEXTS)
        if draw(st.booleans()):
            place.pop(name, None)
        else:
            place[name] = draw(JSON)
    return found


def bodies(good: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """Bytes that are nearly `good`, or JSON of another kind, or nothing of the kind."""
    return (
        damaged(json.dumps(good).encode())
        | changed(good).map(lambda body: json.dumps(body).encode())
        | JSON.map(lambda value: json.dumps(value).encode())
        | NASTY
        | st.binary(max_size=200)
    )
