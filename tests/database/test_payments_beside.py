"""What goes into the commit of a step beside the step itself: all of it is stored, or none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.database.outbox import SqlMessages
from shared.database.payments import SqlPayments
from shared.database.unit_of_work import Statement
from shared.payments.beside import Beside, Key, Received
from shared.payments.errors import AlreadyReceived, ChangedMeanwhile, KeyTaken, Unauthenticated
from shared.payments.follow_ups import with_follow_up_outcome
from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.lifecycle import reclaimed
from shared.payments.messages import Message
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Declined, NotSent, Outcome, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.sealed import SealedInstrument
from tests.builders import NOW, a_submitted_payment, an_occasion, approved, claimed, sold

PRINT = Fingerprint("k1", "f" * 64)
NONCE = Nonce("ctp-1", "nonce-1", NOW)
MESSAGE = Received("chase_retry", "m-1")
SEALED = SealedInstrument("k1", "c2VhbGVk")
LOST = Unknown("READ_TIMEOUT", "no answer")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")


async def begun(payments: SqlPayments, number: int = 1) -> Payment:
    payment = a_submitted_payment(100, number=number, reference=f"INV-{number}")
    await payments.begin_sale(payment, PRINT, None)
    return payment


async def queued(payments: SqlPayments) -> Payment:
    """A sale that waits with us, its instrument kept."""
    payment = await begun(payments)
    waiting = with_sale_outcome(payment, NOT_SENT, occasion=an_occasion(), actor="chase", queue=True)
    assert waiting is not None
    await payments.save(payment, waiting, Beside(sealed=SEALED))
    return waiting


def a_key(payment: Payment, text: str = "void-1") -> Key:
    return Key("ctp", text, PRINT, payment.operations[-1])


class TestAKey:
    async def test_stands_for_the_operation_from_then_on(self, payments: SqlPayments) -> None:
        payment = await begun(payments)
        after = sold(payment, LOST)
        await payments.save(payment, after, Beside(key=a_key(after)))

        known = await payments.by_key("ctp", "void-1", None)

        assert known is not None
        assert (known.payment, known.operation_id, known.fingerprint) == (after, after.sale.id, PRINT)

    async def test_that_is_taken_refuses_the_step(self, payments: SqlPayments) -> None:
        payment = await begun(payments)

        with pytest.raises(KeyTaken):
            await payments.save(payment, sold(payment, LOST), Beside(key=a_key(payment, "attempt-1")))

        assert await payments.get(payment.id) == payment


class TestANonce:
    async def test_that_was_seen_refuses_the_step(self, payments: SqlPayments) -> None:
        payment = await begun(payments)
        after = sold(payment, LOST)
        await payments.save(payment, after, Beside(nonce=NONCE))

        with pytest.raises(Unauthenticated):
            await payments.save(after, sold(after, approved(100)), Beside(nonce=NONCE))

        assert await payments.get(payment.id) == after


class TestAMessage:
    async def test_that_was_acted_on_refuses_the_step(self, payments: SqlPayments) -> None:
        payment = await begun(payments)
        after = sold(payment, LOST)
        await payments.save(payment, after, Beside(message=MESSAGE))

        with pytest.raises(AlreadyReceived):
            await payments.save(after, sold(after, approved(100)), Beside(message=MESSAGE))

        assert await payments.get(payment.id) == after

    async def test_is_not_noted_where_the_step_is_refused(self, payments: SqlPayments) -> None:
        payment = await begun(payments)
        after = sold(payment, LOST)
        await payments.save(payment, after)
        with pytest.raises(ChangedMeanwhile):
            await payments.save(payment, sold(payment, approved(100)), Beside(message=MESSAGE))

        await payments.save(after, sold(after, approved(100)), Beside(message=MESSAGE))


class TestAnInstrument:
    async def test_is_kept_sealed_with_the_step_that_begins_to_wait(self, payments: SqlPayments) -> None:
        waiting = await queued(payments)

        assert await payments.sealed_instrument(waiting.id) == SEALED
        assert await payments.get(waiting.id) == waiting

    async def test_stays_while_the_sale_goes_on(self, payments: SqlPayments) -> None:
        waiting = await queued(payments)
        sent = reclaimed(waiting, waiting.sale, actor="chase_retry", now=NOW)
        await payments.save(waiting, sent)
        await payments.save(sent, sold(sent, LOST))

        assert await payments.sealed_instrument(waiting.id) == SEALED

    @pytest.mark.parametrize("ending", [approved(100), Declined("DO_NOT_HONOR", "no"), approved(50)])
    async def test_is_erased_in_the_commit_that_ends_it(self, payments: SqlPayments, ending: Outcome) -> None:
        waiting = await queued(payments)
        sent = reclaimed(waiting, waiting.sale, actor="chase_retry", now=NOW)
        await payments.save(waiting, sent)
        await payments.save(sent, sold(sent, ending))

        assert await payments.sealed_instrument(waiting.id) is None

    async def test_that_is_gone_already_keeps_no_outcome_from_being_stored(self, payments: SqlPayments) -> None:
        waiting = await queued(payments)
        await payments._engine.run([Statement("DELETE FROM instruments", (), rows=None)])
        sent = reclaimed(waiting, waiting.sale, actor="chase_retry", now=NOW)
        await payments.save(waiting, sent)

        await payments.save(sent, sold(sent, approved(100)))

        assert await payments.get(waiting.id) == sold(sent, approved(100))

    async def test_is_none_where_none_was_kept(self, payments: SqlPayments) -> None:
        assert await payments.sealed_instrument("pay_nobody") is None


class TestMessages:
    async def taken(self, payments: SqlPayments) -> list[Message]:
        messages = SqlMessages(payments._engine, first=payments._first)
        later = NOW + timedelta(days=1)
        return list(await messages.take_due(later, 10, claim="sweep", until=later + timedelta(days=1)))

    async def test_of_what_begins_to_wait_are_in_the_steps_own_commit(self, payments: SqlPayments) -> None:
        payment = await begun(payments)
        partly = sold(payment, approved(50))

        told = await payments.save(payment, partly)

        assert [message.ids["operationId"] for message in told] == [partly.operations[-1].id]
        assert await self.taken(payments) == list(told)

    async def test_are_not_there_where_the_step_is_refused(self, payments: SqlPayments) -> None:
        payment = await begun(payments)
        await payments.save(payment, sold(payment, LOST))

        with pytest.raises(ChangedMeanwhile):
            await payments.save(payment, sold(payment, approved(50)))

        assert await self.taken(payments) == []

    async def test_are_none_of_a_step_that_waits_for_nothing(self, payments: SqlPayments) -> None:
        payment = await begun(payments)

        assert await payments.save(payment, sold(payment, approved(100))) == ()


class TestWhatIsOverdue:
    async def test_waits_to_be_sent_and_its_time_is_over(self, payments: SqlPayments) -> None:
        waiting = await queued(payments)
        await begun(payments, 2)
        due_at = NOW + timedelta(seconds=10)

        assert await payments.overdue(due_at - timedelta(milliseconds=1), 10) == []
        assert await payments.overdue(due_at, 10) == [waiting]
        assert await payments.overdue(due_at, 0) == []

    async def test_is_not_what_waits_for_its_caller(self, payments: SqlPayments) -> None:
        payment = await begun(payments)
        await payments.save(payment, sold(payment, NOT_SENT))

        assert await payments.overdue(NOW + timedelta(days=1), 10) == []


class TestTheNewestRefunded:
    async def refunded(self, payments: SqlPayments, number: int, amount_minor: int) -> Payment:
        payment = await begun(payments, number)
        captured = sold(payment, approved(100, TransactionState.CLOSED))
        await payments.save(payment, captured)
        submitted = claimed(captured, OperationKind.REFUND, amount_minor, number=number + 50)
        await payments.save(captured, submitted)
        refund, occasion = submitted.operations[-1], an_occasion()
        done = with_follow_up_outcome(submitted, refund, approved(amount_minor), occasion=occasion, actor="chase")
        assert done is not None
        await payments.save(submitted, done)
        return done

    async def test_is_what_chase_is_known_to_hold_a_refund_of(self, payments: SqlPayments) -> None:
        merchant_id = a_submitted_payment().merchant_id
        assert await payments.latest_refunded(merchant_id) is None
        partly = await self.refunded(payments, 1, 40)
        first = await payments.latest_refunded(merchant_id)
        whole = await self.refunded(payments, 2, 100)
        payment = await begun(payments, 3)
        await payments.save(payment, sold(payment, approved(100, TransactionState.CLOSED)))

        assert first == partly
        assert await payments.latest_refunded(merchant_id) == whole
        assert await payments.latest_refunded("000000000000") is None


class TestOperationsOfAPayment:
    async def test_end_before_another_begins_in_one_commit(self, payments: SqlPayments) -> None:
        """One of a payment is unresolved at a time: what ends makes room in the same commit."""
        payment = await begun(payments)
        partly = sold(payment, approved(50, TransactionState.CLOSED))
        await payments.save(payment, partly)
        sent = reclaimed(partly, partly.operations[-1], actor="chase_retry", now=NOW)
        await payments.save(partly, sent)
        occasion = an_occasion(operation_id="op_second")
        refused = Declined("NOT_ALLOWED", "no")
        again = with_follow_up_outcome(sent, sent.operations[-1], refused, occasion=occasion, actor="chase")
        assert again is not None

        await payments.save(sent, again)

        found = await payments.get(payment.id)
        assert found == replace(again, operations=tuple(sorted(again.operations, key=lambda each: each.id)))
        assert [each.state for each in again.operations[-2:]] == [OperationState.DECLINED, OperationState.QUEUED]
