"""Soft and hard declines, as data."""

from shared.chase.declines import LATER, RETRY_OF_ADVICE, retry_of
from shared.payments.outcome import Retry


def test_every_soft_code_is_soft_without_advice() -> None:
    assert {retry_of(code, None) for code in LATER} == {Retry.LATER}


def test_advice_outranks_every_soft_code() -> None:
    hard = [advice for advice, retry in RETRY_OF_ADVICE.items() if retry is Retry.NEVER]

    assert {retry_of(code, advice) for code in LATER for advice in hard} == {Retry.NEVER}


def test_an_unknown_code_is_hard() -> None:
    assert retry_of("SOMETHING_NEW", None) is Retry.NEVER
