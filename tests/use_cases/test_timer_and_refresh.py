"""The reconciliation timer, and an operator's look."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from shared.payments.beside import NOTHING_BESIDE, Beside
from shared.payments.errors import ChangedMeanwhile
from shared.payments.messages import Message
from shared.payments.outcome import Declined, NothingFound, NotSent, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import State
from shared.use_cases.reconciliation import Counts
from tests.builders import a_submitted_payment, approved
from tests.use_cases.workshop import FINGERPRINTS, IllPayments, Workshop, a_refund

LOST = Unknown("READ_TIMEOUT", "no answer")


async def left_behind(workshop: Workshop, number: int) -> Payment:
    payment = a_submitted_payment(number=number, reference=f"INV-{number}")
    await workshop.payments.begin_sale(payment, FINGERPRINTS.of(b"body").fingerprint, None)
    return payment


class TestReconciliation:
    async def test_leaves_alone_what_may_still_be_at_work(self, workshop: Workshop) -> None:
        await left_behind(workshop, 1)

        await workshop.clock.advance(90)

        assert await workshop.reconciliation.run_once() == Counts()

    async def test_takes_what_belongs_to_nobody(self, workshop: Workshop) -> None:
        payment = await left_behind(workshop, 1)

        await workshop.clock.advance(90.001)
        counts = await workshop.reconciliation.run_once()

        assert counts == Counts(abandoned=1)
        assert (await workshop.stored(payment)).state is State.UNKNOWN

    async def test_goes_on_when_one_payment_fails_and_tries_it_again(self, workshop: Workshop) -> None:
        payments = [await left_behind(workshop, number) for number in range(1, 4)]
        await workshop.clock.advance(91)
        workshop.payments.saves_failing = 1

        first = await workshop.reconciliation.run_once()
        second = await workshop.reconciliation.run_once()

        assert (first, second) == (Counts(abandoned=2, left=1), Counts(abandoned=1))
        assert workshop.alarms() == ["reconciliation.failed"]
        assert {(await workshop.stored(payment)).state for payment in payments} == {State.UNKNOWN}

    async def test_takes_a_bounded_batch_oldest_first(self, workshop: Workshop) -> None:
        payments = [await left_behind(workshop, number) for number in range(1, 4)]
        await workshop.clock.advance(91)

        await workshop.reconciliation.run_once(limit=2)

        states = [(await workshop.stored(payment)).state for payment in payments]
        assert sorted(states) == [State.SUBMITTED, State.UNKNOWN, State.UNKNOWN]

    async def test_begins_nothing_new_once_its_time_is_up(self, workshop: Workshop) -> None:
        for number in range(1, 31):
            await left_behind(workshop, number)
        await workshop.clock.advance(91)
        slow = workshop.recording.record

        async def takes_ten_seconds(*arguments: Any, **named: Any) -> Payment:
            await workshop.clock.advance(10)
            return await slow(*arguments, **named)

        workshop.recording.record = takes_ten_seconds  # type: ignore[method-assign]

        counts = await workshop.reconciliation.run_once()

        assert 0 < counts.abandoned < 30
        assert counts.left == 30 - counts.abandoned


class TestWhatIsOverdue:
    """Its message was lost, or set aside: what waits is sent by the timer all the same."""

    async def waiting(self, workshop: Workshop) -> Payment:
        workshop.chase.refunds = [NotSent("NOT_CONNECTED", "refused")]
        captured = await workshop.captured(100)
        return (await workshop.refund.refund(a_refund(captured, 60))).payment

    async def test_is_sent_two_minutes_after_it_was_due(self, workshop: Workshop) -> None:
        payment = await self.waiting(workshop)
        await workshop.clock.advance(10 + 119.999)
        early = await workshop.reconciliation.run_once()
        await workshop.clock.advance(0.001)

        late = await workshop.reconciliation.run_once()

        assert (early.sent, late.sent) == (0, 1)
        assert (await workshop.stored(payment)).refunded_minor == 60

    async def test_is_left_to_its_message_where_that_came_after_all(self, workshop: Workshop) -> None:
        payment = await self.waiting(workshop)
        await workshop.clock.advance(130)
        overdue = workshop.payments.overdue

        async def then_its_message_comes(due_before: datetime, limit: int) -> Sequence[Payment]:
            found = await overdue(due_before, limit)
            await workshop.sending_again.send(payment, payment.operations[-1])
            return found

        workshop.payments.overdue = then_its_message_comes  # type: ignore[method-assign]

        counts = await workshop.reconciliation.run_once()

        assert (counts.sent, counts.left) == (1, 0)
        assert len(workshop.chase.sold) == 3
        assert workshop.alarms() == []

    async def test_is_left_alone_if_it_has_ended_meanwhile(self, workshop: Workshop) -> None:
        captured = await workshop.captured()

        async def an_ended_one(*_: object) -> Sequence[Payment]:
            return [captured]

        workshop.payments.overdue = an_ended_one  # type: ignore[method-assign]
        workshop.payments.abandoned = an_ended_one  # type: ignore[method-assign]

        assert await workshop.reconciliation.run_once() == Counts(abandoned=1, sent=1)
        assert await workshop.stored(captured) == captured


class TestRefresh:
    @pytest.mark.parametrize("state", [TransactionState.CLOSED, TransactionState.COMPLETED])
    async def test_confirms_a_capture(self, workshop: Workshop, state: TransactionState) -> None:
        authorized = await workshop.sold()
        workshop.chase.gets = [approved(state=state)]

        payment = await workshop.refresh.refresh(authorized)

        assert (payment.state, payment.captured_minor, payment.history[-1].actor) == (
            State.CAPTURED,
            125_99,
            "inquiry",
        )
        assert payment == await workshop.stored(authorized)

    @pytest.mark.parametrize("answer", [approved(), NothingFound(), None])
    async def test_changes_nothing_that_chase_does_not_say(self, workshop: Workshop, answer: object) -> None:
        authorized = await workshop.sold()
        workshop.chase.gets = [answer] if answer else []  # type: ignore[list-item]

        assert await workshop.refresh.refresh(authorized) == authorized

    async def test_takes_what_somebody_else_wrote_meanwhile(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()
        workshop.chase.gets = [approved(state=TransactionState.CLOSED)] * 2
        captured = await workshop.refresh.refresh(authorized)

        payment = await workshop.refresh.refresh(authorized)

        assert payment == captured

    async def test_asks_about_an_unknown_sale(self, workshop: Workshop) -> None:
        workshop.chase.sales, workshop.chase.finds = [LOST], [approved()]
        unknown = await workshop.sold()

        assert (await workshop.refresh.refresh(unknown)).state is State.AUTHORIZED

    async def test_moves_no_schedule_and_counts_nothing(self, workshop: Workshop) -> None:
        workshop.chase.sales = [LOST]
        unknown = await workshop.sold()

        for _ in range(10):
            await workshop.refresh.refresh(unknown)

        assert await workshop.stored(unknown) == unknown

    async def test_leaves_the_rest_as_it_is(self, workshop: Workshop) -> None:
        workshop.chase.sales = [Declined("DO_NOT_HONOR", "no")]
        declined = await workshop.sold()

        assert await workshop.refresh.refresh(declined) == declined


async def test_what_vanishes_between_two_looks_is_shown_as_it_was_last_seen(workshop: Workshop) -> None:
    class Vanishing(IllPayments):
        async def get(self, payment_id: str) -> Payment | None:
            return None

        async def save(self, before: Payment, after: Payment, beside: Beside = NOTHING_BESIDE) -> Sequence[Message]:
            raise ChangedMeanwhile

    authorized = await workshop.sold()
    workshop.payments.__class__ = Vanishing
    workshop.chase.gets = [approved(state=TransactionState.CLOSED)]

    assert await workshop.refresh.refresh(authorized) == authorized
    assert workshop.alarms() == ["payment.gone"]
