"""The route table: ASP.NET-style templates, a literal segment before a parameter, as the platform matches them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import unquote

from local.registered import CannotBeServed, Function, HttpFunction

_NO_VALUES: Final[Mapping[str, str]] = MappingProxyType({})


class Match(NamedTuple):
    function: Function
    values: Mapping[str, str]


class _Pattern(NamedTuple):
    """A template cut at its slashes: for each segment the literal in lower case, or None and the parameter's name."""

    segments: tuple[tuple[str | None, str], ...]
    function: Function

    def values_of(self, path: list[str]) -> Mapping[str, str] | None:
        values: dict[str, str] = {}
        for (literal, name), segment in zip(self.segments, path, strict=True):
            if literal is None and segment:
                values[name] = segment
            elif segment.lower() != literal:
                return None
        return values


class Routes:
    """Compiled once. Literal routes are found by one look-up; the others by trying the few of the same length."""

    def __init__(self, functions: Iterable[HttpFunction], *, prefix: str) -> None:
        self._literal: dict[tuple[str, str | tuple[str, ...]], Match] = {}
        self._patterns: dict[tuple[str, int], list[_Pattern]] = {}
        for http in functions:
            template = "".join("/" + part for part in (prefix.strip("/"), http.route.strip("/")) if part)
            for method in http.methods:
                self._add(method, template, http.function)
        for patterns in self._patterns.values():
            patterns.sort(key=lambda pattern: [literal is None for literal, _ in pattern.segments])

    def find(self, method: str, raw_path: str) -> Match | None:
        """
        The function that answers, with its parameters percent-decoded, or None: unknown path or another method.

        `raw_path` is as the client sent it: a %2F belongs to a segment and does not end it.
        """
        found = self._literal.get((method, raw_path))
        if found is not None:
            return found
        path = [unquote(segment) for segment in raw_path.removesuffix("/").split("/")]
        found = self._literal.get((method, tuple(segment.lower() for segment in path)))
        if found is not None:
            return found
        for pattern in self._patterns.get((method, len(path)), ()):
            values = pattern.values_of(path)
            if values is not None:
                return Match(pattern.function, values)
        return None

    def _add(self, method: str, template: str, function: Function) -> None:
        if "{" not in template:
            lowered = tuple(template.lower().split("/"))
            if (method, lowered) in self._literal:
                raise CannotBeServed(f"{function.name}: {method} {template} is registered twice")
            self._literal[method, lowered] = self._literal[method, template] = Match(function, _NO_VALUES)
            return
        segments = tuple(_segment(text, function.name) for text in template.split("/"))
        self._patterns.setdefault((method, len(segments)), []).append(_Pattern(segments, function))


def _segment(text: str, function_name: str) -> tuple[str | None, str]:
    if "{" not in text and "}" not in text:
        return text.lower(), ""
    name = text[1:-1]
    if text[0] != "{" or text[-1] != "}" or not name.isidentifier():
        raise CannotBeServed(f"{function_name}: only {{name}} is understood in a route, not {text}")
    return None, name
