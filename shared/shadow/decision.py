"""
Who is in which mode. Asked once per attempt; the answer is stored for ever by whoever asks.

The arithmetic of the percentage is FeatureManagement's targeting filter: a hash of who asks, compared with the
percentage. Raising the percentage moves nobody out, and the answer needs no memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from shared.shadow.document import Document, Mode, Rule

if TYPE_CHECKING:
    from featuremanagement import FeatureManager

# Part of what is hashed. Changing it would deal every bill anew.
_FLAG: Final = "chase"
# Nobody is outside, whatever the hash.
_ALL: Final = 100


class Why(StrEnum):
    """What decided."""

    NO_RULE = "no_rule"
    DENIED = "denied"
    ALLOWED = "allowed"
    INSIDE = "inside_percentage"
    OUTSIDE = "outside_percentage"
    KILL_SWITCH = "kill_switch"


@dataclass(frozen=True, slots=True)
class Decided:
    """The mode of one attempt, the rule that said so (None: no rule speaks of it), and why."""

    mode: Mode
    rule: Rule | None
    why: Why

    @property
    def processor(self) -> str:
        """Who charges: `chase` or `existing`."""
        return _PROCESSOR[self.mode]


_PROCESSOR: Final[Mapping[Mode, str]] = MappingProxyType(
    {Mode.OFF: "existing", Mode.SHADOW: "existing", Mode.LIVE: "chase"}
)


def decide(document: Document, biller_id: str, method: str, reference: str) -> Decided:
    """
    The mode of a bill: deny before allow before percentage; then the kill switch turns `live` into `off`.

    The hash is over biller and reference alone, whatever the method and the rule: attempts at one bill decide alike,
    and a rule that is split by method moves nobody.
    """
    rule = document.rule_for(biller_id, method)
    if rule is None:
        return Decided(Mode.OFF, None, Why.NO_RULE)
    why = _place(rule, biller_id, reference)
    mode = {Why.DENIED: Mode.OFF, Why.OUTSIDE: rule.otherwise}.get(why, rule.mode)
    if mode is Mode.LIVE and document.kill_switch:
        return Decided(Mode.OFF, rule, Why.KILL_SWITCH)
    return Decided(mode, rule, why)


def _place(rule: Rule, biller_id: str, reference: str) -> Why:
    named = {biller_id, reference}
    if not rule.deny.isdisjoint(named):
        return Why.DENIED
    if not rule.allow.isdisjoint(named):
        return Why.ALLOWED
    if rule.percentage == _ALL:
        return Why.INSIDE
    # A biller's name holds no colon: no two bills are one text.
    inside = _flag(rule.percentage).is_enabled(_FLAG, f"{biller_id}:{reference}")
    return Why.INSIDE if inside else Why.OUTSIDE


@lru_cache(maxsize=101)
def _flag(percentage: int) -> "FeatureManager":
    """One flag of one name per whole percentage: built at its first use, good for every document."""
    # Off the path on which the platform indexes functions: importing it takes some 40 ms.
    from featuremanagement import FeatureManager  # noqa: PLC0415

    audience = {"Audience": {"DefaultRolloutPercentage": percentage}}
    targeting = {"client_filters": [{"name": "Microsoft.Targeting", "parameters": audience}]}
    flag = {"id": _FLAG, "enabled": True, "conditions": targeting}
    return FeatureManager({"feature_management": {"feature_flags": [flag]}})
