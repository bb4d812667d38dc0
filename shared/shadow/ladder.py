"""The steps from `off` to `live` for all, one at a time; and where a document stands on them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.shadow.document import Document, Mode, RolloutVersion, Rule

_RANK: Final = {Mode.OFF: 0, Mode.SHADOW: 1, Mode.LIVE: 2}


@dataclass(frozen=True, slots=True)
class Step:
    """A mode for a whole percentage of a scope's bills. 0 % of anything is `off`."""

    mode: Mode
    percentage: int

    @property
    def rank(self) -> tuple[int, int]:
        """Orders steps: any share of live is above all of shadow."""
        return (_RANK[self.mode], self.percentage) if self.percentage else (0, 0)

    def __str__(self) -> str:
        return f"{self.mode.value} {self.percentage} %" if self.rank > (0, 0) else "off"


OFF: Final = Step(Mode.OFF, 0)
LADDER: Final = (
    OFF,
    Step(Mode.SHADOW, 1),
    Step(Mode.SHADOW, 10),
    Step(Mode.SHADOW, 100),
    Step(Mode.LIVE, 1),
    Step(Mode.LIVE, 5),
    Step(Mode.LIVE, 25),
    Step(Mode.LIVE, 50),
    Step(Mode.LIVE, 100),
)


def next_step(step: Step) -> Step | None:
    """The lowest step of the ladder above `step`; None at its end."""
    return next((above for above in LADDER if above.rank > step.rank), None)


def step_of(document: Document, biller_id: str, method: str, billers: Collection[str]) -> Step:
    """
    Where a biller and method stand by their rule; `billers` are all that exist.

    A biller that is allowed is in its mode wholly, one that is denied is off; single bills that are allowed count as
    1 % at least. The kill switch is no step: what it stopped may go on where it stood.
    """
    rule = document.rule_for(biller_id, method)
    if rule is None or rule.mode is Mode.OFF or biller_id in rule.deny:
        return OFF
    step = max((_inside(rule, biller_id, billers), _outside(rule)), key=lambda step: step.rank)
    return step if step.percentage else OFF


def _inside(rule: Rule, biller_id: str, billers: Collection[str]) -> Step:
    if biller_id in rule.allow:
        return Step(rule.mode, 100)
    allows_bills = any(entry not in billers for entry in rule.allow)
    return Step(rule.mode, max(rule.percentage, int(allows_bills)))


def _outside(rule: Rule) -> Step:
    """Those outside the percentage: `otherwise` shadow is all of shadow, whatever share is live."""
    return Step(rule.otherwise, 100) if rule.otherwise is Mode.SHADOW else OFF


def began_at(
    versions: Sequence[RolloutVersion], biller_id: str, method: str, billers: Collection[str]
) -> datetime | None:
    """
    Since when a biller and method stand where they do, by every version, oldest first; None where there is no version.

    A version that changes something else does not begin the step anew.
    """
    began: datetime | None = None
    standing: Step | None = None
    for version in versions:
        step = step_of(version.document, biller_id, method, billers)
        if step != standing:
            began, standing = version.at, step
    return began
