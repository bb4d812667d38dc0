"""'Nothing there' proves nothing unless the same look-up has lately found what is known to be there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.operations import OperationKind
from shared.payments.outcome import Declined, Inquiry, NoAnswer, NothingFound
from shared.use_cases.positive_control import PositiveControl
from tests.builders import CITY_WATER, approved
from tests.use_cases.workshop import Workshop, a_refund

SALE, REFUND = OperationKind.SALE, OperationKind.REFUND
MERCHANT_ID = CITY_WATER.merchant_id


@pytest.fixture
def control(workshop: Workshop) -> PositiveControl:
    return PositiveControl(workshop.outside)


@pytest.fixture
async def refund_request_id(workshop: Workshop) -> str:
    """Of the one refund that Chase is known to hold."""
    captured = await workshop.captured(100)
    return (await workshop.refund.refund(a_refund(captured, 60))).operation.request_id


async def test_without_anything_known_there_is_no_control(workshop: Workshop, control: PositiveControl) -> None:
    assert not await control.holds(SALE, MERCHANT_ID)
    assert not await control.holds(REFUND, MERCHANT_ID)
    assert workshop.chase.asked == []


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        (approved(60), True),
        (Declined("DO_NOT_HONOR", "no"), True),
        (NothingFound(), False),
        (NoAnswer("HTTP_503", "not now"), False),
    ],
    ids=["found", "found declined", "nothing there", "no answer"],
)
async def test_of_refunds_asks_for_a_refund_that_is_known(
    workshop: Workshop, control: PositiveControl, refund_request_id: str, answer: Inquiry, holds: bool
) -> None:
    workshop.chase.refund_finds = [answer]

    assert await control.holds(REFUND, MERCHANT_ID) is holds
    assert workshop.chase.asked == [refund_request_id]


async def test_of_sales_says_nothing_of_refunds_for_each_is_looked_up_in_a_place_of_its_own(
    workshop: Workshop, control: PositiveControl, refund_request_id: str
) -> None:
    control.found(SALE, MERCHANT_ID)

    assert await control.holds(SALE, MERCHANT_ID)
    assert not await control.holds(REFUND, MERCHANT_ID)
    assert workshop.chase.asked == [refund_request_id]


async def test_of_one_merchant_id_says_nothing_of_another(
    workshop: Workshop, control: PositiveControl, refund_request_id: str
) -> None:
    control.found(REFUND, MERCHANT_ID)

    assert not await control.holds(REFUND, "000000000000")


async def test_vouches_for_ten_minutes(workshop: Workshop, control: PositiveControl, refund_request_id: str) -> None:
    workshop.chase.refund_finds = [approved(60)]
    await control.holds(REFUND, MERCHANT_ID)
    workshop.clock._offset = timedelta(seconds=599)
    within = await control.holds(REFUND, MERCHANT_ID)
    workshop.clock._offset = timedelta(seconds=600)

    afterwards = await control.holds(REFUND, MERCHANT_ID)

    assert (within, afterwards) == (True, False)
    assert workshop.chase.asked == [refund_request_id] * 2


async def test_asks_under_no_refund_that_a_refunded_payment_does_not_have(
    workshop: Workshop, control: PositiveControl, refund_request_id: str
) -> None:
    latest = workshop.payments.latest_refunded

    async def without_refunds(merchant_id: str) -> object:
        payment = await latest(merchant_id)
        assert payment is not None
        return replace(payment, operations=(payment.sale,))

    workshop.payments.latest_refunded = without_refunds  # type: ignore[method-assign, assignment]

    assert not await control.holds(REFUND, MERCHANT_ID)
    assert workshop.chase.asked == []
