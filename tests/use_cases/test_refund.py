"""A refund: its amount is reserved first, and the balance is judged before anything else."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.errors import IdempotencyInProgress, InvalidState, RefundExceedsBalance
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Declined, NotSent, Outcome, TransactionState, Unknown
from shared.payments.requests import Merchant
from shared.payments.state_machine import State
from tests.builders import CITY_WATER, a_bank_account, approved
from tests.use_cases.conftest import Built
from tests.use_cases.workshop import Workshop, a_refund, a_void

LOST = Unknown("READ_TIMEOUT", "no answer")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")
REFUSED = Declined("NOT_ALLOWED", "no")


class TestAPartOfIt:
    async def test_may_be_refunded_again_and_again_until_nothing_is_left(self, workshop: Workshop) -> None:
        captured = await workshop.captured(100)

        one = await workshop.refund.refund(a_refund(captured, 30, "refund-1"))
        two = await workshop.refund.refund(a_refund(captured, 30, "refund-2"))
        rest = await workshop.refund.refund(a_refund(captured, None, "refund-3"))

        assert [done.payment.state for done in (one, two, rest)] == [
            State.PARTIALLY_REFUNDED,
            State.PARTIALLY_REFUNDED,
            State.REFUNDED,
        ]
        assert rest.operation.amount.amount_minor == 40
        assert workshop.chase.full == [False, False, False]
        assert (rest.payment.refunded_minor, rest.payment.refund_reserved_minor) == (100, 0)

    async def test_costs_two_round_trips_and_two_commits(self, workshop: Workshop) -> None:
        # What is published behind the caller's back, and noted as sent, is not the refund's own.
        workshop.broker.is_away = True
        captured = await workshop.captured(100)
        trips, commits = workshop.units()

        await workshop.refund.refund(a_refund(captured, 30))

        assert workshop.units() == (trips + 2, commits + 2)

    @pytest.mark.parametrize(
        ("outcome", "state", "reserved_minor"),
        [
            (REFUSED, OperationState.DECLINED, 0),
            (NOT_SENT, OperationState.QUEUED, 30),
            (LOST, OperationState.UNKNOWN, 30),
        ],
        ids=["refused", "never left us", "silence"],
    )
    async def test_stays_reserved_until_it_is_known(
        self, workshop: Workshop, outcome: Outcome, state: OperationState, reserved_minor: int
    ) -> None:
        workshop.chase.refunds = [outcome]
        captured = await workshop.captured(100)

        done = await workshop.refund.refund(a_refund(captured, 30))

        assert (done.operation.state, done.payment.refund_reserved_minor) == (state, reserved_minor)
        assert done.payment == await workshop.stored(captured)


class TestTheBalance:
    @pytest.mark.parametrize("amount_minor", [101, 10**9])
    async def test_is_never_exceeded(self, workshop: Workshop, amount_minor: int) -> None:
        captured = await workshop.captured(100)

        with pytest.raises(RefundExceedsBalance) as refused:
            await workshop.refund.refund(a_refund(captured, amount_minor))

        assert refused.value.facts == {"refundableMinor": 100}
        assert len(workshop.chase.sold) == 1

    async def test_is_judged_before_another_refund_that_is_in_flight(self, workshop: Workshop) -> None:
        workshop.chase.refunds = [LOST]
        captured = await workshop.captured(100)
        await workshop.refund.refund(a_refund(captured, 60))

        with pytest.raises(RefundExceedsBalance) as refused:
            await workshop.refund.refund(a_refund(captured, 60, "refund-2"))

        assert refused.value.facts == {"refundableMinor": 40}
        assert workshop.chase.asked == []

    async def test_that_fits_beside_one_that_is_in_flight_waits_for_it(self, workshop: Workshop) -> None:
        workshop.chase.refunds = [LOST]
        captured = await workshop.captured(100)
        await workshop.refund.refund(a_refund(captured, 60))

        with pytest.raises(InvalidState) as refused:
            await workshop.refund.refund(a_refund(captured, 40, "refund-2"))

        assert refused.value.retry_after_s == 2

    async def test_that_fits_is_refunded_once_the_other_is_found(self, workshop: Workshop) -> None:
        workshop.chase.refunds, workshop.chase.refund_finds = [LOST], [approved(60)]
        captured = await workshop.captured(100)
        first = await workshop.refund.refund(a_refund(captured, 60))

        done = await workshop.refund.refund(a_refund(captured, 40, "refund-2"))

        assert workshop.chase.asked == [first.operation.request_id]
        assert (done.payment.state, done.payment.refunded_minor) == (State.REFUNDED, 100)

    async def test_of_nothing_left_is_told_even_to_who_asks_for_all(self, workshop: Workshop) -> None:
        captured = await workshop.captured(100)
        await workshop.refund.refund(a_refund(captured))

        with pytest.raises(RefundExceedsBalance) as refused:
            await workshop.refund.refund(a_refund(captured, None, "refund-2"))

        assert refused.value.facts == {"refundableMinor": 0}


class TestWhatIsNotCapturedYet:
    async def test_is_not_refunded(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()

        with pytest.raises(InvalidState) as refused:
            await workshop.refund.refund(a_refund(authorized, 100))

        assert refused.value.facts == {"state": State.AUTHORIZED, "allowedActions": ["void"]}

    @pytest.mark.parametrize("amount_minor", [None, 125_99], ids=["all of it", "its amount"])
    async def test_is_voided_where_the_caller_said_so_and_it_is_the_whole(
        self, workshop: Workshop, amount_minor: int | None
    ) -> None:
        authorized = await workshop.sold()

        done = await workshop.refund.refund(a_refund(authorized, amount_minor, or_void=True))

        assert (done.payment.state, done.operation.kind) == (State.VOIDED, OperationKind.VOID)

    async def test_is_not_voided_for_a_part(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()

        with pytest.raises(InvalidState):
            await workshop.refund.refund(a_refund(authorized, 100, or_void=True))

        assert (await workshop.stored(authorized)).unresolved is None

    async def test_is_not_voided_near_its_capture(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()
        await workshop.clock.advance(120 * 60 - 60)

        with pytest.raises(InvalidState) as refused:
            await workshop.refund.refund(a_refund(authorized, or_void=True))

        assert refused.value.retry_after_s == 180


class TestABankDebitOnHold:
    async def test_is_refunded_no_earlier_than_its_billers_hold_ends(self, workshop: Workshop) -> None:
        merchants: dict[str, Merchant] = workshop.outside.merchants  # type: ignore[assignment]
        merchants["city-water"] = replace(CITY_WATER, ach_refund_hold_days=4)
        held = await workshop.captured(100, method=a_bank_account())

        with pytest.raises(InvalidState) as refused:
            await workshop.refund.refund(a_refund(held))
        await workshop.clock.advance(timedelta(days=4).total_seconds())
        done = await workshop.refund.refund(a_refund(held))

        assert refused.value.retry_after_s == timedelta(days=4).total_seconds()
        assert done.payment.state is State.REFUNDED


class TestTheSameKeyAgain:
    @pytest.mark.parametrize("outcome", [None, REFUSED, NOT_SENT, LOST], ids=["done", "refused", "queued", "unknown"])
    async def test_is_answered_with_what_stands_and_sends_nothing(
        self, workshop: Workshop, outcome: Outcome | None
    ) -> None:
        workshop.chase.refunds = [outcome] if outcome else []
        captured = await workshop.captured(100)
        first = await workshop.refund.refund(a_refund(captured, 60))

        again = await workshop.refund.refund(a_refund(captured, 60))

        assert (again.payment, again.operation, again.replayed) == (first.payment, first.operation, True)
        assert len(workshop.chase.sold) == 2

    async def test_of_another_operation_names_that_one(self, workshop: Workshop) -> None:
        captured = await workshop.captured(100)
        one = await workshop.refund.refund(a_refund(captured, 30, "refund-1"))
        await workshop.refund.refund(a_refund(captured, 30, "refund-2"))

        again = await workshop.refund.refund(a_refund(captured, 30, "refund-1"))

        assert again.operation == one.operation


class TestACallerWhoCannotWait:
    async def test_hears_that_it_is_being_sent_and_the_work_goes_on(self, built: Built) -> None:
        workshop = built(answer_within_s=0.05)
        captured = await workshop.captured(100)
        workshop.chase.hold = asyncio.Event()

        answer = await workshop.refund.refund(a_refund(captured, 60))
        workshop.chase.hold.set()
        await workshop.tasks.close(5.0)

        assert (answer.operation.state, answer.payment.refund_reserved_minor) == (OperationState.SUBMITTED, 60)
        assert (await workshop.stored(captured)).refunded_minor == 60


class TestManyAtOnce:
    async def test_of_two_refunds_of_60_on_100_one_is_made_and_one_exceeds_the_balance(
        self, workshop: Workshop
    ) -> None:
        captured = await workshop.captured(100)

        results = await asyncio.gather(
            *(workshop.refund.refund(a_refund(captured, 60, f"refund-{n}")) for n in range(2)), return_exceptions=True
        )

        [refused] = [result for result in results if isinstance(result, Exception)]
        assert isinstance(refused, RefundExceedsBalance)
        assert refused.facts == {"refundableMinor": 40}
        assert len(workshop.chase.sold) == 2
        payment = await workshop.stored(captured)
        assert (payment.refunded_minor, payment.refund_reserved_minor) == (60, 0)

    @pytest.mark.parametrize("state", [TransactionState.AUTHORIZED, TransactionState.CLOSED])
    async def test_of_fifty_voids_against_fifty_refunds_the_money_goes_back_once(
        self, workshop: Workshop, state: TransactionState
    ) -> None:
        workshop.chase.sales = [approved(100, state)]
        sold = await workshop.sold(amount=approved(100).transaction.amount)
        voids = [workshop.void.void(a_void(sold, f"void-{n}", or_refund=True)) for n in range(50)]
        refunds = [workshop.refund.refund(a_refund(sold, None, f"refund-{n}", or_void=True)) for n in range(50)]

        results = await asyncio.gather(*voids, *refunds, return_exceptions=True)

        refused = [result for result in results if isinstance(result, BaseException)]
        assert len(refused) == 99
        assert {type(error) for error in refused} <= {InvalidState, RefundExceedsBalance}
        assert len(workshop.chase.sold) == 2
        payment = await workshop.stored(sold)
        assert payment.state in (State.VOIDED, State.REFUNDED)
        assert len(payment.operations) == 2

    async def test_of_one_key_a_hundred_times_one_is_sent(self, workshop: Workshop) -> None:
        captured = await workshop.captured(100)

        results = await asyncio.gather(
            *(workshop.refund.refund(a_refund(captured, 60)) for _ in range(100)), return_exceptions=True
        )

        errors = {type(result) for result in results if isinstance(result, BaseException)}
        assert errors <= {IdempotencyInProgress}
        assert len(workshop.chase.sold) == 2
        assert (await workshop.stored(captured)).refunded_minor == 60
