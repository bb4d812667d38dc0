"""
Differences that somebody has understood and answers for, until a day: no difference is excused for ever.

A rule is data. It explains one field's difference; it never hides it, and once expired it explains nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.shadow.codes import normalised
from shared.shadow.document import ALL
from shared.shadow.fields import FIELDS

_FIELD_NAMES: Final = frozenset(name for name, _, _ in FIELDS)
# Where money differs, one biller's reason is not another's.
_MONEY_FIELDS: Final = frozenset({"amount", "currency"})


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    Why `field` differs where both codes, the biller and the method are these (`*`: any).

    Codes are compared in normalised words. It holds through the day `expires`. Raises ValueError where nobody owns it,
    or where it would explain money for every biller.
    """

    id: str
    owner: str
    expires: date
    reason: str
    field: str
    control_code: str = ALL
    candidate_code: str = ALL
    biller_id: str = ALL
    method: str = ALL

    def __post_init__(self) -> None:
        if not (self.id.strip() and self.owner.strip() and self.reason.strip()):
            raise ValueError("an explanation needs an id, an owner and a reason")
        if self.field in _MONEY_FIELDS and self.biller_id == ALL:
            raise ValueError(f"explanation {self.id} must name the one biller whose {self.field} it explains")

    def expired(self, on: date) -> bool:
        return on > self.expires


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a field differs: both codes as they were told (None: no code)."""

    field: str
    control_code: str | None
    candidate_code: str | None
    biller_id: str
    method: str


# None yet: the first comparisons bring the first. Each comes with its owner and the day it ends.
EXPLANATIONS: Final[tuple[Explanation, ...]] = ()


def checked(rules: Iterable[Explanation]) -> tuple[Explanation, ...]:
    """The rules as given. Raises ValueError where two have one id, or where one speaks of a field that there is not."""
    known = tuple(rules)
    if lost := [rule.id for rule in known if rule.field not in _FIELD_NAMES]:
        raise ValueError(f"explanations of fields that are not compared: {', '.join(lost)}")
    if twice := [name for name, times in Counter(rule.id for rule in known).items() if times > 1]:
        raise ValueError(f"explanations of one id: {', '.join(twice)}")
    return known


def explained_by(difference: Difference, rules: Iterable[Explanation], *, on: date) -> Explanation | None:
    """The first rule, not expired on that day, that explains the difference."""
    return next((rule for rule in rules if not rule.expired(on) and _explains(rule, difference)), None)


def expired(rules: Iterable[Explanation], *, on: date) -> tuple[Explanation, ...]:
    """The rules that explain nothing any more: to be renewed with a reason, or taken out."""
    return tuple(rule for rule in rules if rule.expired(on))


def _explains(rule: Explanation, difference: Difference) -> bool:
    return rule.field == difference.field and all(
        wanted in (ALL, found)
        for wanted, found in (
            (_code(rule.control_code), normalised(difference.control_code)),
            (_code(rule.candidate_code), normalised(difference.candidate_code)),
            (rule.biller_id, difference.biller_id),
            (rule.method, difference.method),
        )
    )


def _code(wanted: str) -> str | None:
    return ALL if wanted == ALL else normalised(wanted)
