"""What may be asked for, and what may be kept of it."""

from datetime import UTC, datetime

import pytest

from shared.payments.errors import InvalidRequest, PaymentServiceError, Unauthenticated, VersionMissing
from shared.payments.requests import TokenType, kept_of
from tests.builders import VISA, a_card, a_sale_request


@pytest.mark.parametrize(
    ("now", "expired"),
    [
        (datetime(2029, 5, 31, 23, 59, tzinfo=UTC), False),
        (datetime(2029, 6, 1, 11, 59, tzinfo=UTC), False),
        (datetime(2029, 6, 1, 12, 0, tzinfo=UTC), True),
        (datetime(2030, 1, 1, 12, 0, tzinfo=UTC), True),
        (datetime(2028, 12, 31, 12, 0, tzinfo=UTC), False),
    ],
)
def test_a_card_is_good_until_its_month_is_over_everywhere(now: datetime, expired: bool) -> None:
    assert a_card(month=5, year=2029).expired(now) is expired


def test_of_a_card_its_brand_and_last_four_are_kept_and_of_a_token_neither() -> None:
    kept, of_token = kept_of(a_card()), kept_of(a_card("tok4113", token_type=TokenType.SAFETECH))

    assert (kept.type, kept.brand, kept.last4) == ("card", "visa", "4113")
    assert (of_token.type, of_token.brand, of_token.last4) == ("card", None, None)


def test_a_request_prints_without_its_secrets() -> None:
    printed = repr(a_sale_request())

    assert VISA not in printed
    assert "111" not in printed


def test_errors_carry_what_their_caller_may_know_and_no_more() -> None:
    assert Unauthenticated("signature of key ctp-1 does not match").detail == "Authentication is required"
    assert VersionMissing().errors == ()
    assert PaymentServiceError().detail == PaymentServiceError.title
    assert InvalidRequest().code == "invalid-request"
