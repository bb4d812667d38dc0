"""What a caller's key stands for already."""

import pytest

from shared.payments.errors import IdempotencyInProgress, IdempotencyKeyReused, PaymentUnresolved
from shared.payments.outcome import Unknown
from shared.use_cases.standing import standing
from tests.use_cases.workshop import FINGERPRINTS, Workshop, a_refund, a_void

BODY = FINGERPRINTS.of(b"body")


async def test_is_the_payment_and_the_operation_that_was_asked_for_under_it(workshop: Workshop) -> None:
    captured = await workshop.captured(100)
    refunded = await workshop.refund.refund(a_refund(captured, 60))

    sale = await standing(workshop.payments, "ctp", "attempt-1", BODY, None)
    refund = await standing(workshop.payments, "ctp", "refund-1", FINGERPRINTS.of(b"refund"), None)

    assert sale == (refunded.payment, captured.sale.id)
    assert refund == (refunded.payment, refunded.operation.id)


async def test_is_nothing_with_another_body(workshop: Workshop) -> None:
    await workshop.sold()

    with pytest.raises(IdempotencyKeyReused):
        await standing(workshop.payments, "ctp", "attempt-1", FINGERPRINTS.of(b"other"), None)


async def test_is_being_written_where_it_cannot_be_read_yet(workshop: Workshop) -> None:
    with pytest.raises(IdempotencyInProgress) as refused:
        await standing(workshop.payments, "ctp", "attempt-1", BODY, None)

    assert refused.value.retry_after_s == 2


async def test_of_a_refused_bill_is_that_refusal_for_whatever_is_asked(workshop: Workshop) -> None:
    workshop.chase.sales = [Unknown("READ_TIMEOUT", "no answer")]
    lost = await workshop.sold("attempt-1")
    with pytest.raises(PaymentUnresolved):
        await workshop.sold("attempt-2")

    with pytest.raises(PaymentUnresolved) as refused:
        await workshop.void.void(a_void(lost, "attempt-2", text="body"))

    assert refused.value.facts["paymentId"] == lost.id
