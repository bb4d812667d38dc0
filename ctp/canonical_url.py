"""The one spelling of a URL that is signed: RFC 3986, section 6.2.2, with the query sorted. docs/hmac-signature.md."""

import re
from typing import Final
from urllib.parse import urlsplit

_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATH: Final = _UNRESERVED | frozenset(b"!$&'()*+,;=:@/")
_IN_QUERY: Final = _IN_PATH | frozenset(b"?")
_BYTE: Final = re.compile(rb"%([0-9A-Fa-f]{2})|(.)", re.DOTALL)


def canonical_path_and_query(url: str) -> tuple[str, str]:
    """Path and query of an absolute URL or a request target, as they are signed. Raises ValueError: no UTF-8."""
    parts = urlsplit(url) if "://" in url.partition("?")[0] else None
    target = url.partition("#")[0] if parts is None else ""
    path, _, query = target.partition("?")
    if parts is not None:
        path, query = parts.path, parts.query
    return _path(path), _query(query)


def _path(path: str) -> str:
    normal = _normal(path, _IN_PATH)
    return _without_dot_segments(normal if normal.startswith("/") else f"/{normal}")


def _query(query: str) -> str:
    pairs = (pair.partition("=") for pair in _normal(query, _IN_QUERY).split("&") if pair)
    return "&".join(f"{name}={value}" for name, value in sorted((name, value) for name, _, value in pairs))


def _normal(text: str, literal: frozenset[int]) -> str:
    def spelled(found: re.Match[bytes]) -> bytes:
        if found[1] is not None:
            byte = int(found[1], 16)
            return bytes((byte,)) if byte in _UNRESERVED else b"%%%02X" % byte
        return found[2] if found[2][0] in literal else b"%%%02X" % found[2][0]

    return _BYTE.sub(spelled, text.encode()).decode("ascii")


def _without_dot_segments(path: str) -> str:
    """RFC 3986, section 5.2.4: `.` says nothing, `..` takes the segment before it, the root stays the root."""
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
