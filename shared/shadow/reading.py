"""
Reading a rollout document that somebody wrote: refused whole, with every problem and its path, or taken whole.

Paths are written as everywhere in the contract: `document.rules.2.percentage`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from shared.payments.cards import holds_a_number
from shared.payments.errors import FieldError, InvalidRequest
from shared.shadow.document import ALL, DWELL_HOURS_DEFAULT, METHODS, Document, Mode, Rule

RULES_MAX: Final = 500
LIST_MAX: Final = 500
DWELL_HOURS_MAX: Final = 24 * 90
# Who has so many things wrong needs no longer list.
PROBLEMS_MAX: Final = 100

# What a caller may write as a bill's reference; every biller's name is of this form too.
_ENTRY: Final = re.compile(r"[A-Za-z0-9._-]([A-Za-z0-9 ._-]{0,62}[A-Za-z0-9._-])?")
# A field is named back only if it looks like a name: a slip could put a card number there.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")

Check = Callable[[Any], str | None]
"""What is wrong with a value, as what to write instead; None if nothing is."""


def read_document(body: Mapping[str, Any], *, billers: Collection[str] | None, path: str = "document") -> Document:
    """
    The document in a JSON object from outside. `billers` are all that exist; None takes any biller's name, for what was
    taken before: a biller that has left the settings must not make the stored document unreadable.

    Raises InvalidRequest, which names every problem (up to PROBLEMS_MAX) by its path; nothing is taken in part.
    """
    problems = list(_document_problems(body, billers, path))
    if problems:
        raise InvalidRequest(*problems[:PROBLEMS_MAX])
    return Document(tuple(_rule(rule) for rule in body["rules"]), body["killSwitch"], body["holdAll"])


def _document_problems(body: Any, billers: Collection[str] | None, path: str) -> Iterator[FieldError]:
    switch = _one_of_two
    yield from _field_problems(body, {"rules": _rules, "killSwitch": switch, "holdAll": switch}, (), path)
    rules = body.get("rules") if isinstance(body, Mapping) else None
    if not isinstance(rules, list) or len(rules) > RULES_MAX:
        return
    for index, rule in enumerate(rules):
        yield from _rule_problems(rule, billers, f"{path}.rules.{index}")
    yield from _overlaps(rules, f"{path}.rules")


def _rule_problems(rule: Any, billers: Collection[str] | None, path: str) -> Iterator[FieldError]:
    checks: dict[str, Check] = {
        "billerId": _biller if billers is None else partial(_among, [*sorted(billers), ALL], "a biller or all"),
        "method": partial(_among, METHODS, "one of"),
        "mode": partial(_among, [*Mode], "one of"),
        "percentage": partial(_whole, 100),
        "otherwise": partial(_among, [Mode.OFF, Mode.SHADOW], "one of"),
        "allow": _entries,
        "deny": _entries,
        "minimumDwellHours": partial(_whole, DWELL_HOURS_MAX),
    }
    problems = list(_field_problems(rule, checks, ("otherwise", "allow", "deny", "minimumDwellHours"), path))
    yield from problems
    if not problems:
        yield from _contradictions(rule, path)


def _field_problems(
    body: Any, checks: Mapping[str, Check], optional: Collection[str], path: str
) -> Iterator[FieldError]:
    if not isinstance(body, Mapping):
        yield FieldError(path, f"write an object with {', '.join(checks)}")
        return
    for name in body:
        if name not in checks:
            yield FieldError(f"{path}.{_shown(name)}", f"is not a field here; write {', '.join(checks)} only")
    for name, check in checks.items():
        if name in body:
            if (wrong := check(body[name])) is not None:
                yield FieldError(f"{path}.{name}", wrong)
        elif name not in optional:
            yield FieldError(f"{path}.{name}", "is required")


def _contradictions(rule: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """What is wrong between fields that are right one by one."""
    if both := set(rule.get("allow", ())) & set(rule.get("deny", ())):
        yield FieldError(f"{path}.deny", f"names {len(both)} that `allow` names too; name each in one of them")
    if rule["mode"] == Mode.OFF and rule.get("otherwise", Mode.OFF) != Mode.OFF:
        yield FieldError(f"{path}.otherwise", "write `off` where `mode` is `off`; to shadow all, write mode `shadow`")


def _overlaps(rules: Iterable[Any], path: str) -> Iterator[FieldError]:
    first: dict[tuple[Any, Any], int] = {}
    for index, rule in enumerate(rules):
        if not isinstance(rule, Mapping):
            continue
        scope = rule.get("billerId"), rule.get("method")
        if not all(isinstance(part, str) for part in scope):
            continue
        if scope in first:
            yield FieldError(f"{path}.{index}", f"has the biller and method of rule {first[scope]}; keep one of them")
        first.setdefault(scope, index)


def _rules(value: Any) -> str | None:
    if isinstance(value, list) and len(value) <= RULES_MAX:
        return None
    return f"write a list of at most {RULES_MAX} rules"


def _one_of_two(value: Any) -> str | None:
    return None if isinstance(value, bool) else "write true or false"


def _among(allowed: Collection[str], what: str, value: Any) -> str | None:
    if isinstance(value, str) and value in allowed:
        return None
    return f"write {what}: {', '.join(f'`{name}`' for name in list(allowed)[-20:])}"


def _biller(value: Any) -> str | None:
    return None if _is_entry(value) or value == ALL else "write a biller's name or `*`"


def _whole(most: int, value: Any) -> str | None:
    return None if type(value) is int and 0 <= value <= most else f"write a whole number from 0 to {most}"


def _entries(value: Any) -> str | None:
    if isinstance(value, list) and len(value) <= LIST_MAX and all(_is_entry(entry) for entry in value):
        return None
    return f"write a list of at most {LIST_MAX} references or billers, each of 1-64 letters, digits, ` ._-`"


def _is_entry(value: Any) -> bool:
    return isinstance(value, str) and _ENTRY.fullmatch(value) is not None


def _shown(name: object) -> str:
    return name if isinstance(name, str) and _NAME.fullmatch(name) and not holds_a_number(name) else "(unnamed)"


def _rule(read: Mapping[str, Any]) -> Rule:
    return Rule(
        biller_id=read["billerId"],
        method=read["method"],
        mode=Mode(read["mode"]),
        percentage=read["percentage"],
        otherwise=Mode(read.get("otherwise", Mode.OFF)),
        allow=frozenset(read.get("allow", ())),
        deny=frozenset(read.get("deny", ())),
        minimum_dwell_hours=read.get("minimumDwellHours", DWELL_HOURS_DEFAULT),
    )
