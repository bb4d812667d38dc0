"""
The one spelling of a path and a query that is signed, so that a proxy which re-encodes a URL breaks no signature.

RFC 3986: percent triplets in upper case, unreserved characters decoded, what may not stand literally encoded from its
UTF-8 bytes, dot segments removed. A reserved character and its triplet differ (`/` is not `%2F`, `+` is not `%2B`), and
a plus is a plus, never a space.
"""

import re
from typing import Final

_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

# A triplet, or one byte that may not stand literally. A percent sign that begins no triplet is such a byte.
_TO_NORMALISE_IN_PATH: Final = re.compile(rb"%([0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/-]")
_TO_NORMALISE_IN_QUERY: Final = re.compile(rb"%([0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/?-]")

# Scheme and authority (dropped: a proxy may change them), path, query; a fragment is never sent.
_URL: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?([^?#]*)(?:\?([^#]*))?", re.DOTALL)


def path_and_query(url: str) -> tuple[str, str]:
    """A URL or a request target, split as it stands; without scheme, authority, question mark and fragment."""
    parts = _URL.match(url)
    return (parts[1], parts[2] or "") if parts else ("", "")


def canonical_path(path: str) -> str:
    """The path as it is signed; empty becomes `/`. Raises ValueError for a lone surrogate (it has no UTF-8)."""
    normal = _normalised(path, _TO_NORMALISE_IN_PATH)
    if not normal.startswith("/"):
        normal = "/" + normal
    return _without_dot_segments(normal) if "/." in normal else normal


def canonical_query(query: str) -> str:
    """
    The query as it is signed, without its question mark: pairs sorted by name, then by value, as bytes.

    A name without `=` is a name with an empty value; empty pairs (`a=1&&b=2`) say nothing and are dropped.
    Raises ValueError for a lone surrogate.
    """
    normal = _normalised(query, _TO_NORMALISE_IN_QUERY)
    # Split after normalising: a reserved `&` or `=` in triplets stays in triplets, so no new pair can appear.
    pairs = (pair.partition("=") for pair in normal.split("&") if pair)
    return "&".join(f"{name}={value}" for name, value in sorted((name, value) for name, _, value in pairs))


def _normalised(text: str, to_normalise: re.Pattern[bytes]) -> str:
    return to_normalise.sub(_normal_form, text.encode()).decode("ascii")


def _normal_form(found: re.Match[bytes]) -> bytes:
    byte = int(found[1], 16) if found[1] else found[0][0]
    return bytes((byte,)) if byte in _UNRESERVED else b"%%%02X" % byte


def _without_dot_segments(path: str) -> str:
    """RFC 3986, section 5.2.4, for a path that begins with a slash; `..` above the root stays at the root."""
    kept: list[str] = []
    segments = path[1:].split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
