"""What an answer is beside what is known already."""

from dataclasses import replace

import pytest

from shared.payments.answers import contradicted, is_of_this_attempt_alone, is_silence, mismatch, transaction_id_of
from shared.payments.outcome import Declined, NotSent, Outcome, Pending, Unknown
from shared.payments.state_machine import Event
from tests.builders import NOW, an_authorized_payment, approved

LOST = Unknown("READ_TIMEOUT", "no answer")
MISMATCHED = Unknown("AMOUNT_MISMATCH", "another amount", "t-1")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")
REFUSED = Declined("VALIDATION_ERROR", "refused before processing")
DENIED = Declined("DO_NOT_HONOR", "no", transaction_id="t-2")
PENDING = Pending("CUSTOMER_PENDING", "wait", "t-3")


@pytest.mark.parametrize(
    ("outcome", "transaction_id"),
    [
        (approved(transaction_id="t-0"), "t-0"),
        (MISMATCHED, "t-1"),
        (DENIED, "t-2"),
        (PENDING, "t-3"),
        (REFUSED, None),
        (LOST, None),
        (NOT_SENT, None),
    ],
)
def test_names_the_transaction_that_it_speaks_of(outcome: Outcome, transaction_id: str | None) -> None:
    assert transaction_id_of(outcome) == transaction_id


def test_is_silence_only_where_it_names_no_transaction() -> None:
    assert [is_silence(outcome) for outcome in (LOST, MISMATCHED, NOT_SENT, REFUSED)] == [True, False, False, False]


def test_says_nothing_of_an_earlier_attempt_if_it_was_turned_away_at_the_door() -> None:
    outcomes = (NOT_SENT, REFUSED, DENIED, LOST, approved())

    assert [is_of_this_attempt_alone(outcome) for outcome in outcomes] == [True, True, False, False, False]


def test_of_another_amount_is_unknown_with_its_transaction() -> None:
    found = mismatch(approved(1, transaction_id="t-4"))

    assert (found.code, found.transaction_id) == ("AMOUNT_MISMATCH", "t-4")


@pytest.mark.parametrize("nothing", [LOST, NOT_SENT, PENDING, approved()], ids=["silence", "not sent", "wait", "same"])
def test_is_no_contradiction_where_it_says_nothing_or_the_same(nothing: Outcome) -> None:
    payment = an_authorized_payment()

    assert contradicted(payment, payment.sale, nothing, actor="inquiry", now=NOW) is None


def test_that_contradicts_is_kept_once_and_moves_nothing() -> None:
    payment = an_authorized_payment()

    once = contradicted(payment, payment.sale, DENIED, actor="inquiry", now=NOW)

    assert once is not None
    assert (once.state, once.sale, once.history[-1].event) == (payment.state, payment.sale, Event.ANSWER_CONTRADICTED)
    assert contradicted(once, once.sale, DENIED, actor="inquiry", now=NOW) is None


def test_is_new_to_an_operation_that_has_heard_nothing_at_all() -> None:
    payment = an_authorized_payment()
    silent = replace(payment, operations=(replace(payment.sale, outcome=None),))

    assert contradicted(silent, silent.sale, replace(DENIED, transaction_id=None), actor="inquiry", now=NOW)
