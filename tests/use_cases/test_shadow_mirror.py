"""What was taken in shadow is asked of the test endpoint, in each payment's order, and compared."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.database.unit_of_work import DatabaseUnavailable
from shared.payments.messages import Message, Queue
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Declined, NotSent, TransactionState, Unknown
from shared.payments.state_machine import State
from shared.shadow.verdicts import Severity, Stage, Verdict
from shared.use_cases.setting_aside import CannotSucceed
from shared.use_cases.shadow_mirror import AT_ONCE_MAX
from tests.builders import NOW, approved
from tests.use_cases.conftest import Built
from tests.use_cases.shadow_desk import APPROVED, DECLINED, ShadowDesk
from tests.use_cases.workshop import Workshop

AWAY = NotSent("NOT_CONNECTED", "refused")
LOST = Unknown("READ_TIMEOUT", "no answer")
REFUSED = Declined("DO_NOT_HONOR", "Declined", transaction_id="t-1")


@pytest.fixture
async def desk(workshop: Workshop) -> ShadowDesk:
    return await ShadowDesk(workshop).opened()


class TestASale:
    async def test_is_sent_once_and_compared_at_once(self, desk: ShadowDesk) -> None:
        payment = await desk.mirrored()

        assert (payment.state, payment.mode, payment.processor) == (State.AUTHORIZED, "shadow", "existing")
        assert desk.workshop.chase.sold == [payment.sale.request_id]
        comparison = await desk.comparison(payment)
        assert comparison is not None
        assert (comparison.stage, comparison.verdict) == (Stage.FIRST, Verdict.MATCH)

    async def test_without_its_control_waits_for_it(self, desk: ShadowDesk) -> None:
        payment = await desk.mirrored(control=None)

        assert await desk.comparison(payment) is None
        assert await desk.compare_at(payment) == "2026-11-23T18:10:00.000"
        assert [each.waiting for each in await desk.operations(payment)] == [False]

    async def test_of_another_amount_than_was_charged_is_a_mismatch_of_money(self, desk: ShadowDesk) -> None:
        payment = await desk.mirrored(control=type(APPROVED)(APPROVED.status, "00", 125_98))

        comparison = await desk.comparison(payment)
        assert comparison is not None
        assert (comparison.verdict, comparison.severity) == (Verdict.MISMATCH, Severity.MONEY)
        assert ("shadow.mismatch", "money", "amount") in [
            (name, fields.get("severity"), fields.get("field")) for name, fields in desk.workshop.telemetry.events
        ]

    async def test_whose_message_comes_again_is_sent_once(self, desk: ShadowDesk) -> None:
        await desk.mirrored()

        await desk.deliver(again=True)

        assert len(desk.workshop.chase.sold) == 1

    async def test_whose_message_comes_twice_at_once_is_sent_once(self, desk: ShadowDesk) -> None:
        payment = await desk.taken(control=APPROVED)
        await desk.published()
        [message] = desk.messages()

        await asyncio.gather(*(desk.workshop.shadow_mirror.consume(message) for _ in range(5)))

        assert len(desk.workshop.chase.sold) == 1
        assert (await desk.workshop.stored(payment)).state is State.AUTHORIZED

    async def test_that_somebody_else_claims_first_is_left_to_them(self, desk: ShadowDesk) -> None:
        payment = await desk.taken(control=APPROVED)
        desk.workshop.payments.saves_beaten = 1

        await desk.deliver()

        assert desk.workshop.chase.sold == []
        assert "shadow_mirror.left_to_another" in desk.workshop.events()
        assert await desk.later(601) == 1
        assert (await desk.workshop.stored(payment)).state is State.AUTHORIZED

    async def test_is_known_by_the_inbox_where_the_claim_was_made_and_the_message_comes_again(
        self, desk: ShadowDesk
    ) -> None:
        desk.workshop.chase.sales += [AWAY]
        payment = await desk.mirrored()
        first = desk.messages()[0]

        await desk.workshop.shadow_mirror.consume(first)

        assert len(desk.workshop.chase.sold) == 1
        assert (await desk.workshop.stored(payment)).sale.state is OperationState.QUEUED


class TestManyAtOnce:
    async def test_are_sent_a_few_at_a_time_and_all_in_the_end(self, desk: ShadowDesk) -> None:
        messages, chase = await _taken(desk, AT_ONCE_MAX + 2), desk.workshop.chase
        chase.hold = asyncio.Event()

        mirrors = [asyncio.create_task(desk.workshop.shadow_mirror.consume(message)) for message in messages]
        await _asked(desk, AT_ONCE_MAX)
        # As long as the others took: time enough for one more.
        await desk.published()
        assert len(chase.sold) == AT_ONCE_MAX

        chase.hold.set()
        await asyncio.gather(*mirrors)
        assert len(set(chase.sold)) == len(chase.sold) == len(messages)

    async def test_one_that_gets_no_place_in_time_is_left_to_comparison_due(self, desk: ShadowDesk) -> None:
        messages, chase = await _taken(desk, AT_ONCE_MAX + 1), desk.workshop.chase
        desk.workshop.shadow_mirror._place_within_s = 0.0
        chase.hold = asyncio.Event()
        mirrors = [asyncio.create_task(desk.workshop.shadow_mirror.consume(message)) for message in messages[1:]]
        await _asked(desk, AT_ONCE_MAX)

        async with asyncio.timeout(5):
            await desk.workshop.shadow_mirror.consume(messages[0])

        assert "shadow_mirror.left_for_later" in desk.workshop.events()
        chase.hold.set()
        await asyncio.gather(*mirrors)
        assert len(chase.sold) == AT_ONCE_MAX
        await desk.later(601)
        assert len(chase.sold) == AT_ONCE_MAX + 1


class TestATestEndpointThatIsAway:
    async def test_is_asked_again_by_us_when_the_wait_is_over(self, desk: ShadowDesk) -> None:
        desk.workshop.chase.sales += [AWAY, AWAY]
        payment = await desk.mirrored()
        assert (payment.state, payment.sale.state) == (State.RECEIVED, OperationState.QUEUED)
        assert [each.waiting for each in await desk.operations(payment)] == [True]

        for _ in range(2):
            await desk.workshop.clock.advance(60)
            payment = await desk.after_delivery(payment)

        assert payment.state is State.AUTHORIZED
        assert desk.workshop.chase.sold == [payment.sale.request_id] * 3
        comparison = await desk.comparison(payment)
        assert comparison is not None
        assert comparison.verdict is Verdict.MATCH

    async def test_for_days_is_asked_for_days_and_nothing_is_given_up(self, desk: ShadowDesk) -> None:
        desk.workshop.chase.sales += [AWAY] * 50
        payment = await desk.mirrored()
        for _ in range(8):
            assert await desk.later(86_400) >= 1

        desk.workshop.chase.sales.clear()
        await desk.later(86_400)

        assert (await desk.workshop.stored(payment)).state is State.AUTHORIZED
        comparison = await desk.comparison(payment)
        assert comparison is not None
        assert comparison.stage is Stage.FINAL

    async def test_holds_up_what_comes_after(self, desk: ShadowDesk) -> None:
        desk.workshop.chase.sales += [AWAY]
        payment = await desk.taken()
        await desk.voided(payment)

        payment = await desk.after_delivery(payment)
        assert [each.waiting for each in await desk.operations(payment)] == [True, True]

        await desk.workshop.clock.advance(60)
        payment = await desk.after_delivery(payment)

        assert payment.state is State.VOIDED
        assert [each.waiting for each in await desk.operations(payment)] == [False, False]

    async def test_when_a_void_is_due_has_it_sent_later(self, desk: ShadowDesk) -> None:
        payment = await desk.mirrored()
        desk.workshop.chase.voids += [AWAY]
        await desk.voided(payment)
        payment = await desk.after_delivery(payment)
        assert payment.state is State.AUTHORIZED

        await desk.workshop.clock.advance(60)

        assert (await desk.after_delivery(payment)).state is State.VOIDED


class TestAnAnswerThatWasLost:
    async def test_is_compared_as_unknown_and_again_when_it_is_known(self, desk: ShadowDesk) -> None:
        desk.workshop.chase.sales += [LOST]
        payment = await desk.mirrored()
        comparison = await desk.comparison(payment)
        assert comparison is not None
        assert (comparison.verdict, [each.name for each in comparison.differing]) == (
            Verdict.MISMATCH,
            ["integration"],
        )

        desk.workshop.chase.finds.append(approved(125_99, TransactionState.CLOSED))
        await desk.workshop.clock.advance(2)
        await desk.later(86_400)

        comparison = await desk.comparison(payment)
        assert comparison is not None
        # That it took so long stays a difference, and none that counts.
        assert (comparison.stage, comparison.severity) == (Stage.FINAL, Severity.COSMETIC)

    async def test_holds_up_a_void_until_it_is_known(self, desk: ShadowDesk) -> None:
        desk.workshop.chase.sales += [LOST]
        payment = await desk.mirrored()
        await desk.voided(payment)
        await desk.deliver()
        assert [each.waiting for each in await desk.operations(payment)] == [False, True]

        desk.workshop.chase.finds.append(approved())
        await desk.workshop.clock.advance(2)
        await desk.later(600)

        assert (await desk.workshop.stored(payment)).state is State.VOIDED


class TestACrashBetweenClaimAndOutcome:
    async def test_is_brought_on_by_the_timers(self, desk: ShadowDesk, built: Built) -> None:
        desk.workshop.chase.hold = asyncio.Event()
        payment = await desk.taken(control=APPROVED)
        await desk.published()
        [message] = desk.messages()
        dies = asyncio.create_task(desk.workshop.shadow_mirror.consume(message))
        await desk.at_chase()
        dies.cancel()

        after = await ShadowDesk(built()).opened()
        await after.workshop.clock.advance(120)
        after.workshop.chase.finds += [approved(125_99, TransactionState.CLOSED)] * 2
        await after.workshop.reconciliation.run_once()
        await after.workshop.clock.advance(2)
        await after.workshop.reconciliation.run_once()
        await after.later(600)

        stored = await after.workshop.stored(payment)
        assert (stored.state, after.workshop.chase.sold) == (State.CAPTURED, [])
        assert await after.comparison(payment) is not None

    async def test_before_the_claim_is_brought_on_by_comparison_due(self, desk: ShadowDesk, built: Built) -> None:
        payment = await desk.taken(control=APPROVED)

        after = ShadowDesk(built())
        assert await after.later(599) == 0
        assert await after.later(1) == 1

        assert (await after.workshop.stored(payment)).state is State.AUTHORIZED

    async def test_between_the_outcome_and_its_comparison_is_compared_later(
        self, desk: ShadowDesk, built: Built
    ) -> None:
        class Ill:
            async def look(self, *_: object) -> bool:
                raise DatabaseUnavailable("away")

        whole = desk.workshop.shadow_mirror._comparing
        desk.workshop.shadow_mirror._comparing = Ill()  # type: ignore[assignment]
        payment = await desk.taken(control=APPROVED)
        await desk.published()
        with pytest.raises(DatabaseUnavailable):
            await desk.workshop.shadow_mirror.consume(desk.messages()[0])
        desk.workshop.shadow_mirror._comparing = whole

        await desk.workshop.shadow_mirror.consume(desk.messages()[0])

        assert await desk.comparison(payment) is not None
        assert len(desk.workshop.chase.sold) == 1


class TestWhatFollowsASale:
    async def test_is_sent_in_the_order_in_which_it_was_taken(self, desk: ShadowDesk) -> None:
        desk.workshop.chase.sales.append(approved(125_99, TransactionState.CLOSED))
        payment = await desk.taken(control=APPROVED)
        for number, amount_minor in enumerate((100, 200, None), 1):
            await desk.refunded(payment, amount_minor, f"refund-{number}")
        await desk.published()

        # The last one's message comes first.
        for message in reversed(desk.messages()):
            await desk.workshop.shadow_mirror.consume(message)

        payment = await desk.workshop.stored(payment)
        amounts = [(each.kind, each.amount.amount_minor) for each in payment.operations]
        refund = OperationKind.REFUND
        assert amounts == [(OperationKind.SALE, 125_99), (refund, 100), (refund, 200), (refund, 122_99)]
        assert desk.workshop.chase.sold == [each.request_id for each in payment.operations]
        assert payment.state is State.REFUNDED
        assert not any(each.waiting for each in await desk.operations(payment))

    async def test_is_compared_with_its_own_control(self, desk: ShadowDesk) -> None:
        payment = await desk.captured()
        await desk.refunded(payment, 100, control=type(APPROVED)(APPROVED.status, "00", 100))
        await desk.deliver()

        comparison = await desk.comparison(payment, 1)
        assert comparison is not None
        assert comparison.verdict is Verdict.MATCH

    async def test_as_a_refund_waits_for_our_own_capture(self, desk: ShadowDesk) -> None:
        payment = await desk.mirrored()
        await desk.refunded(payment, 100)
        payment = await desk.after_delivery(payment)
        assert len(payment.operations) == 1

        desk.workshop.chase.gets += [approved(125_99, TransactionState.CLOSED)] * 2
        captured = await desk.workshop.refresh.refresh(payment)
        await desk.later(600)

        payment = await desk.workshop.stored(payment)
        assert (captured.state, payment.state) == (State.CAPTURED, State.PARTIALLY_REFUNDED)

    async def test_waits_for_a_capture_that_comes_after_the_pair_was_final(self, desk: ShadowDesk) -> None:
        payment = await desk.mirrored()
        await desk.refunded(payment, 100)
        for _ in range(4):
            await desk.later(86_400)
        assert [each.waiting for each in await desk.operations(payment)] == [False, True]

        desk.workshop.chase.gets += [approved(125_99, TransactionState.CLOSED)] * 2
        await desk.workshop.refresh.refresh(await desk.workshop.stored(payment))
        await desk.later(86_400)

        assert (await desk.workshop.stored(payment)).state is State.PARTIALLY_REFUNDED

    @pytest.mark.parametrize("verb", ["void", "refund"])
    async def test_after_a_sale_that_was_declined_ends_without_a_call_and_is_no_failure_of_ours(
        self, desk: ShadowDesk, verb: str
    ) -> None:
        desk.workshop.chase.sales += [REFUSED]
        payment = await desk.mirrored()
        ask = desk.voided if verb == "void" else desk.refunded
        await ask(payment, control=APPROVED)

        payment = await desk.after_delivery(payment)

        assert (payment.state, payment.operations[1].state) == (State.DECLINED, OperationState.DECLINED)
        assert (payment.operations[1].outcome or {})["processorCalled"] is False
        assert len(desk.workshop.chase.sold) == 1
        assert desk.workshop.alarms() == []
        comparison = await desk.comparison(payment, 1)
        assert comparison is not None
        assert comparison.verdict is Verdict.NOT_COMPARABLE

    async def test_that_the_existing_processor_could_do_and_we_could_not_is_a_mismatch(self, desk: ShadowDesk) -> None:
        payment = await desk.captured()
        await desk.voided(payment, control=APPROVED)

        payment = await desk.after_delivery(payment)

        assert (payment.state, payment.operations[1].state) == (State.CAPTURED, OperationState.DECLINED)
        comparison = await desk.comparison(payment, 1)
        assert comparison is not None
        assert (comparison.verdict, comparison.severity) == (Verdict.MISMATCH, Severity.STATE)

    async def test_over_the_balance_ends_without_a_call_and_reserves_nothing(self, desk: ShadowDesk) -> None:
        payment = await desk.captured()
        await desk.refunded(payment, 125_99, "refund-1")
        await desk.refunded(payment, None, "refund-2")
        await desk.refunded(payment, 1, "refund-3")

        payment = await desk.after_delivery(payment)

        states = [each.state for each in payment.operations]
        assert states == [OperationState.SUCCEEDED] * 2 + [OperationState.DECLINED] * 2
        assert (payment.refunded_minor, payment.refund_reserved_minor) == (125_99, 0)
        assert len(desk.workshop.chase.sold) == 2

    async def test_after_a_void_ends_without_a_call(self, desk: ShadowDesk) -> None:
        payment = await desk.mirrored()
        await desk.voided(payment, "void-1")
        await desk.voided(payment, "void-2")
        await desk.refunded(payment)

        payment = await desk.after_delivery(payment)

        assert payment.state is State.VOIDED
        assert [each.state for each in payment.operations][2:] == [OperationState.DECLINED] * 2
        assert [entry.event for entry in payment.history][-2:] == ["shadow_not_possible"] * 2


class TestAMessageThatNamesNothing:
    async def test_of_ours_is_set_aside(self, desk: ShadowDesk) -> None:
        payment = await desk.taken()
        of_another = {"paymentId": "pay_none", "operationId": payment.sale.id}

        for ids in ({"paymentId": payment.id, "operationId": "op_none"}, of_another):
            with pytest.raises(CannotSucceed):
                await desk.workshop.shadow_mirror.consume(Message(Queue.SHADOW_MIRROR, ids, NOW))


async def test_what_was_declined_by_both_is_compared(desk: ShadowDesk) -> None:
    desk.workshop.chase.sales += [REFUSED]

    payment = await desk.mirrored(control=DECLINED)

    comparison = await desk.comparison(payment)
    assert comparison is not None
    assert comparison.verdict is Verdict.NOT_COMPARABLE


async def _taken(desk: ShadowDesk, count: int) -> Sequence[Message]:
    """So many sales in shadow, on the bus."""
    for number in range(count):
        await desk.taken(f"attempt-{number}", control=APPROVED)
    await desk.published()
    return desk.messages()


async def _asked(desk: ShadowDesk, count: int) -> None:
    """Return when the test endpoint was asked so often."""
    async with asyncio.timeout(5):
        while len(desk.workshop.chase.sold) < count:
            await asyncio.sleep(0.001)
