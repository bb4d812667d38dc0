"""
The rollout document: which bills Chase takes, which it only shadows, and which it never sees (docs/openapi.yaml).

The most specific rule wins. What stands in the document is kept for ever beside its version, actor and reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from shared.payments.requests import MethodType

ALL: Final = "*"
METHODS: Final = (*(str(method.value) for method in MethodType), ALL)

# Two days: long enough for one day's sales to be compared again when they are final.
DWELL_HOURS_DEFAULT: Final = 48


class Mode(StrEnum):
    """What becomes of a bill: `off` and `shadow` leave it to the existing processor, `live` does not."""

    OFF = "off"
    SHADOW = "shadow"
    LIVE = "live"


Scope = tuple[str, str]
"""A biller and a method, either of them `*` for all."""


@dataclass(frozen=True, slots=True)
class Rule:
    """
    What becomes of one scope's bills.

    `percentage` (whole, 0-100) of them are in `mode`, the others in `otherwise` (`off` or `shadow`). `allow` and `deny`
    hold references and billers: who is allowed is in `mode` whatever the percentage, who is denied is `off` whatever
    else is said. `minimum_dwell_hours` must pass on one step before the next one up.
    """

    biller_id: str
    method: str
    mode: Mode
    percentage: int
    otherwise: Mode = Mode.OFF
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    minimum_dwell_hours: int = DWELL_HOURS_DEFAULT

    @property
    def scope(self) -> Scope:
        return self.biller_id, self.method


@dataclass(frozen=True, slots=True)
class Document:
    """
    The rules, of which no two have one scope, and two switches.

    `kill_switch` turns `live` into `off` for what is decided from now on; `hold_all` holds voids, refunds and inquiries
    and decides nothing here. Raises ValueError for two rules of one scope.
    """

    rules: tuple[Rule, ...] = ()
    kill_switch: bool = False
    hold_all: bool = False
    _by_scope: Mapping[Scope, Rule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_scope = {rule.scope: rule for rule in self.rules}
        if len(by_scope) != len(self.rules):
            raise ValueError("two rules of one document have the same biller and method")
        object.__setattr__(self, "_by_scope", MappingProxyType(by_scope))

    def rule_for(self, biller_id: str, method: str) -> Rule | None:
        """The most specific rule of this biller and method; None where none speaks of them."""
        for scope in scopes_of(biller_id, method):
            if scope in self._by_scope:
                return self._by_scope[scope]
        return None


# Where no document can be read, and there is no last good one.
ALL_OFF: Final = Document()


@dataclass(frozen=True, slots=True)
class RolloutVersion:
    """A document as it is kept: the `version`th, written at `at` by `actor` for `reason`; `forced` past readiness."""

    version: int
    document: Document
    at: datetime
    actor: str
    reason: str
    forced: bool = False


def scopes_of(biller_id: str, method: str) -> tuple[Scope, ...]:
    """The scopes that speak of a biller and a method, the most specific first: a biller outranks a method."""
    return (biller_id, method), (biller_id, ALL), (ALL, method), (ALL, ALL)


def as_json(document: Document) -> dict[str, Any]:
    """The document as callers write and read it; lists are sorted."""
    return {
        "rules": [
            {
                "billerId": rule.biller_id,
                "method": rule.method,
                "mode": rule.mode.value,
                "percentage": rule.percentage,
                "otherwise": rule.otherwise.value,
                "allow": sorted(rule.allow),
                "deny": sorted(rule.deny),
                "minimumDwellHours": rule.minimum_dwell_hours,
            }
            for rule in document.rules
        ],
        "killSwitch": document.kill_switch,
        "holdAll": document.hold_all,
    }
