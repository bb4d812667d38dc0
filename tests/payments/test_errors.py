"""What a caller is told when something is refused: what to write instead, and never a secret."""

from shared.payments.errors import (
    IdempotencyKeyMissing,
    PayloadTooLarge,
    ProcessorUnavailable,
    RefundExceedsBalance,
    TransitionNotAllowed,
    Unauthenticated,
)


def test_a_missing_key_names_the_header_and_what_to_send() -> None:
    [error] = IdempotencyKeyMissing().errors

    assert (error.field, "1-255" in error.message) == ("Idempotency-Key", True)


def test_a_body_that_is_too_large_is_told_the_limit() -> None:
    [error] = PayloadTooLarge(65_536).errors

    assert (error.field, error.message) == ("body", "send at most 65536 bytes")


def test_a_guesser_is_told_nothing() -> None:
    refused = Unauthenticated("signature of key ctp-1 does not match")

    assert "ctp-1" not in refused.detail + str(refused.facts)
    assert "ctp-1" in refused.reason


def test_a_sale_that_never_left_is_to_be_repeated_under_the_same_key() -> None:
    refused = ProcessorUnavailable("pay_1")

    assert refused.facts == {"paymentId": "pay_1", "processorCalled": False, "retry": "same_key"}
    assert refused.retry_after_s == 5


def test_a_refund_beyond_the_balance_is_told_the_balance() -> None:
    assert RefundExceedsBalance(40).facts == {"refundableMinor": 40}


def test_a_transition_that_is_not_in_the_table_names_both() -> None:
    refused = TransitionNotAllowed("voided", "settled")

    assert (refused.detail, refused.facts) == ("settled is not possible in state voided", {"state": "voided"})
