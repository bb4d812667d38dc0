"""Rules for JSON values, put together like the schema they stand for. A rule yields a Problem for each thing wrong."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field: a short code of our own, a sentence, the path. Never the value: it may be a PAN."""

    code: str
    message: str
    entity: str


Rule = Callable[[object, str], Iterator[Problem]]


def text(least: int = 0, most: int | None = None, pattern: str | None = None) -> Rule:
    """A string of `least` to `most` characters that matches `pattern` as a whole."""
    shape = re.compile(pattern) if pattern else None

    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem("TYPE", "must be a string", path)
        elif len(value) < least or (most is not None and len(value) > most):
            yield Problem("LENGTH", f"must have {least} to {most or 'any number of'} characters", path)
        elif shape is not None and not shape.fullmatch(value):
            yield Problem("PATTERN", f"must match {pattern}", path)

    return check


def integer(least: int, most: int) -> Rule:
    """A whole number; JSON's true and false are none."""

    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem("TYPE", "must be an integer", path)
        elif not least <= value <= most:
            yield Problem("RANGE", f"must be {least} to {most}", path)

    return check


def number(least: float, most: float) -> Rule:
    """A finite number, whole or not."""

    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, int | float) or isinstance(value, bool):
            yield Problem("TYPE", "must be a number", path)
        elif not least <= value <= most:
            yield Problem("RANGE", f"must be {least:g} to {most:g}", path)

    return check


def boolean() -> Rule:
    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield Problem("TYPE", "must be true or false", path)

    return check


def one_of(*words: str) -> Rule:
    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, str) or value not in words:
            yield Problem("ENUM", f"must be one of {', '.join(words)}", path)

    return check


def anything(kind: type) -> Rule:
    """A value of a JSON type whose inside the published specification leaves open."""

    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, kind):
            yield Problem("TYPE", f"must be a JSON {'object' if kind is dict else kind.__name__}", path)

    return check


def list_of(rule: Rule) -> Rule:
    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem("TYPE", "must be a list", path)
            return
        for position, item in enumerate(value):
            yield from rule(item, f"{path}[{position}]")

    return check


def record(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """An object. Stricter than Chase may be: a field that we do not know is a typing error until shown otherwise."""
    fields = {**required, **(optional or {})}

    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("TYPE", "must be an object", path)
            return
        for name in required.keys() - value.keys():
            yield Problem("REQUIRED", "is required", _join(path, name))
        for name, inner in value.items():
            rule = fields.get(name)
            if rule is None:
                yield Problem("UNKNOWN", "is not a known field", _join(path, name))
            else:
                yield from rule(inner, _join(path, name))

    return check


def exactly_one(alternatives: Mapping[str, Rule]) -> Rule:
    """An object with one of the named fields, and nothing else."""
    inside = record({}, alternatives)

    def check(value: object, path: str) -> Iterator[Problem]:
        yield from inside(value, path)
        if isinstance(value, dict) and len(value) != 1:
            yield Problem("REQUIRED", f"must hold exactly one of {', '.join(alternatives)}", path)

    return check


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
