"""What the existing processor answered, told later than the operation that it is about."""

import asyncio

import pytest

from shared.payments.errors import InvalidRequest, InvalidState, NotFound, Unauthenticated
from shared.payments.idempotency import Nonce
from shared.shadow.document import Mode
from shared.shadow.verdicts import Verdict
from tests.builders import NOW
from tests.use_cases.shadow_desk import APPROVED, DECLINED, ShadowDesk
from tests.use_cases.workshop import Workshop


@pytest.fixture
async def desk(workshop: Workshop) -> ShadowDesk:
    return await ShadowDesk(workshop).opened()


async def test_is_kept_and_compared_at_once(desk: ShadowDesk) -> None:
    payment = await desk.mirrored(control=None)

    assert (await desk.reported(payment)).id == payment.id

    comparison = await desk.comparison(payment)
    assert comparison is not None
    assert comparison.verdict is Verdict.MATCH


async def test_before_the_mirror_waits_for_it(desk: ShadowDesk) -> None:
    payment = await desk.taken()
    await desk.reported(payment)
    assert await desk.comparison(payment) is None

    await desk.deliver()

    assert await desk.comparison(payment) is not None


async def test_again_changes_nothing(desk: ShadowDesk) -> None:
    payment = await desk.mirrored(control=None)
    for _ in range(3):
        await desk.reported(payment)

    [operation] = await desk.operations(payment)
    assert operation.control == APPROVED


async def test_of_another_kind_than_was_told_before_is_refused(desk: ShadowDesk) -> None:
    payment = await desk.mirrored()

    for named in (None, payment.sale.id):
        with pytest.raises(InvalidState):
            await desk.reported(payment, DECLINED, named)

    [operation] = await desk.operations(payment)
    assert operation.control == APPROVED


async def test_without_a_name_is_about_the_first_operation_that_has_none(desk: ShadowDesk) -> None:
    payment = await desk.mirrored()
    await desk.refunded(payment, 100, "refund-1")
    await desk.refunded(payment, 200, "refund-2")
    await desk.reported(payment, DECLINED)

    assert [each.control for each in await desk.operations(payment)] == [APPROVED, DECLINED, None]


async def test_with_a_name_is_about_that_operation(desk: ShadowDesk) -> None:
    payment = await desk.mirrored()
    await desk.refunded(payment, 100, "refund-1")
    await desk.refunded(payment, 200, "refund-2")
    last = (await desk.operations(payment))[2].id
    await desk.reported(payment, DECLINED, last)

    assert [each.control for each in await desk.operations(payment)] == [APPROVED, None, DECLINED]


async def test_that_names_another_payments_operation_is_refused(desk: ShadowDesk) -> None:
    payment = await desk.mirrored(control=None)
    other = await desk.mirrored("attempt-2", reference="INV-2")

    with pytest.raises(InvalidRequest) as refused:
        await desk.reported(payment, APPROVED, other.sale.id)

    assert [error.field for error in refused.value.errors] == ["operationId"]


async def test_of_two_at_once_that_differ_one_is_kept(desk: ShadowDesk) -> None:
    payment = await desk.mirrored(control=None)

    told = await asyncio.gather(
        *(desk.reported(payment, control) for control in (APPROVED, DECLINED)), return_exceptions=True
    )

    assert [isinstance(each, InvalidState) for each in told].count(True) == 1


async def test_of_a_live_payment_is_refused(desk: ShadowDesk) -> None:
    await desk.governed(Mode.LIVE)
    await desk.decided()
    payment = await desk.sold()

    with pytest.raises(InvalidState):
        await desk.reported(payment)


async def test_of_no_payment_or_another_billers_is_refused(desk: ShadowDesk) -> None:
    payment = await desk.mirrored(control=None)

    for changed in ({"billers": frozenset({"county-tax"})}, {"payment_id": "pay_none"}):
        with pytest.raises(NotFound):
            await desk.reported(payment, **changed)


async def test_with_a_nonce_that_came_before_is_refused(desk: ShadowDesk) -> None:
    payment = await desk.mirrored(control=None)
    await desk.refunded(payment, 100)
    nonce = Nonce("ctp", "nonce-1", NOW)
    await desk.reported(payment, nonce=nonce)

    with pytest.raises(Unauthenticated):
        await desk.reported(payment, DECLINED, nonce=nonce)

    assert [each.control for each in await desk.operations(payment)] == [APPROVED, None]
