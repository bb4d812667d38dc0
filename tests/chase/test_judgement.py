"""What Chase's words say together: every pair of status and state is classified for everything that is asked."""

import itertools

import pytest

from shared.chase.judgement import JUDGEMENT_OF, PENDING_CODES, Asked, Judgement, judge
from shared.chase.wire.answers import read_answer
from shared.payments.outcome import TransactionState
from tests.chase.peer import a_payment

STATUSES = ("SUCCESS", "DENIED", "PENDING", "ERROR")
TAKEN = {"AUTHORIZED", "CLOSED", "COMPLETED"}
DONE = {
    Asked.SALE: TAKEN,
    Asked.PAYMENT: TAKEN | {"VOIDED"},
    Asked.VOID: {"VOIDED"},
    Asked.CAPTURE: {"CLOSED", "COMPLETED"},
    Asked.REFUND: TAKEN | {"VOIDED"},
    Asked.VERIFICATION: TAKEN,
}
EVERYTHING = list(itertools.product(Asked, STATUSES, TransactionState))
STATELESS = list(itertools.product(Asked, STATUSES))


def test_every_pair_of_status_and_state_is_classified_for_everything_that_is_asked() -> None:
    stateless = {(Asked.VERIFICATION, status, None) for status in STATUSES}

    assert set(JUDGEMENT_OF) == set(EVERYTHING) | stateless


@pytest.mark.parametrize(("asked", "status", "state"), EVERYTHING)
def test_each_pair_means_what_the_specification_says(asked: Asked, status: str, state: TransactionState) -> None:
    expected = {
        **{("SUCCESS", done): Judgement.APPROVED for done in DONE[asked]},
        ("SUCCESS", "PENDING"): Judgement.PENDING,
        ("PENDING", "PENDING"): Judgement.PENDING,
        ("PENDING", "AUTHORIZED"): Judgement.PENDING,
        ("DENIED", "DECLINED"): Judgement.DECLINED,
    }.get((status, state.value), Judgement.UNFAMILIAR)

    judged = judge(read_answer(a_payment(responseStatus=status, transactionState=state.value)), asked)

    assert judged is expected


@pytest.mark.parametrize(("asked", "status"), STATELESS)
def test_only_a_verification_needs_no_state(asked: Asked, status: str) -> None:
    by_status = {
        "SUCCESS": Judgement.APPROVED,
        "PENDING": Judgement.PENDING,
        "DENIED": Judgement.DECLINED,
    }
    expected = by_status.get(status) if asked is Asked.VERIFICATION else None

    judged = judge(read_answer(a_payment(responseStatus=status, transactionState=None)), asked)

    assert judged is (expected or Judgement.UNFAMILIAR)


@pytest.mark.parametrize("asked", Asked)
@pytest.mark.parametrize("changed", [{"responseStatus": "MAYBE"}, {"transactionState": "SETTLING"}])
def test_a_word_that_we_do_not_know_is_unfamiliar(asked: Asked, changed: dict[str, object]) -> None:
    assert judge(read_answer(a_payment(**changed)), asked) is Judgement.UNFAMILIAR


@pytest.mark.parametrize("asked", Asked)
@pytest.mark.parametrize("code", sorted(PENDING_CODES))
def test_some_codes_make_it_pending_whatever_the_state(asked: Asked, code: str) -> None:
    state = "VOIDED" if asked is Asked.VOID else "CLOSED"

    assert judge(read_answer(a_payment(responseCode=code, transactionState=state)), asked) is Judgement.PENDING
