"""The columns of bank files, and how each value must be written (docs/bank-files.md): one table, obeyed by reading."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from shared.payments.bank_facts import BankFact, FactKind
from shared.payments.money import AMOUNT_MINOR_MAX, Money


class FileKind(StrEnum):
    SETTLEMENT = "settlement"
    RETURNS = "returns"


@dataclass(frozen=True, slots=True)
class Column:
    """`pattern` is what a value that is there must match, in full; `write` says so to a person."""

    pattern: re.Pattern[str]
    write: str


class Unfit(Exception):
    """One value, or a pair of them, is not as it must be. Names the column, never the value."""

    def __init__(self, column: str, write: str) -> None:
        super().__init__(f"{column}: {write}")
        self.column, self.write = column, write


_AT: Final = Column(
    re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z"),
    "write a moment in UTC such as 2026-11-23T18:00:00Z or 2026-11-23T18:00:00.123Z",
)
COLUMNS: Final[Mapping[str, Column]] = {
    "reference": Column(
        re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
        "write the bank's own reference of the line, 1-64 of A-Z a-z 0-9 . _ -",
    ),
    "transactionId": Column(re.compile(r"[A-Za-z0-9-]{1,100}"), "write Chase's transactionId, 1-100 of A-Z a-z 0-9 -"),
    "merchantOrderNumber": Column(
        re.compile(r"[0-9a-f]{32}"), "write the 32 hex digits that were sent to Chase, in lower case"
    ),
    "merchantId": Column(re.compile(r"[A-Za-z0-9]{8,12}"), "write Chase's merchant id, 8-12 letters and digits"),
    "kind": Column(
        re.compile("return|chargeback|chargeback_reversal"), "write return, chargeback or chargeback_reversal"
    ),
    "returnCode": Column(re.compile(r"R[0-9]{2}"), "write the ACH return code, R01 to R99"),
    "reason": Column(re.compile(r"[A-Za-z0-9 ._/-]{1,60}"), "write 1-60 of A-Z a-z 0-9 blank . _ / -"),
    "amountMinor": Column(
        re.compile(r"[1-9][0-9]{0,10}"),
        f"write minor units as digits alone, 1 to {AMOUNT_MINOR_MAX}: USD 125.99 is 12599",
    ),
    "currency": Column(re.compile(r"[A-Z]{3}"), "write three capital letters (ISO 4217)"),
    "settledAt": _AT,
    "occurredAt": _AT,
}
LAYOUTS: Final[Mapping[FileKind, tuple[str, ...]]] = {
    FileKind.SETTLEMENT: (
        "reference", "transactionId", "merchantOrderNumber", "merchantId", "amountMinor", "currency", "settledAt",
    ),
    FileKind.RETURNS: (
        "reference", "transactionId", "merchantOrderNumber", "kind", "returnCode", "reason", "amountMinor", "currency",
        "occurredAt",
    ),
}  # fmt: skip
_OPTIONAL: Final = frozenset({"transactionId", "merchantOrderNumber", "returnCode", "reason"})


def read_fact(kind: FileKind, values: Mapping[str, str]) -> BankFact:
    """
    The fact in one line, from its values by column. Raises Unfit.

    Whoever learns how Chase's real reports are laid out writes another `read_*` beside the two below.
    """
    for column, value in values.items():
        needed = bool(value) or column not in _OPTIONAL
        if needed and not COLUMNS[column].pattern.fullmatch(value):
            raise Unfit(column, COLUMNS[column].write)
    if not values["transactionId"] and not values["merchantOrderNumber"]:
        raise Unfit("transactionId", "write Chase's transactionId, or the merchantOrderNumber, or both")
    return _READ[kind](values)


def read_settlement(values: Mapping[str, str]) -> BankFact:
    """A line of a settlement file. Raises Unfit."""
    return BankFact(
        kind=FactKind.SETTLEMENT,
        reference=values["reference"],
        amount=_amount(values),
        occurred_at=_moment(values, "settledAt"),
        transaction_id=values["transactionId"] or None,
        order_number=values["merchantOrderNumber"] or None,
        merchant_id=values["merchantId"],
    )


def read_return(values: Mapping[str, str]) -> BankFact:
    """A line of a file of returns and charge-backs. Raises Unfit."""
    kind = FactKind(values["kind"])
    is_return = kind is FactKind.RETURN
    if is_return and values["returnCode"] in ("", "R00"):
        raise Unfit("returnCode", COLUMNS["returnCode"].write)
    if not is_return and values["returnCode"]:
        raise Unfit("returnCode", "leave it empty where kind is not return")
    if not is_return and not values["reason"]:
        raise Unfit("reason", COLUMNS["reason"].write)
    return BankFact(
        kind=kind,
        reference=values["reference"],
        amount=_amount(values),
        occurred_at=_moment(values, "occurredAt"),
        transaction_id=values["transactionId"] or None,
        order_number=values["merchantOrderNumber"] or None,
        code=values["returnCode"] or None,
        reason=values["reason"] or None,
    )


_READ: Final = {FileKind.SETTLEMENT: read_settlement, FileKind.RETURNS: read_return}


def _amount(values: Mapping[str, str]) -> Money:
    return Money(int(values["amountMinor"]), values["currency"])


def _moment(values: Mapping[str, str], column: str) -> datetime:
    try:
        return datetime.fromisoformat(values[column].removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        raise Unfit(column, "write a day and a time that the calendar has") from None
