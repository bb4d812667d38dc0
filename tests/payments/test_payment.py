"""What a payment tells of itself."""

from dataclasses import replace

import pytest

from shared.payments.operations import OperationKind
from tests.builders import a_captured_payment, a_submitted_payment, an_authorized_payment, claimed


def test_its_one_operation_that_has_not_ended_is_unresolved() -> None:
    authorized = an_authorized_payment()
    voiding = claimed(authorized, OperationKind.VOID)

    assert authorized.unresolved is None
    assert voiding.unresolved is voiding.operations[-1]


@pytest.mark.parametrize(
    ("back", "exposure_minor"),
    [
        ({"refunded_minor": 100}, 0),
        ({"refunded_minor": 100, "returned_minor": 100}, 100),
        ({"refunded_minor": 60, "charged_back_minor": 50, "returned_minor": 20}, 30),
        ({}, 0),
    ],
)
def test_its_exposure_is_what_went_back_beyond_what_was_taken(back: dict[str, int], exposure_minor: int) -> None:
    payment = replace(a_captured_payment(100), **back)  # type: ignore[arg-type]

    assert payment.exposure_minor == exposure_minor
    assert payment.refundable_minor == max(0, 100 - sum(back.values()))


def test_what_is_refundable_leaves_out_all_that_is_gone_or_promised() -> None:
    captured = replace(
        a_submitted_payment(), captured_minor=100, refunded_minor=20, refund_reserved_minor=30, charged_back_minor=10
    )

    assert captured.refundable_minor == 40
    assert replace(captured, returned_minor=100).refundable_minor == 0


def test_an_operation_is_found_by_its_id() -> None:
    payment = a_submitted_payment()

    assert payment.operation(payment.sale.id) is payment.sale
    with pytest.raises(KeyError):
        payment.operation("op_of_somebody_else")
