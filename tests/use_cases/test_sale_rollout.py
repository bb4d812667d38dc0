"""Under which decision a sale is taken: never without one, never under another bill's, never after its time."""

import asyncio
from datetime import timedelta

import pytest

from shared.payments.errors import (
    DecisionExpired,
    DecisionRequired,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    PaymentUnresolved,
    Unauthenticated,
)
from shared.payments.idempotency import Nonce
from shared.payments.outcome import NotSent, Unknown
from shared.payments.state_machine import State
from shared.shadow.document import Mode
from shared.shadow.stored_decision import EXPIRED, GIVEN_UP, LIVE_FOR, StoredDecision
from shared.use_cases.calls import LeftToExisting, SaleAnswer
from shared.use_cases.decide_rollout import AttemptSold
from tests.builders import NOW, a_bank_account
from tests.use_cases.conftest import Built
from tests.use_cases.rollout_desk import RolloutDesk
from tests.use_cases.workshop import Workshop, a_call

NONCE = Nonce("ctp", "nonce-1", NOW)
LATE_S = LIVE_FOR.total_seconds()


@pytest.fixture
def desk(workshop: Workshop) -> RolloutDesk:
    return RolloutDesk(workshop)


@pytest.fixture
def free_desk(workshop: Workshop) -> RolloutDesk:
    """Callers outside a rollout: the sale's own commit decides."""
    return RolloutDesk(workshop, decision_required=False)


class TestWithoutADecision:
    @pytest.mark.parametrize("mode", [Mode.LIVE, Mode.SHADOW, Mode.OFF])
    async def test_a_sale_is_refused_and_nothing_is_stored(self, desk: RolloutDesk, mode: Mode) -> None:
        await desk.governed(mode)

        with pytest.raises(DecisionRequired):
            await desk.sold()

        assert await desk.has_no_payment()
        assert desk.workshop.chase.sold == []


class TestWithTheDecisionOfAnother:
    @pytest.mark.parametrize("mode", [Mode.LIVE, Mode.SHADOW, Mode.OFF])
    @pytest.mark.parametrize(
        "other", [{"reference": "INV-2"}, {"biller_id": "county-tax"}, {"method": a_bank_account()}]
    )
    async def test_bill_or_method_a_sale_is_refused_and_the_decision_stands(
        self, desk: RolloutDesk, mode: Mode, other: dict[str, object]
    ) -> None:
        await desk.governed(mode)
        decision = await desk.decided()

        with pytest.raises(IdempotencyKeyReused):
            await desk.sold(**other)

        assert await desk.stored() == decision
        assert await desk.has_no_payment()

    @pytest.mark.parametrize("other", [{"reference": "INV-2"}, {"method": a_bank_account()}])
    async def test_no_second_decision_is_made_and_none_is_given_up(
        self, desk: RolloutDesk, other: dict[str, object]
    ) -> None:
        decision = await desk.decided()

        with pytest.raises(IdempotencyKeyReused):
            await desk.decided(**other)
        with pytest.raises(IdempotencyKeyReused):
            await desk.given_up(**other)

        assert await desk.stored() == decision

    async def test_attempt_of_another_caller_decides_nothing(self, desk: RolloutDesk) -> None:
        await desk.decided("attempt-2", reference="INV-2")

        with pytest.raises(DecisionRequired):
            await desk.sold("attempt-1")

    async def test_a_sale_that_would_have_made_its_own_is_refused_too(self, free_desk: RolloutDesk) -> None:
        await free_desk.governed(Mode.OFF)
        await free_desk.left()

        with pytest.raises(IdempotencyKeyReused):
            await free_desk.left(reference="INV-2")


class TestOff:
    async def test_leaves_the_bill_to_the_existing_processor_and_stores_nothing_else(self, desk: RolloutDesk) -> None:
        await desk.governed(Mode.OFF)
        await desk.decided()
        _, commits = desk.workshop.units()

        assert await desk.left() == LeftToExisting(Mode.OFF)

        assert desk.workshop.units()[1] == commits
        assert await desk.has_no_payment()

    async def test_is_for_ever_whatever_the_document_says_later(self, desk: RolloutDesk) -> None:
        await desk.governed(Mode.OFF)
        await desk.decided()
        await desk.governed(Mode.LIVE)

        assert await desk.left() == LeftToExisting(Mode.OFF)
        assert (await desk.decided()).mode is Mode.OFF
        assert desk.workshop.chase.sold == []

    async def test_made_by_the_sale_itself_is_stored_once_and_is_for_ever(self, free_desk: RolloutDesk) -> None:
        await free_desk.governed(Mode.OFF)
        _, commits = free_desk.workshop.units()

        assert await free_desk.left() == LeftToExisting(Mode.OFF)

        assert free_desk.workshop.units()[1] == commits + 1
        await free_desk.governed(Mode.LIVE)
        assert await free_desk.left() == LeftToExisting(Mode.OFF)
        assert await free_desk.has_no_payment()


class TestLive:
    async def test_is_sold_in_two_commits(self, desk: RolloutDesk) -> None:
        await desk.decided()
        trips, commits = desk.workshop.units()

        payment = await desk.sold()

        assert payment.state is State.AUTHORIZED
        assert desk.workshop.units() == (trips + 2, commits + 2)

    async def test_stays_live_when_the_document_turns(self, desk: RolloutDesk) -> None:
        await desk.decided()
        await desk.governed(Mode.OFF)

        assert (await desk.sold()).state is State.AUTHORIZED

    async def test_made_by_the_sale_itself_stays_live_when_the_document_turns(self, free_desk: RolloutDesk) -> None:
        sold = await free_desk.sold()

        for mode in (Mode.OFF, Mode.SHADOW):
            await free_desk.governed(mode)
            assert (await free_desk.sold()).id == sold.id

        assert len(free_desk.workshop.chase.sold) == 1
        assert (await free_desk.stored()).mode is Mode.LIVE

    async def test_asked_for_before_is_sold_though_none_is_required(self, free_desk: RolloutDesk) -> None:
        decision = await free_desk.decided()
        await free_desk.governed(Mode.OFF)

        assert (await free_desk.sold()).state is State.AUTHORIZED
        assert await free_desk.stored() == decision

    @pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW])
    async def test_that_never_left_is_sent_by_its_key_whatever_the_document_says(
        self, free_desk: RolloutDesk, mode: Mode
    ) -> None:
        free_desk.workshop.chase.sales.append(NotSent("NOT_CONNECTED", "refused"))
        opened = await free_desk.sold()
        await free_desk.governed(mode)

        again = await free_desk.sold()

        assert (opened.state, again.state, again.id) == (State.RECEIVED, State.AUTHORIZED, opened.id)

    async def test_at_work_is_told_to_wait_whatever_the_document_says(self, free_desk: RolloutDesk) -> None:
        free_desk.workshop.chase.hold = asyncio.Event()
        first = asyncio.create_task(free_desk.sold())
        await free_desk.at_chase()
        await free_desk.governed(Mode.SHADOW)

        with pytest.raises(IdempotencyInProgress):
            await free_desk.sold()

        free_desk.workshop.chase.hold.set()
        assert (await first).mode == "live"


class TestAfterItsTime:
    async def test_a_first_sale_is_refused_for_ever_and_its_decision_is_off(self, desk: RolloutDesk) -> None:
        await desk.decided()
        await desk.workshop.clock.advance(LATE_S)

        for _ in range(3):
            with pytest.raises(DecisionExpired):
                await desk.sold()

        closed = await desk.stored()
        assert (closed.mode, closed.why, closed.expires_at) == (Mode.OFF, EXPIRED, None)
        assert (await desk.decided()).mode is Mode.OFF
        assert await desk.has_no_payment()
        assert desk.workshop.chase.sold == []

    async def test_the_refusal_is_the_same_under_another_document(self, desk: RolloutDesk) -> None:
        await desk.decided()
        await desk.workshop.clock.advance(LATE_S)
        with pytest.raises(DecisionExpired):
            await desk.sold()

        for mode in (Mode.SHADOW, Mode.OFF):
            await desk.governed(mode)
            with pytest.raises(DecisionExpired):
                await desk.sold()

    async def test_a_moment_before_it_is_sold(self, desk: RolloutDesk) -> None:
        await desk.decided()
        await desk.workshop.clock.advance(LATE_S - 0.001)

        assert (await desk.sold()).state is State.AUTHORIZED

    async def test_one_that_a_sale_made_for_itself_expires_too_if_it_was_not_sold(self, free_desk: RolloutDesk) -> None:
        await free_desk.decided()
        await free_desk.workshop.clock.advance(LATE_S)

        with pytest.raises(DecisionExpired):
            await free_desk.sold()

    async def test_a_key_with_a_payment_replays_and_resumes(self, desk: RolloutDesk) -> None:
        await desk.decided()
        desk.workshop.chase.sales.append(NotSent("NOT_CONNECTED", "refused"))
        opened = await desk.sold()
        await desk.workshop.clock.advance(2 * LATE_S)

        resumed = await desk.sold()
        await desk.workshop.clock.advance(2 * LATE_S)
        replayed = await desk.take(a_call())

        assert (opened.state, resumed.state) == (State.RECEIVED, State.AUTHORIZED)
        assert isinstance(replayed, SaleAnswer)
        assert (replayed.payment.id, replayed.replayed) == (opened.id, True)
        assert (await desk.stored()).mode is Mode.LIVE

    async def test_is_told_to_wait_where_a_sale_came_first_and_cannot_be_read_yet(self, desk: RolloutDesk) -> None:
        rollout, decision = desk.workshop.sale_rollout(), await desk.decided()
        await desk.sold()
        await desk.workshop.clock.advance(LATE_S)

        with pytest.raises(IdempotencyInProgress):
            await rollout.standing(decision.asked)


class TestTheKillSwitch:
    async def test_ends_a_sale_that_was_decided_before_for_good_and_tells_it_again(self, desk: RolloutDesk) -> None:
        await desk.decided()
        await desk.governed(Mode.LIVE, kill_switch=True)

        ended = await desk.sold()
        again = await desk.take(a_call())

        code = (ended.sale.outcome or {})["code"]
        assert (ended.state, code) == (State.FAILED, "live-disabled")
        assert isinstance(again, SaleAnswer)
        assert (again.payment.id, again.replayed) == (ended.id, True)
        assert desk.workshop.chase.sold == []

    async def test_holds_at_once_though_this_process_has_not_heard_of_it(self, desk: RolloutDesk) -> None:
        await desk.decided()
        await desk.killed_elsewhere()

        assert (await desk.sold()).state is State.FAILED
        assert desk.workshop.chase.sold == []

    async def test_leaves_the_ended_attempt_ended_when_it_is_let_go(self, desk: RolloutDesk) -> None:
        await desk.decided()
        await desk.governed(Mode.LIVE, kill_switch=True)
        ended = await desk.sold()
        await desk.governed(Mode.LIVE)

        assert (await desk.sold()).id == ended.id
        with pytest.raises(AttemptSold):
            await desk.given_up()
        assert desk.workshop.chase.sold == []

    async def test_ends_one_of_many_calls_and_the_others_hear_the_same(self, desk: RolloutDesk) -> None:
        await desk.decided()
        await desk.governed(Mode.LIVE, kill_switch=True)

        payments = await asyncio.gather(*(desk.sold() for _ in range(10)))

        assert len({payment.id for payment in payments}) == 1
        assert {payment.state for payment in payments} == {State.FAILED}

    async def test_makes_new_decisions_off(self, desk: RolloutDesk) -> None:
        await desk.governed(Mode.LIVE, kill_switch=True)

        assert (await desk.decided()).mode is Mode.OFF
        assert await desk.left() == LeftToExisting(Mode.OFF)

    async def test_makes_a_sale_without_a_decision_off_for_ever(self, free_desk: RolloutDesk) -> None:
        await free_desk.killed_elsewhere()

        assert await free_desk.left() == LeftToExisting(Mode.OFF)

        await free_desk.governed(Mode.LIVE)
        assert await free_desk.left() == LeftToExisting(Mode.OFF)
        assert free_desk.workshop.chase.sold == []

    async def test_ends_a_sale_that_never_left_when_its_key_comes_again(self, desk: RolloutDesk) -> None:
        await desk.decided()
        desk.workshop.chase.sales = [NotSent("NOT_CONNECTED", "no connection was made")]
        waiting = await desk.sold()
        await desk.governed(Mode.LIVE, kill_switch=True)

        ended = await desk.sold()

        assert (waiting.state, ended.state, ended.id) == (State.RECEIVED, State.FAILED, waiting.id)
        assert (ended.sale.outcome or {})["code"] == "live-disabled"
        assert len(desk.workshop.chase.sold) == 1


class TestGivingUp:
    async def test_closes_an_attempt_and_nothing_is_sold_under_it(self, desk: RolloutDesk) -> None:
        await desk.decided()

        closed = await desk.given_up()

        assert (closed.mode, closed.why) == (Mode.OFF, GIVEN_UP)
        assert await desk.left() == LeftToExisting(Mode.OFF)
        assert await desk.given_up() == closed

    async def test_closes_one_that_was_never_decided(self, desk: RolloutDesk) -> None:
        assert (await desk.given_up()).mode is Mode.OFF
        assert (await desk.decided()).mode is Mode.OFF

    async def test_is_refused_once_a_payment_has_the_key_and_names_it(self, desk: RolloutDesk) -> None:
        await desk.decided()
        sold = await desk.sold()

        with pytest.raises(AttemptSold) as refused:
            await desk.given_up()

        assert refused.value.payment.id == sold.id
        assert (await desk.stored()).mode is Mode.LIVE

    async def test_is_refused_for_a_payment_in_shadow_too(self, desk: RolloutDesk) -> None:
        await desk.governed(Mode.SHADOW)
        await desk.decided()
        taken = await desk.sold()

        with pytest.raises(AttemptSold) as refused:
            await desk.given_up()

        assert refused.value.payment.id == taken.id

    async def test_is_open_to_an_attempt_whose_sale_was_refused_for_another(self, desk: RolloutDesk) -> None:
        await desk.decided("attempt-1")
        await desk.decided("attempt-2")
        desk.workshop.chase.sales.append(Unknown("READ_TIMEOUT", "no answer"))
        await desk.sold("attempt-1")
        with pytest.raises(PaymentUnresolved):
            await desk.sold("attempt-2")

        assert (await desk.given_up("attempt-2")).mode is Mode.OFF

    @pytest.mark.parametrize("first", ["sale", "give-up", "either"])
    async def test_and_selling_at_once_never_leaves_both_an_off_and_a_charge(
        self, desk: RolloutDesk, first: str
    ) -> None:
        keys = [f"attempt-{number}" for number in range(60)]
        for key in keys:
            await desk.decided(key, reference=key)

        async def ended(key: str, number: int) -> tuple[object, object]:
            calls = [desk.take(a_call(key, reference=key)), desk.given_up(key, reference=key)]
            if first == "give-up" or (first == "either" and number % 2):
                calls.reverse()
            return tuple(await asyncio.gather(*calls, return_exceptions=True))  # type: ignore[return-value]

        sale = desk.workshop.sale(decision_required=True)
        desk.take = sale.take  # type: ignore[method-assign]  # one process, whose sales count together
        for start in range(0, len(keys), 15):
            pairs = await asyncio.gather(*(ended(key, n) for n, key in enumerate(keys[start : start + 15])))
            for pair in pairs:
                closed = [each for each in pair if isinstance(each, StoredDecision)]
                charged = [each for each in pair if isinstance(each, SaleAnswer)]
                refused = [each for each in pair if isinstance(each, AttemptSold)]
                left = [each for each in pair if isinstance(each, LeftToExisting)]
                assert (len(closed), len(left)) == (1, 1) or (len(charged), len(refused)) == (1, 1), pair
        for key in keys:
            is_off = (await desk.stored(key)).mode is Mode.OFF
            assert is_off is await desk.has_no_payment(key)


class TestNonces:
    async def test_of_a_decision_and_of_a_give_up_are_good_once(self, desk: RolloutDesk) -> None:
        await desk.decisions.decide((await desk.decided()).asked, NONCE)

        with pytest.raises(Unauthenticated):
            await desk.given_up(nonce=NONCE)

        assert (await desk.stored()).mode is Mode.LIVE

    async def test_of_a_sale_in_shadow_are_good_once(self, desk: RolloutDesk) -> None:
        await desk.governed(Mode.SHADOW)
        for key in ("attempt-1", "attempt-2"):
            await desk.decided(key, reference=key)
        workshop = desk.workshop
        call = a_call("attempt-1", reference="attempt-1")
        signed = type(call)(call.request, call.caller, call.idempotency_key, call.body, NONCE)
        await desk.take(signed)

        with pytest.raises(Unauthenticated):
            await desk.take(signed)
        other = a_call("attempt-2", reference="attempt-2")
        with pytest.raises(Unauthenticated):
            await desk.take(type(other)(other.request, other.caller, other.idempotency_key, other.body, NONCE))

        assert await workshop.outside.shadow.waiting() == 1


class TestTheSecondLock:
    async def test_refuses_a_decision_while_the_bill_has_an_open_payment_of_another_attempt(
        self, desk: RolloutDesk
    ) -> None:
        await desk.decided("attempt-1")
        desk.workshop.chase.sales.append(Unknown("READ_TIMEOUT", "no answer"))
        open_payment = await desk.sold("attempt-1")

        with pytest.raises(PaymentUnresolved) as refused:
            await desk.decided("attempt-2")

        assert refused.value.facts["paymentId"] == open_payment.id
        assert await desk.workshop.rollout.decision("ctp", "attempt-2") is None
        assert (await desk.decided("attempt-1")).mode is Mode.LIVE
        assert (await desk.decided("attempt-3", reference="INV-2")).mode is Mode.LIVE

    async def test_lets_a_decision_be_made_once_that_payment_has_ended(self, desk: RolloutDesk) -> None:
        await desk.decided("attempt-1")
        await desk.sold("attempt-1")

        assert (await desk.decided("attempt-2")).mode is Mode.LIVE

    async def test_is_not_closed_by_a_payment_in_shadow(self, desk: RolloutDesk) -> None:
        await desk.governed(Mode.SHADOW)
        await desk.decided("attempt-1")
        await desk.sold("attempt-1")

        assert (await desk.decided("attempt-2")).mode is Mode.SHADOW


class TestADecision:
    async def test_is_one_and_the_same_for_ever_and_for_many_at_once(self, desk: RolloutDesk, built: Built) -> None:
        other = RolloutDesk(built())
        await other.governed(Mode.OFF)

        made = await asyncio.gather(*(each.decided() for each in (desk, other) * 10))

        assert len({(decision.mode, decision.decided_at) for decision in made}) == 1
        await desk.workshop.clock.advance(timedelta(days=400).total_seconds())
        assert (await desk.decided()).decided_at == made[0].decided_at
