"""What is taken in shadow: one commit, no call, nothing of the payer, and each key answered by what it stands for."""

import asyncio
import json
from dataclasses import replace

import pytest

from shared.database.unit_of_work import Query
from shared.payments.errors import IdempotencyKeyReused, InvalidState
from shared.payments.money import Money
from shared.payments.outcome import Unknown
from shared.payments.state_machine import State
from shared.shadow.document import Mode
from shared.shadow.substitution import TEST_PAYER
from shared.use_cases.calls import LeftToExisting, SaleAnswer
from shared.use_cases.shadow_intake import ShadowIntake
from tests.builders import MASTERCARD, a_card
from tests.use_cases.conftest import Built
from tests.use_cases.shadow_desk import APPROVED, DECLINED, ShadowDesk
from tests.use_cases.workshop import Workshop, a_call, a_refund, a_void


@pytest.fixture
async def desk(workshop: Workshop) -> ShadowDesk:
    return await ShadowDesk(workshop).opened()


@pytest.fixture
async def full(built: Built) -> ShadowDesk:
    """There is room for one."""
    desk = await ShadowDesk(built(shadow_backlog_max=1)).opened()
    await desk.taken("attempt-0", reference="INV-0")
    return desk


class TestASale:
    async def test_waits_to_be_mirrored_and_is_the_existing_processors(self, desk: ShadowDesk) -> None:
        payment = await desk.taken(control=APPROVED)

        assert (payment.state, payment.mode, payment.processor) == (State.RECEIVED, "shadow", "existing")
        [operation] = await desk.operations(payment)
        assert (operation.waiting, operation.control, operation.sequence) == (True, APPROVED, 1)

    async def test_costs_exactly_one_commit_and_no_call_to_chase(self, desk: ShadowDesk) -> None:
        await desk.decided()
        await desk.taken("warm-up", reference="INV-0")
        await desk.published()
        await desk.governed(Mode.SHADOW)
        sale = desk.workshop.sale(decision_required=True)
        desk.workshop.broker.is_away = True
        _, commits = desk.workshop.units()

        answer = await sale.take(a_call())

        assert isinstance(answer, SaleAnswer)
        assert desk.workshop.units()[1] == commits + 1
        assert desk.workshop.chase.sold == desk.workshop.chase.asked == desk.workshop.chase.looked_at == []

    async def test_that_makes_its_own_decision_costs_one_commit_too(self, workshop: Workshop) -> None:
        desk = await ShadowDesk(workshop, decision_required=False).opened()
        desk.workshop.broker.is_away = True
        _, commits = workshop.units()

        assert (await desk.sold()).mode == "shadow"

        assert workshop.units()[1] == commits + 1
        assert (await desk.stored()).mode is Mode.SHADOW

    async def test_stays_in_shadow_when_the_document_turns(self, desk: ShadowDesk) -> None:
        await desk.decided()
        await desk.governed(Mode.LIVE)

        assert (await desk.sold()).mode == "shadow"
        assert desk.workshop.chase.sold == []

    async def test_is_of_the_test_merchant_and_a_test_instrument(self, desk: ShadowDesk) -> None:
        payment = await desk.taken(method=a_card("4242424242424242"))

        request = await desk.workshop.outside.shadow.request(payment.id)
        assert payment.merchant_id == "998482157640"
        assert request is not None
        assert request.payer == TEST_PAYER
        [rows] = await desk.workshop.payments._engine.read([Query("SELECT * FROM shadow_operations")])
        assert "4242424242424242" not in json.dumps(rows)
        assert "Byron" not in json.dumps(rows)

    async def test_keeps_the_kind_of_instrument_that_it_was_made_with(self, desk: ShadowDesk) -> None:
        payment = await desk.taken(method=a_card(MASTERCARD))

        assert payment.method.brand == "mastercard"

    async def test_is_not_in_the_way_of_another_sale_of_its_bill(self, desk: ShadowDesk) -> None:
        await desk.taken("attempt-1")

        assert (await desk.taken("attempt-2")).mode == "shadow"


async def test_a_sale_whose_decision_was_asked_for_though_none_is_required_is_taken_under_it(
    workshop: Workshop,
) -> None:
    desk = await ShadowDesk(workshop, decision_required=False).opened()
    decision = await desk.decided()

    assert (await desk.sold()).mode == "shadow"
    assert await desk.stored() == decision


class TestTheSameKey:
    async def test_is_the_same_payment(self, desk: ShadowDesk) -> None:
        first = await desk.taken()

        again = await desk.told()

        assert (again.payment.id, again.replayed) == (first.id, True)
        assert await desk.workshop.outside.shadow.waiting() == 1

    async def test_at_once_is_one_payment(self, desk: ShadowDesk) -> None:
        await desk.decided()

        answers = await asyncio.gather(*(desk.told() for _ in range(20)))

        assert len({answer.payment.id for answer in answers}) == 1
        assert [answer.replayed for answer in answers].count(False) == 1

    async def test_with_another_body_is_refused(self, desk: ShadowDesk) -> None:
        await desk.taken()

        with pytest.raises(IdempotencyKeyReused):
            await desk.take(a_call(text="another"))

    async def test_brings_a_control_that_was_missing_and_changes_none(self, desk: ShadowDesk) -> None:
        payment = await desk.taken()
        await desk.told(control=APPROVED)
        await desk.told(control=DECLINED)

        [operation] = await desk.operations(payment)
        assert operation.control == APPROVED

    async def test_is_known_where_shadow_is_not_set_up_any_more(self, desk: ShadowDesk) -> None:
        taken = await desk.taken()
        sale = desk.workshop.sale(decision_required=True)
        sale._shadow = None

        assert await sale.take(a_call("attempt-1")) == LeftToExisting(Mode.SHADOW, recorded=False)
        await desk.governed(Mode.LIVE)
        sale = desk.workshop.sale()
        sale._shadow = None
        again = await sale.take(a_call("attempt-1"))
        assert isinstance(again, SaleAnswer)
        assert again.payment.id == taken.id


class TestWithoutATestMerchant:
    async def test_nothing_is_recorded_and_it_is_counted(self, workshop: Workshop) -> None:
        workshop.shadow_intake._merchants = {}
        desk = await ShadowDesk(workshop).opened()
        await desk.decided()

        assert await desk.left() == LeftToExisting(Mode.SHADOW, recorded=False)

        await workshop.shadow_intake.close()
        assert await desk.losses() == 1


class TestOverTheBound:
    async def test_nothing_is_recorded_but_a_loss(self, full: ShadowDesk) -> None:
        await full.decided()
        _, commits = full.workshop.units()

        assert await full.left() == LeftToExisting(Mode.SHADOW, recorded=False)

        assert full.workshop.units()[1] == commits
        assert await full.has_no_payment()
        await full.workshop.shadow_intake.close()
        assert await full.losses() == 1

    async def test_a_decision_that_no_one_asked_for_before_is_kept(self, full: ShadowDesk) -> None:
        full.decision_required = False

        assert await full.left() == LeftToExisting(Mode.SHADOW, recorded=False)

        await full.governed(Mode.LIVE)
        assert await full.left() == LeftToExisting(Mode.SHADOW, recorded=False)
        assert full.workshop.chase.sold == []

    async def test_a_repeat_is_still_the_same_payment_and_no_loss(self, full: ShadowDesk) -> None:
        known = await full.told("attempt-0", control=APPROVED, reference="INV-0")

        assert known.replayed
        [operation] = await full.operations(known.payment)
        assert operation.control == APPROVED
        await full.workshop.shadow_intake.close()
        assert await full.losses() == 0

    async def test_a_live_payments_key_is_never_told_to_be_the_existing_processors(self, full: ShadowDesk) -> None:
        full.decision_required = False
        await full.governed(Mode.LIVE)
        full.workshop.chase.sales.append(Unknown("READ_TIMEOUT", "no answer"))
        live = await full.sold("attempt-1", reference="INV-1")
        await full.governed(Mode.SHADOW)

        again = await full.take(a_call("attempt-1", reference="INV-1"))

        assert isinstance(again, SaleAnswer)
        assert (again.payment.id, again.payment.mode, again.payment.state) == (live.id, "live", State.UNKNOWN)

    async def test_voids_and_refunds_of_what_was_recorded_are_taken(self, full: ShadowDesk) -> None:
        payment = (await full.told("attempt-0", reference="INV-0")).payment

        assert (await full.voided(payment)).operation is None
        assert len(await full.operations(payment)) == 2

    async def test_there_is_room_again_once_it_was_mirrored(self, full: ShadowDesk) -> None:
        await full.deliver()
        await full.workshop.clock.advance(5)
        await full.workshop.shadow_backlog.count()

        assert (await full.taken("attempt-1", reference="INV-1")).mode == "shadow"


class TestAVoidOrRefund:
    async def test_takes_its_place_in_any_state_in_one_commit(self, desk: ShadowDesk) -> None:
        payment = await desk.taken()
        await desk.published()
        desk.workshop.broker.is_away = True
        _, commits = desk.workshop.units()

        voided = await desk.voided(payment)

        assert (voided.payment.id, voided.operation, voided.replayed) == (payment.id, None, False)
        assert desk.workshop.units()[1] == commits + 1
        await desk.refunded(payment, 100)
        kinds = [(each.sequence, each.kind.value, each.amount_minor) for each in await desk.operations(payment)]
        assert kinds == [(1, "sale", None), (2, "void", None), (3, "refund", 100)]
        assert desk.workshop.chase.sold == []

    async def test_under_the_same_key_is_the_same_and_brings_its_control(self, desk: ShadowDesk) -> None:
        payment = await desk.taken()
        await desk.refunded(payment, 100)

        again = await desk.workshop.refund.refund(a_refund(payment, 100, control=APPROVED))

        assert again.replayed
        assert [each.control for each in await desk.operations(payment)] == [None, APPROVED]

    async def test_is_told_with_its_operation_once_its_turn_has_come(self, desk: ShadowDesk) -> None:
        payment = await desk.mirrored()
        await desk.voided(payment)
        await desk.deliver()

        again = await desk.voided(payment)

        assert again.operation is not None
        assert (again.payment.state, again.replayed) == (State.VOIDED, True)

    async def test_under_the_same_key_with_another_body_is_refused(self, desk: ShadowDesk) -> None:
        payment = await desk.taken()
        await desk.voided(payment)

        with pytest.raises(IdempotencyKeyReused):
            await desk.workshop.void.void(a_void(payment, text="another"))

    async def test_many_at_once_each_take_a_place_of_their_own(self, desk: ShadowDesk) -> None:
        payment = await desk.taken()

        await asyncio.gather(*(desk.refunded(payment, n, f"refund-{n}") for n in range(1, 9)))

        operations = await desk.operations(payment)
        assert [each.sequence for each in operations] == list(range(1, 10))
        assert {each.amount_minor for each in operations} == {None, *range(1, 9)}

    async def test_that_never_gets_a_place_is_to_be_repeated(self, desk: ShadowDesk) -> None:
        payment = await desk.taken()
        intake: ShadowIntake = desk.workshop.shadow_intake

        class Crowded:
            async def follow(self, *_: object) -> None:
                from shared.payments.errors import ChangedMeanwhile  # noqa: PLC0415 - told here alone

                raise ChangedMeanwhile("shadow_order")

        intake._store = Crowded()  # type: ignore[assignment]  # whose every place is taken

        with pytest.raises(InvalidState):
            await desk.voided(payment)

    async def test_under_a_key_that_two_calls_bring_at_once_is_one(self, desk: ShadowDesk) -> None:
        payment = await desk.taken()

        answers = await asyncio.gather(*(desk.refunded(payment, 5) for _ in range(10)))

        assert [answer.replayed for answer in answers].count(False) == 1
        assert len(await desk.operations(payment)) == 2


async def test_a_sale_of_another_amount_is_mirrored_with_that_amount(desk: ShadowDesk) -> None:
    payment = await desk.mirrored(amount=Money(77_00, "USD"), control=replace(APPROVED, amount_minor=77_00))

    assert (payment.amount.amount_minor, payment.state) == (77_00, State.AUTHORIZED)
