"""What counts as a difference between the journal and Chase's books, each seeded by itself."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local.ledger_check.comparison import PATIENCE, Booked, Comparison, KeptPayment, KeptPosting, compared
from shared.payments.journal import Account, Entry, entries_of
from shared.payments.money import Money
from shared.payments.posting import Posting, PostingKind
from shared.payments.state_machine import State
from tests.builders import NOW

PAYMENT_ID = f"pay_{1:032x}"
BILL = 125_99
K = PostingKind


def a_posting(kind: PostingKind, amount_minor: int = BILL, *, posted: bool = True) -> KeptPosting:
    money = Money(amount_minor, "USD")
    posting = Posting(f"p-{kind}", PAYMENT_ID, "city-water", kind, money, NOW)
    return KeptPosting(posting, posted, entries_of(posting) if posted else ())


CAPTURED, VOIDED = a_posting(K.CAPTURED), a_posting(K.VOIDED)
PART_TAKEN, PART_GIVEN_BACK = a_posting(K.CAPTURED, 100), a_posting(K.REFUNDED, 100)


def a_payment(*postings: KeptPosting, state: State = State.CAPTURED, **changed: Any) -> KeptPayment:
    usual: dict[str, Any] = {"live": True, "captures_at": None, "under_way": False, **changed}
    return KeptPayment(id=PAYMENT_ID, state=state, postings=postings, **usual)


def in_the_books(**changed: Any) -> Booked:
    usual: dict[str, Any] = {"currency": "USD", "amount": BILL, "captured": BILL, "refunded": 0, "voided": False}
    return Booked(order_number=PAYMENT_ID.removeprefix("pay_"), **{**usual, **changed})


def check(payment: KeptPayment, *books: Booked, now: Any = NOW, embedded: bool = True) -> Comparison:
    return compared([payment], books, now=now, embedded=embedded)


def differences(payment: KeptPayment, *books: Booked, **options: Any) -> list[tuple[str, str, str]]:
    return [(found.what, found.ours, found.theirs) for found in check(payment, *books, **options).differences]


class TestNothingDiffers:
    @pytest.mark.parametrize(
        ("payment", "books"),
        [
            (a_payment(CAPTURED), [in_the_books()]),
            (a_payment(state=State.AUTHORIZED), [in_the_books(captured=0)]),
            (a_payment(VOIDED, state=State.VOIDED), [in_the_books(captured=0, voided=True)]),
            (a_payment(CAPTURED, a_posting(K.REFUNDED, 100)), [in_the_books(refunded=100)]),
            (a_payment(CAPTURED, a_posting(K.RETURNED)), [in_the_books()]),
            (a_payment(CAPTURED, a_posting(K.CHARGED_BACK)), [in_the_books()]),
            (
                a_payment(PART_TAKEN, PART_GIVEN_BACK, state=State.DECLINED),
                [in_the_books(amount=100, captured=100, refunded=100)],
            ),
            (a_payment(state=State.DECLINED), [in_the_books(amount=100, captured=0, voided=True)]),
            (a_payment(state=State.FAILED), [in_the_books(captured=0, voided=True)]),
            (a_payment(state=State.DECLINED), []),
        ],
        ids=[
            "captured",
            "authorized",
            "voided",
            "refunded in part",
            "returned: not in these books",
            "charged back: not in these books",
            "a part of the bill undone by refund",
            "a part of the bill undone by void",
            "a late charge undone by void",
            "declined",
        ],
    )
    def test_where_the_journal_says_what_chase_says(self, payment: KeptPayment, books: list[Booked]) -> None:
        found = check(payment, *books)

        assert (found.differences, found.waiting, found.strangers) == ((), (), 0)
        assert (found.payments, found.postings) == (1, len(payment.postings))

    def test_where_a_posting_is_on_its_way(self) -> None:
        on_its_way = a_posting(K.CAPTURED, posted=False)

        assert differences(a_payment(on_its_way), in_the_books(), now=NOW + PATIENCE) == []

    def test_where_a_posting_was_booked_but_the_mark_is_not_there_yet(self) -> None:
        assert differences(a_payment(replace(a_posting(K.CAPTURED), posted=False)), in_the_books()) == []

    def test_where_a_service_of_its_own_keeps_the_entries(self) -> None:
        elsewhere = replace(a_posting(K.CAPTURED), entries=())

        assert differences(a_payment(elsewhere), in_the_books(), embedded=False) == []


class TestADifference:
    @pytest.mark.parametrize(
        ("payment", "books", "expected"),
        [
            (a_payment(), [in_the_books()], ("captured USD", "0", "12599")),
            (a_payment(a_posting(K.CAPTURED)), [], ("captured USD", "12599", "0")),
            (a_payment(a_posting(K.CAPTURED)), [in_the_books(captured=1)], ("captured USD", "12599", "1")),
            (a_payment(a_posting(K.CAPTURED)), [in_the_books(refunded=7)], ("refunded USD", "0", "7")),
            (a_payment(VOIDED, state=State.VOIDED), [in_the_books(captured=0)], ("voided USD", "12599", "0")),
            (
                a_payment(state=State.AUTHORIZED),
                [in_the_books(captured=0, voided=True)],
                ("voided USD", "0", "12599"),
            ),
            (a_payment(state=State.VOIDED), [in_the_books(captured=0, voided=True)], ("voided USD", "0", "12599")),
        ],
        ids=[
            "not posted",
            "not at Chase",
            "captured",
            "refunded",
            "not voided there",
            "voided there",
            "void not posted",
        ],
    )
    def test_is_each_amount_that_is_not_chases(
        self, payment: KeptPayment, books: list[Booked], expected: tuple[str, str, str]
    ) -> None:
        assert differences(payment, *books) == [expected]

    def test_is_a_second_charge_for_the_same_payment(self) -> None:
        assert differences(a_payment(a_posting(K.CAPTURED)), in_the_books(), in_the_books()) == [
            ("captured USD", "12599", "25198")
        ]

    def test_is_another_currency(self) -> None:
        assert differences(a_payment(a_posting(K.CAPTURED)), in_the_books(currency="CAD")) == [
            ("captured CAD", "0", "12599"),
            ("captured USD", "12599", "0"),
        ]

    def test_is_a_journal_that_does_not_sum_to_zero(self) -> None:
        posting = a_posting(K.CAPTURED)
        one_sided = replace(posting, entries=posting.entries[:1])

        assert differences(a_payment(one_sided), in_the_books()) == [
            ("sum of entries USD", "12599", "0"),
            ("entries of captured", "chase_clearing:+12599", "chase_clearing:+12599 biller_payable:-12599"),
        ]

    def test_is_a_sum_of_zero_across_two_currencies(self) -> None:
        entries = (Entry(Account.CHASE_CLEARING, BILL, 0, "USD"), Entry(Account.BILLER_PAYABLE, 0, BILL, "CAD"))
        mixed = replace(a_posting(K.CAPTURED), entries=entries)

        assert differences(a_payment(mixed), in_the_books())[:2] == [
            ("sum of entries CAD", "-12599", "0"),
            ("sum of entries USD", "12599", "0"),
        ]

    def test_is_a_balanced_posting_in_the_wrong_accounts(self) -> None:
        wrong = replace(a_posting(K.CAPTURED), entries=a_posting(K.REFUNDED).entries)

        [(what, ours, _)] = differences(a_payment(wrong), in_the_books())
        assert (what, ours) == ("entries of captured", "biller_payable:+12599 chase_clearing:-12599")

    def test_is_a_posting_that_counts_as_posted_and_is_not_in_the_journal(self) -> None:
        lost = replace(a_posting(K.CAPTURED), entries=())

        [(what, ours, _)] = differences(a_payment(lost), in_the_books())
        assert (what, ours) == ("entries of captured", "none")

    def test_is_a_posting_that_has_waited_too_long(self) -> None:
        waiting = a_payment(a_posting(K.CAPTURED, posted=False))

        assert differences(waiting, in_the_books(), now=NOW + PATIENCE + timedelta(milliseconds=1)) == [
            ("captured not posted", "since 2026-11-23 18:00:00", "5 minutes at most")
        ]

    def test_is_any_posting_of_a_shadow_payment(self) -> None:
        shadow = a_payment(a_posting(K.CAPTURED), live=False)

        assert ("postings of a shadow payment", "1", "0") in differences(shadow)


class TestWhatWaits:
    @pytest.mark.parametrize(
        "payment",
        [
            a_payment(state=State.UNKNOWN),
            a_payment(state=State.SUBMITTED),
            a_payment(a_posting(K.CAPTURED, 1), under_way=True),
            a_payment(state=State.AUTHORIZED, captures_at=NOW),
            a_payment(state=State.AUTHORIZED, captures_at=NOW - PATIENCE + timedelta(milliseconds=1)),
        ],
        ids=["unknown", "submitted", "a refund under way", "capture due", "capture due for a while"],
    )
    def test_for_chases_word_is_shown_apart(self, payment: KeptPayment) -> None:
        found = check(payment, in_the_books())

        assert found.differences == ()
        assert "captured USD" in [each.what for each in found.waiting]

    @pytest.mark.parametrize("captures_at", [NOW - PATIENCE, NOW + timedelta(milliseconds=1), None])
    def test_for_a_capture_does_so_from_its_time_on_and_not_for_ever(self, captures_at: Any) -> None:
        authorized = a_payment(state=State.AUTHORIZED, captures_at=captures_at)

        assert differences(authorized, in_the_books()) == [("captured USD", "0", "12599")]

    def test_is_excused_from_chases_amounts_alone(self) -> None:
        lost = replace(VOIDED, entries=())

        assert [what for what, _, _ in differences(a_payment(lost, under_way=True), in_the_books())] == [
            "entries of voided"
        ]


class TestStrangers:
    def test_are_counted_and_no_difference(self) -> None:
        found = check(a_payment(a_posting(K.CAPTURED)), in_the_books(), replace(in_the_books(), order_number="other"))

        assert (found.differences, found.strangers) == ((), 1)

    def test_are_what_a_shadow_payment_has_at_chases_test_endpoint(self) -> None:
        found = check(a_payment(live=False), in_the_books())

        assert (found.differences, found.strangers) == ((), 1)

    def test_may_have_no_order_number_at_all(self) -> None:
        assert check(a_payment(state=State.DECLINED), replace(in_the_books(), order_number=None)).strangers == 1
