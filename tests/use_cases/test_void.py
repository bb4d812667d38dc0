"""A void: claimed without a look first, sent once, and said truthfully however it went."""

import asyncio
from dataclasses import replace

import pytest

from shared.payments.errors import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InvalidState,
    NotFound,
    Unauthenticated,
)
from shared.payments.idempotency import Nonce
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Declined, NotSent, Outcome, TransactionState, Unknown
from shared.payments.state_machine import Event, State
from tests.builders import NOW, approved
from tests.use_cases.conftest import Built
from tests.use_cases.workshop import Workshop, a_refund, a_void

LOST = Unknown("READ_TIMEOUT", "no answer")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")
REFUSED = Declined("NOT_ALLOWED", "no")
NONCE = Nonce("ctp-1", "nonce-1", NOW)


class TestAnAuthorization:
    async def test_is_voided(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()

        done = await workshop.void.void(a_void(authorized, nonce=NONCE))

        assert (done.payment.state, done.operation.state, done.replayed) == (
            State.VOIDED,
            OperationState.SUCCEEDED,
            False,
        )
        assert (done.operation.reason, done.operation.actor) == ("the payer asked for it", "ctp")
        assert workshop.chase.sold == [authorized.sale.request_id, done.operation.request_id]
        assert done.payment == await workshop.stored(authorized)

    async def test_costs_two_round_trips_and_two_commits(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()
        trips, commits = workshop.units()

        await workshop.void.void(a_void(authorized, nonce=NONCE))

        assert workshop.units() == (trips + 2, commits + 2)

    @pytest.mark.parametrize(
        ("outcome", "state"),
        [(REFUSED, OperationState.DECLINED), (NOT_SENT, OperationState.QUEUED), (LOST, OperationState.UNKNOWN)],
        ids=["refused", "never left us", "silence"],
    )
    async def test_stays_one_while_it_is_not_known_to_be_voided(
        self, workshop: Workshop, outcome: Outcome, state: OperationState
    ) -> None:
        workshop.chase.voids = [outcome]
        authorized = await workshop.sold()

        done = await workshop.void.void(a_void(authorized))

        assert (done.payment.state, done.operation.state) == (State.AUTHORIZED, state)

    async def test_near_its_capture_is_not_voided(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()
        await workshop.clock.advance(120 * 60 - 60)

        with pytest.raises(InvalidState) as refused:
            await workshop.void.void(a_void(authorized, or_refund=True))

        assert refused.value.retry_after_s == 180
        assert refused.value.facts == {"state": State.AUTHORIZED, "allowedActions": []}

    async def test_of_somebody_elses_biller_is_not_there(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()
        call = a_void(authorized)

        for billers in (frozenset[str](), frozenset({"county-tax"})):
            with pytest.raises(NotFound):
                await workshop.void.void(replace(call, billers=billers))

        own = replace(call, billers=frozenset({"city-water"}))
        assert (await workshop.void.void(own)).payment.state is State.VOIDED

    async def test_that_nobody_made_is_not_there(self, workshop: Workshop) -> None:
        call = a_void(await workshop.sold())

        with pytest.raises(NotFound):
            await workshop.void.void(replace(call, payment_id="pay_nobody"))

    async def test_with_a_nonce_that_was_seen_is_refused(self, workshop: Workshop) -> None:
        one, other = await workshop.sold(), await workshop.sold("attempt-2", reference="INV-2")
        await workshop.void.void(a_void(one, nonce=NONCE))

        with pytest.raises(Unauthenticated):
            await workshop.void.void(a_void(other, "void-2", nonce=NONCE))

        assert (await workshop.stored(other)).state is State.AUTHORIZED


class TestWhatWasCaptured:
    async def test_is_not_voided_and_the_refusal_names_what_is_possible(self, workshop: Workshop) -> None:
        captured = await workshop.captured()

        with pytest.raises(InvalidState) as refused:
            await workshop.void.void(a_void(captured))

        assert refused.value.facts == {"state": State.CAPTURED, "allowedActions": ["refund"]}
        assert refused.value.retry_after_s is None
        assert len(workshop.chase.sold) == 1

    async def test_is_refunded_in_full_where_the_caller_said_so(self, workshop: Workshop) -> None:
        captured = await workshop.captured()

        done = await workshop.void.void(a_void(captured, or_refund=True))
        again = await workshop.void.void(a_void(captured, or_refund=True))

        assert (done.payment.state, done.operation.kind) == (State.REFUNDED, OperationKind.REFUND)
        assert workshop.chase.full == [True]
        assert (again.operation, again.replayed) == (done.operation, True)

    async def test_and_refunded_in_part_is_not_refunded_in_full_for_a_void(self, workshop: Workshop) -> None:
        captured = await workshop.captured()
        await workshop.refund.refund(a_refund(captured, 100))

        with pytest.raises(InvalidState):
            await workshop.void.void(a_void(captured, or_refund=True))


class TestASaleThatNeverLeft:
    async def test_is_closed_for_good_and_chase_is_not_asked(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NOT_SENT]
        received = await workshop.sold()

        done = await workshop.void.void(a_void(received, nonce=NONCE))

        assert (done.payment.state, done.operation.state, done.replayed) == (
            State.FAILED,
            OperationState.SUCCEEDED,
            False,
        )
        assert done.payment.history[-1].event is Event.SALE_GIVEN_UP
        assert len(workshop.chase.sold) == 1
        assert done.payment == await workshop.stored(received)

    async def test_is_closed_once_however_many_ask_under_one_key(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NOT_SENT]
        received = await workshop.sold()

        answers = await asyncio.gather(*(workshop.void.void(a_void(received)) for _ in range(5)))

        assert len({answer.operation.id for answer in answers}) == 1
        assert [answer.replayed for answer in answers].count(False) == 1

    async def test_is_closed_at_the_next_try_if_somebody_wrote_meanwhile(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NOT_SENT]
        received = await workshop.sold()
        workshop.payments.saves_beaten = 1

        done = await workshop.void.void(a_void(received))

        assert done.payment.state is State.FAILED

    async def test_that_keeps_changing_is_to_be_tried_again(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NOT_SENT]
        received = await workshop.sold()
        workshop.payments.saves_beaten = 3

        with pytest.raises(InvalidState) as refused:
            await workshop.void.void(a_void(received))

        assert refused.value.retry_after_s == 2
        assert (await workshop.stored(received)).state is State.RECEIVED

    async def test_is_never_charged_afterwards(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NOT_SENT]
        received = await workshop.sold()
        await workshop.void.void(a_void(received))

        again = await workshop.sold()

        assert again.state is State.FAILED
        assert len(workshop.chase.sold) == 1


class TestTheSameKeyAgain:
    @pytest.mark.parametrize("outcome", [None, REFUSED, NOT_SENT, LOST], ids=["done", "refused", "queued", "unknown"])
    async def test_is_answered_with_what_stands_and_sends_nothing(
        self, workshop: Workshop, outcome: Outcome | None
    ) -> None:
        workshop.chase.voids = [outcome] if outcome else []
        authorized = await workshop.sold()
        first = await workshop.void.void(a_void(authorized))

        again = await workshop.void.void(a_void(authorized))

        assert (again.payment, again.operation, again.replayed) == (first.payment, first.operation, True)
        assert len(workshop.chase.sold) == 2

    async def test_waits_while_it_is_being_sent(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()
        workshop.chase.hold = asyncio.Event()
        first = asyncio.create_task(workshop.void.void(a_void(authorized)))
        while len(workshop.chase.sold) < 2:
            await asyncio.sleep(0)

        with pytest.raises(IdempotencyInProgress) as refused:
            await workshop.void.void(a_void(authorized))

        workshop.chase.hold.set()
        assert (refused.value.retry_after_s, refused.value.facts["paymentId"]) == (2, authorized.id)
        assert (await first).payment.state is State.VOIDED

    async def test_with_another_body_is_refused(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()
        await workshop.void.void(a_void(authorized))

        with pytest.raises(IdempotencyKeyReused):
            await workshop.void.void(a_void(authorized, text="another body"))


class TestAnotherOperationThatHasNotEnded:
    async def test_is_asked_about_and_out_of_the_way_once_it_has(self, workshop: Workshop) -> None:
        workshop.chase.voids = [LOST]
        authorized = await workshop.sold()
        await workshop.void.void(a_void(authorized))
        workshop.chase.gets = [approved(state=TransactionState.VOIDED)]

        with pytest.raises(InvalidState) as refused:
            await workshop.void.void(a_void(authorized, "void-2"))

        # The first one had come about: there is nothing left to be voided.
        assert refused.value.facts["state"] is State.VOIDED

    async def test_is_in_the_way_while_it_is_not_known(self, workshop: Workshop) -> None:
        workshop.chase.voids = [LOST]
        authorized = await workshop.sold()
        await workshop.void.void(a_void(authorized))

        with pytest.raises(InvalidState, match="void has not ended yet") as refused:
            await workshop.void.void(a_void(authorized, "void-2"))

        assert refused.value.retry_after_s == 2
        assert workshop.chase.looked_at == [authorized.sale.transaction_id]


class TestACallerWhoCannotWait:
    async def test_hears_that_it_is_being_sent_and_the_work_goes_on(self, built: Built) -> None:
        workshop = built(answer_within_s=0.05)
        authorized = await workshop.sold()
        workshop.chase.hold = asyncio.Event()

        answer = await workshop.void.void(a_void(authorized))
        workshop.chase.hold.set()
        await workshop.tasks.close(5.0)

        assert (answer.payment.state, answer.operation.state) == (State.AUTHORIZED, OperationState.SUBMITTED)
        assert (await workshop.stored(authorized)).state is State.VOIDED
