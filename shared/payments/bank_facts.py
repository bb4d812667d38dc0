"""
What the bank says of a payment: settled, returned, charged back. Facts are never refused for a captured payment.

A fact that does not fit its payment is set aside for a person: never lost, and never applied by a guess.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.payments.ids import PAYMENT_PREFIX, merchant_order_number
from shared.payments.money import Money
from shared.payments.outcome import OutcomeRecord
from shared.payments.payment import Payment
from shared.payments.state_machine import OPEN_STATES, Event, State


class FactKind(StrEnum):
    SETTLEMENT = "settlement"
    RETURN = "return"
    CHARGEBACK = "chargeback"
    CHARGEBACK_REVERSAL = "chargeback_reversal"


EVENTS: Final[Mapping[FactKind, Event]] = {
    FactKind.SETTLEMENT: Event.SETTLED,
    FactKind.RETURN: Event.RETURNED,
    FactKind.CHARGEBACK: Event.CHARGED_BACK,
    FactKind.CHARGEBACK_REVERSAL: Event.CHARGEBACK_REVERSED,
}

# Whose word a history entry rests on that came out of a bank file.
BANK: Final = "bank"

# The name under which a history entry keeps `BankFact.id`: in its detail, or in the evidence of a report there.
RECORDED_AS: Final = "bankFact"

# Nothing was captured, and nothing will be: money that moves here contradicts what we know.
_NEVER_CAPTURED: Final = frozenset({State.DECLINED, State.FAILED, State.VOIDED})


@dataclass(frozen=True, slots=True)
class BankFact:
    """
    One line of a bank file (docs/bank-files.md).

    `reference` is the bank's own; it names the fact for ever. `transaction_id` is Chase's, `order_number` is what we
    sent as `merchantOrderNumber`; one of the two is there. `code` is an ACH return code, R01 to R99.
    """

    kind: FactKind
    reference: str
    amount: Money
    occurred_at: datetime
    transaction_id: str | None = None
    order_number: str | None = None
    merchant_id: str | None = None
    code: str | None = None
    reason: str | None = None

    @property
    def id(self) -> str:
        """Names the fact among all: settlements and returns are numbered apart by the bank, for all we know."""
        series = "settlement" if self.kind is FactKind.SETTLEMENT else "returns"
        return f"{series}:{self.reference}"

    @property
    def event(self) -> Event:
        return EVENTS[self.kind]

    @property
    def payment_id(self) -> str | None:
        """The payment that `order_number` names."""
        return None if self.order_number is None else f"{PAYMENT_PREFIX}{self.order_number}"


@dataclass(frozen=True, slots=True)
class KeptFact:
    """A fact at rest. `attempts` is how often it was taken up."""

    fact: BankFact
    attempts: int


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Captured payments that no settlement file has named: how many, and the oldest of them by id."""

    count: int
    payment_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Applied:
    """The fact is in the payment's history, durably."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """The fact does not fit: a person looks. `reason` is shown and never holds a value from the file."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """The fact may fit later: the sale's own outcome is not known yet. If it never does, `reason` sets it aside."""

    reason: str


def evidence(fact: BankFact) -> Mapping[str, object]:
    """The fact as a report's evidence, which goes into the history with it: `is_recorded` knows it again by this."""
    known = {
        RECORDED_AS: fact.id,
        "amountMinor": fact.amount.amount_minor,
        "returnCode": fact.code,
        "reason": fact.reason,
    }
    return {name: value for name, value in known.items() if value is not None}


def is_recorded(payment: Payment, fact: BankFact) -> bool:
    """Whether the fact is in the history already: asked of the very payment that is saved, in every round."""
    return any(entry.detail is not None and fact.id in _recorded_in(entry.detail) for entry in payment.history)


def _recorded_in(detail: OutcomeRecord) -> tuple[object, ...]:
    told = detail.get("evidence")
    return detail.get(RECORDED_AS), told.get(RECORDED_AS) if isinstance(told, Mapping) else None


def objection(payment: Payment, fact: BankFact) -> SetAside | Wait | None:
    """Why the fact cannot be put to the payment, or not yet; None where it can."""
    if mismatch := _mismatch(payment, fact):
        return SetAside(mismatch)
    if payment.state in _NEVER_CAPTURED:
        return SetAside(f"the payment is {payment.state}: it was never captured")
    if payment.state in OPEN_STATES:
        return Wait(f"the payment is {payment.state}: whether it was captured is not known")
    return None


def _mismatch(payment: Payment, fact: BankFact) -> str | None:
    whole, part = payment.amount.amount_minor, fact.amount.amount_minor
    order_number, transaction_id = merchant_order_number(payment.id), payment.sale.transaction_id
    rules = (
        (payment.mode != "live", "the payment is a shadow: no bank can know it"),
        (fact.order_number not in (None, order_number), "transactionId and merchantOrderNumber name two payments"),
        (_differ(fact.transaction_id, transaction_id), "Chase knows the payment by another transactionId"),
        (_differ(fact.merchant_id, payment.merchant_id), "merchantId is not that of the payment"),
        (fact.amount.currency != payment.amount.currency, "the currency is not that of the payment"),
        (fact.kind is FactKind.SETTLEMENT and part != whole, "the amount is not that of the payment"),
        (part > whole, "the amount is more than that of the payment"),
    )
    return next((reason for broken, reason in rules if broken), None)


def _differ(said: str | None, known: str | None) -> bool:
    return said is not None and known is not None and said != known
