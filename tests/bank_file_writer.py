"""Writes bank files as docs/bank-files.md says, beside the reader and not by it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.payments.bank_facts import BankFact, FactKind
from shared.payments.money import Money
from tests.builders import NOW

SETTLEMENT_COLUMNS = "reference,transactionId,merchantOrderNumber,merchantId,amountMinor,currency,settledAt"
RETURN_COLUMNS = "reference,transactionId,merchantOrderNumber,kind,returnCode,reason,amountMinor,currency,occurredAt"
TRANSACTION_ID = "b1f7c0de-0000-4000-8000-000000000001"
# What a_submitted_payment(number=1) is called at Chase.
ORDER_NUMBER = f"{1:032x}"


def a_fact(reference: str = "SET-0001", amount_minor: int = 125_99, **changed: Any) -> BankFact:
    """A settlement of the payment number 1."""
    values: dict[str, Any] = {
        "kind": FactKind.SETTLEMENT,
        "amount": Money(amount_minor, "USD"),
        "occurred_at": NOW,
        "transaction_id": TRANSACTION_ID,
        "order_number": ORDER_NUMBER,
    }
    if changed.get("kind", FactKind.SETTLEMENT) is FactKind.SETTLEMENT:
        values["merchant_id"] = "998482157630"
    return BankFact(reference=reference, **{**values, **changed})


def a_return(reference: str = "RET-0001", amount_minor: int = 125_99, **changed: Any) -> BankFact:
    return a_fact(reference, amount_minor, **{"kind": FactKind.RETURN, "code": "R01", **changed})


def a_chargeback(reference: str = "CBK-0001", amount_minor: int = 125_99, **changed: Any) -> BankFact:
    return a_fact(reference, amount_minor, **{"kind": FactKind.CHARGEBACK, "reason": "fraud 10.4", **changed})


def lines_of(facts: Sequence[BankFact], series: str | None = None) -> list[str]:
    """The file's lines, without line ends. All of `facts` are settlements, or none is."""
    series = series or ("settlement" if facts[0].kind is FactKind.SETTLEMENT else "returns")
    columns = SETTLEMENT_COLUMNS if series == "settlement" else RETURN_COLUMNS
    total = sum(fact.amount.amount_minor for fact in facts)
    return [f"bank-file,{series},1", columns, *(_line(fact) for fact in facts), f"end,{len(facts)},{total}"]


def bytes_of(facts: Sequence[BankFact], series: str | None = None, *, line_end: str = "\n") -> bytes:
    return "".join(f"{line}{line_end}" for line in lines_of(facts, series)).encode()


def moment(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _line(fact: BankFact) -> str:
    ids = (fact.reference, fact.transaction_id or "", fact.order_number or "")
    amount = (str(fact.amount.amount_minor), fact.amount.currency, moment(fact.occurred_at))
    if fact.kind is FactKind.SETTLEMENT:
        return ",".join((*ids, fact.merchant_id or "", *amount))
    return ",".join((*ids, fact.kind, fact.code or "", fact.reason or "", *amount))
