"""A page of one static file, and a policy by which a browser runs nothing in it but what stands in that file."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_QUALITY: Final = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True)
class Page:
    text: str
    headers: Mapping[str, str]


@lru_cache
def page(name: str) -> Page:
    """The file of that name beside this one; read once."""
    text = (Path(__file__).parent / name).read_text("utf-8")
    policy = {
        "Content-Security-Policy": _policy(text),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return Page(text, policy)


def wants_page(accept: str) -> bool:
    """Whether `accept` names `text/html`, and JSON not before it: a browser's address bar does, a client does not."""
    weights = {
        kind.strip().lower(): _weight(parameters)
        for kind, _, parameters in (part.partition(";") for part in accept.split(","))
    }
    return weights.get("text/html", 0.0) > weights.get("application/json", 0.0)


def _weight(parameters: str) -> float:
    found = next((each.strip() for each in parameters.split(";") if each.strip().lower().startswith("q=")), "q=1")
    matched = _QUALITY.fullmatch(found.lower())
    return float(matched[1]) if matched else 0.0


def _policy(text: str) -> str:
    """Its own script and style by their hashes; calls to where it came from; nothing else, and in nobody's frame."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, content in _INLINE.findall(text):
        digest = hashlib.sha256(content.encode()).digest()
        hashes[kind].append(f"'sha256-{base64.b64encode(digest).decode()}'")
    allowed = [f"{kind}-src {' '.join(found)}" for kind, found in hashes.items()]
    return "; ".join(
        [
            "default-src 'none'",
            *allowed,
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
