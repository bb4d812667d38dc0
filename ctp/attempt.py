"""What CTP writes down about one try to collect one bill. No instrument is among it: that stays where CTP keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class Phase(StrEnum):
    """Where an attempt stands. The first four are open; the others have ended."""

    NEW = "new"  # written down; nobody was asked
    LIVE = "live"  # Chase charges; the existing processor must not
    SHADOW = "shadow"  # the existing processor charges, then the service is told
    EXISTING = "existing"  # the existing processor charges; the service is never asked or sold to again
    CHARGED = "charged"
    DECLINED = "declined"  # a definite no; nobody was charged
    FAILED = "failed"  # the existing processor certainly charged nobody
    CLOSED = "closed"  # nobody was charged under it


OPEN: Final = frozenset({Phase.NEW, Phase.LIVE, Phase.SHADOW, Phase.EXISTING})
# One attempt of a bill at most may be in one of these: a bill that is charged is not charged again.
HOLDS_BILL: Final = OPEN | {Phase.CHARGED}


class Processor(StrEnum):
    """Who charged."""

    CHASE = "chase"
    EXISTING = "existing"


class GivingUp(StrEnum):
    """How much a live attempt is given up."""

    IF_NOTHING_THERE = "if nothing is there"  # by itself: a payment that Chase may have charged is waited for
    WHATEVER_IS_THERE = "whatever is there"  # somebody asked: the payment is voided


class Report(StrEnum):
    """What became of the report that an attempt in shadow owes the service."""

    NONE = "none"  # it owes none
    DUE = "due"
    SENT = "sent"
    LOST = "lost"  # given up and counted: collecting never waits for it


@dataclass(frozen=True, slots=True)
class Bill:
    """
    What is to be collected once. `reference` names one amount due: an instalment has a reference of its own.

    `method` is the service's word for the kind: card, ach, applePay or googlePay.
    """

    biller_id: str
    reference: str
    method: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Control:
    """What the existing processor answered, as the service wants to be told: `control` of the contract."""

    status: str
    code: str
    amount_minor: int
    latency_ms: int
    processor_reference: str

    def as_json(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "code": self.code,
            "amountMinor": self.amount_minor,
            "latencyMs": self.latency_ms,
            "processorReference": self.processor_reference,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Control":
        return cls(
            value["status"], value["code"], value["amountMinor"], value["latencyMs"], value["processorReference"]
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One try, one idempotency key (`id`), one row. Changed only by `ctp.protocol`, and written before the step it allows.

    `reason` says in words why it stands where it stands; it never quotes an instrument. `due_at`: not before this time
    is anything done about it. `payment_id` is the service's payment under this key, `other_payment_id` the one that
    stood in its way. `version` rises by one with each change: a store refuses to overwrite another.
    """

    id: str
    bill: Bill
    phase: Phase
    reason: str
    created_at: datetime
    due_at: datetime
    version: int = 1
    mode: str | None = None
    giving_up: GivingUp | None = None
    tries: int = 0
    processor: Processor | None = None
    payment_id: str | None = None
    payment_state: str | None = None
    other_payment_id: str | None = None
    control: Control | None = None
    report: Report = Report.NONE
    report_tries: int = 0

    @property
    def is_open(self) -> bool:
        return self.phase in OPEN
