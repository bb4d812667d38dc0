"""What readiness is judged by: counts per stratum, and the approval rates of the two arms."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.payments.operations import OperationKind
from shared.shadow.document import ALL, DWELL_HOURS_DEFAULT, RolloutVersion
from shared.shadow.ladder import Step, began_at, step_of


@dataclass(frozen=True, slots=True, order=True)
class Stratum:
    """Pairs of one kind: a biller (`*`: all of them together), a method and an operation."""

    biller_id: str
    method: str
    operation: str

    @property
    def pooled(self) -> bool:
        return self.biller_id == ALL

    def __str__(self) -> str:
        return f"{'all billers' if self.pooled else self.biller_id}, {self.method} {self.operation}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    What one stratum has shown since the step began.

    `pairs` are those that could be compared, up to the latest look; `severe` the severe mismatches among all up to now,
    for bad news does not wait. `compared` of `eligible` operations have been compared at all; the rest was lost or is
    still on its way.
    """

    pairs: int = 0
    severe: int = 0
    compared: int = 0
    eligible: int = 0

    @property
    def coverage(self) -> float | None:
        """Compared of eligible; None where nothing was eligible."""
        return self.compared / self.eligible if self.eligible else None


@dataclass(frozen=True, slots=True)
class Arms:
    """
    Approvals up to the latest look: of bills that the hash gave to Chase, and of those it left where they were.

    Both are dealt by the same hash in the same days, so they differ in nothing else.
    """

    live_approved: int = 0
    live_decided: int = 0
    existing_approved: int = 0
    existing_decided: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a biller and method stand, since when, and how long they must stay."""

    biller_id: str
    method: str
    step: Step
    began: datetime
    minimum_dwell_hours: int = DWELL_HOURS_DEFAULT

    def stratum(self, operation: str, *, pooled: bool = False) -> Stratum:
        return Stratum(ALL if pooled else self.biller_id, self.method, operation)


def standing_of(versions: Sequence[RolloutVersion], biller_id: str, method: str, billers: Collection[str]) -> Standing:
    """
    Where a biller and method stand by every version of the document, oldest first.

    Raises ValueError where there is no version: then nothing stands anywhere.
    """
    began = began_at(versions, biller_id, method, billers)
    if began is None:
        raise ValueError("there is no version of the rollout document")
    document = versions[-1].document
    rule = document.rule_for(biller_id, method)
    dwell = rule.minimum_dwell_hours if rule else DWELL_HOURS_DEFAULT
    return Standing(biller_id, method, step_of(document, biller_id, method, billers), began, dwell)


# (all billers together?, operation, severe-mismatch rate below which it is good enough).
# The code is the same for all billers, so the strict bound is theirs together: 0 of 2,995 at a single look of 5 %.
# A biller's own pairs show what is its own: merchant id, descriptor, currency. Voids and refunds are rare.
TARGETS: Final[tuple[tuple[bool, OperationKind, float], ...]] = (
    (True, OperationKind.SALE, 0.001),
    (False, OperationKind.SALE, 0.01),
    (True, OperationKind.VOID, 0.05),
    (True, OperationKind.REFUND, 0.05),
)
COVERAGE_MIN: Final = 0.95
# How much lower than the existing processor's our approval rate may be, at worst.
APPROVAL_MARGIN: Final = 0.01
