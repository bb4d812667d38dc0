"""The journal against Chase's books, payment by payment. Pure: what was read goes in, what differs comes out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.payments.ids import merchant_order_number
from shared.payments.journal import Entry, entries_of
from shared.payments.posting import Posting, PostingKind
from shared.payments.state_machine import OPEN_STATES, State

# How long a posting may wait for the ledger, and a capture that is due for its confirmation.
PATIENCE: Final = timedelta(minutes=5)

# Amounts in minor units, by what they are ("captured") and their currency.
Amounts = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Booked:
    """A payment in Chase's books. Amounts are minor units; `voided` says that nothing of it will be captured."""

    order_number: str | None
    currency: str
    amount: int
    captured: int
    refunded: int
    voided: bool


@dataclass(frozen=True, slots=True)
class KeptPosting:
    """A posting of ours, whether the ledger is known to have it, and its entries in the journal by line."""

    posting: Posting
    posted: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class KeptPayment:
    """A payment of ours. `under_way`: one of its operations is queued, submitted or unknown."""

    id: str
    live: bool
    state: State
    captures_at: datetime | None
    under_way: bool
    postings: tuple[KeptPosting, ...] = ()

    def waits(self, now: datetime) -> bool:
        """Whether we know that we do not know yet what Chase has."""
        if self.under_way or self.state in OPEN_STATES:
            return True
        if self.state is not State.AUTHORIZED or self.captures_at is None:
            return False
        return timedelta(0) <= now - self.captures_at < PATIENCE


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of the report: what our side has, and what it should have (Chase's word, or the rule's)."""

    payment_id: str
    what: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    `differences` are wrong. `waiting` are those of payments that know they wait for Chase.

    `strangers` counts what Chase has and no payment here is known for (another database, or `make chase-check`).
    """

    payments: int
    postings: int
    differences: tuple[Difference, ...]
    waiting: tuple[Difference, ...]
    strangers: int


def compared(payments: Sequence[KeptPayment], books: Iterable[Booked], *, now: datetime, embedded: bool) -> Comparison:
    """`embedded`: the ledger is the journal, so what is posted must stand in it."""
    by_order: dict[str | None, list[Booked]] = defaultdict(list)
    for booked in books:
        by_order[booked.order_number].append(booked)
    differences: list[Difference] = []
    waiting: list[Difference] = []
    for payment in payments:
        found = by_order.pop(merchant_order_number(payment.id), []) if payment.live else []
        differences += _of_the_journal(payment, now, embedded)
        (waiting if payment.waits(now) else differences).extend(_of_the_amounts(payment, found))
    return Comparison(
        payments=len(payments),
        postings=sum(len(payment.postings) for payment in payments),
        differences=tuple(differences),
        waiting=tuple(waiting),
        strangers=sum(map(len, by_order.values())),
    )


def _of_the_journal(payment: KeptPayment, now: datetime, embedded: bool) -> Iterator[Difference]:
    """What is wrong whatever Chase says."""
    if payment.postings and not payment.live:
        yield Difference(payment.id, "postings of a shadow payment", str(len(payment.postings)), "0")
    for currency, left_minor in sorted(_left(payment).items()):
        if left_minor:
            yield Difference(payment.id, f"sum of entries {currency}", str(left_minor), "0")
    for kept in payment.postings:
        kind, at = kept.posting.kind, f"{kept.posting.at:%Y-%m-%d %H:%M:%S}"
        if not kept.posted and now - kept.posting.at > PATIENCE:
            yield Difference(payment.id, f"{kind} not posted", f"since {at}", "5 minutes at most")
        called_for = entries_of(kept.posting)
        if kept.entries != called_for and (kept.entries or (kept.posted and embedded)):
            yield Difference(payment.id, f"entries of {kind}", _shown(kept.entries), _shown(called_for))


def _left(payment: KeptPayment) -> Mapping[str, int]:
    """Debits less credits, per currency."""
    left: Counter[str] = Counter()
    for kept in payment.postings:
        for entry in kept.entries:
            left[entry.currency] += entry.debit_minor - entry.credit_minor
    return left


def _shown(entries: Sequence[Entry]) -> str:
    return " ".join(f"{entry.account}:{entry.debit_minor - entry.credit_minor:+d}" for entry in entries) or "none"


def _of_the_amounts(payment: KeptPayment, found: Sequence[Booked]) -> Iterator[Difference]:
    ours, theirs = _posted_amounts(payment), _booked_amounts(found)
    if payment.state in _NO_SUCCESS:
        # A part of the bill, or a charge found late, that was undone by void: it was never an authorization of ours.
        theirs = Counter(
            {(what, of): amount for (what, of), amount in theirs.items() if what is not PostingKind.VOIDED}
        )
    for what, currency in sorted(ours.keys() | theirs.keys()):
        if ours[what, currency] != theirs[what, currency]:
            amounts = str(ours[what, currency]), str(theirs[what, currency])
            yield Difference(payment.id, f"{what} {currency}", *amounts)


# Returns and charge-backs are the bank's, not in these books.
_IN_BOOKS: Final = frozenset({PostingKind.CAPTURED, PostingKind.REFUNDED, PostingKind.VOIDED})
_NO_SUCCESS: Final = frozenset({State.DECLINED, State.FAILED})


def _posted_amounts(payment: KeptPayment) -> Amounts:
    """On its way to the ledger counts as there: how long that takes is judged apart."""
    amounts: Amounts = Counter()
    for kept in payment.postings:
        if kept.posting.kind in _IN_BOOKS:
            amounts[kept.posting.kind, kept.posting.amount.currency] += kept.posting.amount.amount_minor
    return amounts


def _booked_amounts(found: Sequence[Booked]) -> Amounts:
    """Of all that Chase has under one order number: a second charge for it shows as twice the amount."""
    amounts: Amounts = Counter()
    for booked in found:
        amounts[PostingKind.CAPTURED, booked.currency] += booked.captured
        amounts[PostingKind.REFUNDED, booked.currency] += booked.refunded
        amounts[PostingKind.VOIDED, booked.currency] += booked.amount if booked.voided else 0
    return amounts
