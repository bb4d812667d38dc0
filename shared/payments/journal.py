"""
Double entry: which accounts a posting debits and credits. Every posting balances by itself.

Real accounts:

- `chase_clearing` (asset): what Chase owes us, until it is paid out.
- `biller_payable` (liability): what we owe the biller for its bills.
- `returns_receivable`, `chargebacks_receivable` (assets): what the bank took back, and somebody owes us until finance
  has settled who bears it. The biller's account is left alone: whether it pays is its contract's business, not ours.

Memorandum accounts, outside the balance sheet, because no money moves: `authorizations_voided`, what had been
authorized and will never be captured, and its counterpart `authorizations_offset`.

Names and postings are the plain practice of double entry; a chart of accounts of the company's own is the ledger
service's to map (docs/ledger.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.payments.posting import Posting, PostingKind


class Account(StrEnum):
    AUTHORIZATIONS_VOIDED = "authorizations_voided"
    AUTHORIZATIONS_OFFSET = "authorizations_offset"
    CHASE_CLEARING = "chase_clearing"
    BILLER_PAYABLE = "biller_payable"
    RETURNS_RECEIVABLE = "returns_receivable"
    CHARGEBACKS_RECEIVABLE = "chargebacks_receivable"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal, in minor units. Exactly one side is above 0, or it raises ValueError."""

    account: Account
    debit_minor: int
    credit_minor: int
    currency: str

    def __post_init__(self) -> None:
        if min(self.debit_minor, self.credit_minor) != 0 or max(self.debit_minor, self.credit_minor) <= 0:
            raise ValueError("debit_minor, credit_minor: one is above 0, the other 0")


_A, _K = Account, PostingKind

# Kind -> the account that is debited and the one that is credited, both with the posting's amount.
ACCOUNTS: Final[Mapping[PostingKind, tuple[Account, Account]]] = MappingProxyType(
    {
        _K.CAPTURED: (_A.CHASE_CLEARING, _A.BILLER_PAYABLE),
        _K.VOIDED: (_A.AUTHORIZATIONS_VOIDED, _A.AUTHORIZATIONS_OFFSET),
        _K.REFUNDED: (_A.BILLER_PAYABLE, _A.CHASE_CLEARING),
        _K.RETURNED: (_A.RETURNS_RECEIVABLE, _A.CHASE_CLEARING),
        _K.CHARGED_BACK: (_A.CHARGEBACKS_RECEIVABLE, _A.CHASE_CLEARING),
        _K.CHARGEBACK_REVERSED: (_A.CHASE_CLEARING, _A.CHARGEBACKS_RECEIVABLE),
    }
)


def entries_of(posting: Posting) -> tuple[Entry, Entry]:
    """The entries of a posting in the order in which they are written: debit before credit."""
    debited, credited = ACCOUNTS[posting.kind]
    amount_minor, currency = posting.amount.amount_minor, posting.amount.currency
    return Entry(debited, amount_minor, 0, currency), Entry(credited, 0, amount_minor, currency)
