"""Double entry: every posting balances, and the accounts together say what became of a payment."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.journal import ACCOUNTS, Account, Entry, entries_of
from shared.payments.money import AMOUNT_MINOR_MAX, Money
from shared.payments.posting import Posting, PostingKind
from tests.builders import NOW

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"
A, K = Account, PostingKind


def a_posting(kind: PostingKind, amount_minor: int = 125_99, currency: str = "USD") -> Posting:
    return Posting("p-1", "pay_1", "city-water", kind, Money(amount_minor, currency), NOW)


@st.composite
def postings(draw: st.DrawFn) -> Posting:
    kind, amount_minor = draw(st.sampled_from(PostingKind)), draw(st.integers(1, AMOUNT_MINOR_MAX))
    return a_posting(kind, amount_minor, draw(st.sampled_from(["USD", "CAD"])))


def balances(booked: list[Posting]) -> Counter[tuple[str, Account]]:
    """Debits less credits, per currency and account."""
    totals: Counter[tuple[str, Account]] = Counter()
    for posting in booked:
        for entry in entries_of(posting):
            totals[entry.currency, entry.account] += entry.debit_minor - entry.credit_minor
    return totals


class TestThePostings:
    def test_of_every_kind_have_their_accounts_two_that_differ(self) -> None:
        assert set(ACCOUNTS) == set(PostingKind)
        assert all(debited is not credited for debited, credited in ACCOUNTS.values())

    def test_use_every_account(self) -> None:
        assert {account for pair in ACCOUNTS.values() for account in pair} == set(Account)

    def test_stand_in_the_documentation_as_they_are_booked(self) -> None:
        rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", PAGE.read_text("utf-8"), re.M)

        assert {kind: (debited, credited) for kind, debited, credited in rows} == dict(ACCOUNTS)

    @given(st.lists(postings(), max_size=12))
    def test_in_any_sequence_balance_each_and_together(self, booked: list[Posting]) -> None:
        totals = balances(booked)

        for posting in booked:
            entries = entries_of(posting)
            assert sum(entry.debit_minor for entry in entries) == sum(entry.credit_minor for entry in entries) > 0
            assert {entry.currency for entry in entries} == {posting.amount.currency}
        for currency in ("USD", "CAD"):
            assert sum(total for (of, _), total in totals.items() if of == currency) == 0

    @given(st.lists(postings(), max_size=12))
    def test_in_any_sequence_leave_on_each_account_what_their_amounts_say(self, booked: list[Posting]) -> None:
        totals = balances(booked)

        for currency in ("USD", "CAD"):
            mine = [posting for posting in booked if posting.amount.currency == currency]
            amount = Counter[PostingKind]()
            for posting in mine:
                amount[posting.kind] += posting.amount.amount_minor
            charged_back = amount[K.CHARGED_BACK] - amount[K.CHARGEBACK_REVERSED]
            assert totals[currency, A.BILLER_PAYABLE] == amount[K.REFUNDED] - amount[K.CAPTURED]
            assert totals[currency, A.RETURNS_RECEIVABLE] == amount[K.RETURNED]
            assert totals[currency, A.CHARGEBACKS_RECEIVABLE] == charged_back
            assert totals[currency, A.AUTHORIZATIONS_VOIDED] == amount[K.VOIDED]
            assert totals[currency, A.AUTHORIZATIONS_OFFSET] == -amount[K.VOIDED]
            assert totals[currency, A.CHASE_CLEARING] == (
                amount[K.CAPTURED] - amount[K.REFUNDED] - amount[K.RETURNED] - charged_back
            )


def test_a_capture_is_two_entries_the_debit_first() -> None:
    assert entries_of(a_posting(K.CAPTURED, 60)) == (
        Entry(A.CHASE_CLEARING, 60, 0, "USD"),
        Entry(A.BILLER_PAYABLE, 0, 60, "USD"),
    )


def test_a_void_is_for_the_record_alone_and_touches_no_real_account() -> None:
    memorandum = {A.AUTHORIZATIONS_VOIDED, A.AUTHORIZATIONS_OFFSET}

    assert {entry.account for entry in entries_of(a_posting(K.VOIDED))} == memorandum
    for kind in set(PostingKind) - {K.VOIDED}:
        assert not memorandum & {entry.account for entry in entries_of(a_posting(kind))}


@pytest.mark.parametrize(("debit_minor", "credit_minor"), [(0, 0), (1, 1), (-1, 0), (0, -1), (2, -1)])
def test_an_entry_is_on_one_side(debit_minor: int, credit_minor: int) -> None:
    with pytest.raises(ValueError, match="debit_minor"):
        Entry(A.CHASE_CLEARING, debit_minor, credit_minor, "USD")
