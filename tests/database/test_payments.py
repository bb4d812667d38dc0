"""The repository of payments: every unit of work, its guards, and the rules that only the database can hold."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.database.payments import SqlPayments
from shared.database.unit_of_work import Statement, StatementFailed
from shared.payments.errors import BillOpen, ChangedMeanwhile, KeyTaken, Unauthenticated
from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.operations import OperationKind
from shared.payments.outcome import Declined, NotSent, Outcome, Unknown
from shared.payments.payment import Payment
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.search import Search
from shared.payments.state_machine import State
from tests.builders import NOW, a_submitted_payment, an_occasion, approved

PRINT = Fingerprint("k1", "f" * 64)
NONCE = Nonce("ctp-1", "nonce-1", NOW)
LOST = Unknown("READ_TIMEOUT", "no answer")
NOT_SENT = NotSent("NOT_CONNECTED", "refused")
DECLINED = Declined("DO_NOT_HONOR", "no")
LATER = NOW + timedelta(seconds=5)


def after(payment: Payment, outcome: Outcome) -> Payment:
    found = with_sale_outcome(payment, outcome, occasion=an_occasion(LATER, inquire_at=LATER), actor="chase")
    assert found is not None
    return found


async def begun(payments: SqlPayments, number: int = 1, *, nonce: Nonce | None = None, **changed: Any) -> Payment:
    payment = a_submitted_payment(number=number, **{"reference": f"INV-{number}", **changed})
    await payments.begin_sale(payment, PRINT, nonce)
    return payment


async def ended(payments: SqlPayments, outcome: Outcome, number: int = 1, **changed: Any) -> Payment:
    payment = await begun(payments, number, **changed)
    await payments.save(payment, after(payment, outcome))
    return after(payment, outcome)


class TestBeginSale:
    async def test_stores_the_payment_whole(self, payments: SqlPayments) -> None:
        payment = await begun(payments, metadata={"channel": "web"}, nonce=NONCE)

        assert await payments.get(payment.id) == payment

    async def test_refuses_a_key_that_is_taken_whatever_else_is_wrong_too(self, payments: SqlPayments) -> None:
        payment = await begun(payments)

        with pytest.raises(KeyTaken):
            await payments.begin_sale(replace(payment, id="pay_other"), PRINT, NONCE)

        assert await payments.by_key("ctp", "attempt-1", NONCE) is not None

    async def test_takes_the_same_key_of_another_caller(self, payments: SqlPayments) -> None:
        await begun(payments)
        other = replace(a_submitted_payment(number=2, reference="INV-2"), caller="other", idempotency_key="attempt-1")

        await payments.begin_sale(other, PRINT, None)

        assert await payments.get(other.id) == other

    @pytest.mark.parametrize("outcome", [None, LOST, NOT_SENT], ids=["submitted", "unknown", "received"])
    async def test_refuses_a_bill_that_has_an_open_payment(
        self, payments: SqlPayments, outcome: Outcome | None
    ) -> None:
        await (begun(payments) if outcome is None else ended(payments, outcome))

        with pytest.raises(BillOpen):
            await begun(payments, 2, reference="INV-1")

        assert await payments.by_key("ctp", "attempt-2", None) is None

    @pytest.mark.parametrize("outcome", [approved(), DECLINED], ids=["authorized", "declined"])
    async def test_takes_a_bill_whose_payment_has_ended(self, payments: SqlPayments, outcome: Outcome) -> None:
        await ended(payments, outcome)

        assert (await begun(payments, 2, reference="INV-1")).state is State.SUBMITTED

    async def test_refuses_a_nonce_that_was_seen_and_stores_nothing(self, payments: SqlPayments) -> None:
        await begun(payments, 1, nonce=NONCE)

        with pytest.raises(Unauthenticated):
            await begun(payments, 2, nonce=NONCE)

        assert await payments.by_key("ctp", "attempt-2", None) is None

    async def test_of_one_key_succeeds_once_however_many_come_at_once(self, payments: SqlPayments) -> None:
        tries = [replace(a_submitted_payment(number=n), idempotency_key="one") for n in range(20)]

        results = await asyncio.gather(
            *(payments.begin_sale(payment, PRINT, None) for payment in tries), return_exceptions=True
        )

        assert sorted(type(result).__name__ for result in results) == ["KeyTaken"] * 19 + ["NoneType"]


class TestByKey:
    async def test_gives_the_payment_and_how_its_body_is_known_again(self, payments: SqlPayments) -> None:
        payment = await begun(payments)

        found = await payments.by_key("ctp", "attempt-1", None)

        assert found is not None
        assert (found.fingerprint, found.payment, found.refused_for) == (PRINT, payment, None)

    async def test_gives_nothing_for_a_key_nobody_used(self, payments: SqlPayments) -> None:
        assert await payments.by_key("ctp", "attempt-1", None) is None

    async def test_takes_a_nonce_once(self, payments: SqlPayments) -> None:
        await begun(payments)
        await payments.by_key("ctp", "attempt-1", NONCE)

        with pytest.raises(Unauthenticated):
            await payments.by_key("ctp", "attempt-1", NONCE)


class TestRefuse:
    async def test_stores_for_ever_which_payment_was_open(self, payments: SqlPayments) -> None:
        first = await ended(payments, LOST)

        other = await payments.refuse(a_submitted_payment(number=2, reference="INV-1"), PRINT, NONCE)

        found = await payments.by_key("ctp", "attempt-2", None)
        assert found is not None
        assert (other, found.refused_for, found.payment) == (first.id, first.id, None)

    async def test_names_it_even_if_it_has_ended_meanwhile(self, payments: SqlPayments) -> None:
        first = await ended(payments, approved())

        assert await payments.refuse(a_submitted_payment(number=2, reference="INV-1"), PRINT, None) == first.id

    async def test_of_a_key_that_is_taken_is_told(self, payments: SqlPayments) -> None:
        await begun(payments)

        with pytest.raises(KeyTaken):
            await payments.refuse(a_submitted_payment(number=1, reference="INV-1"), PRINT, None)


class TestSave:
    @pytest.mark.parametrize("outcome", [approved(captures_at=LATER), DECLINED, LOST, NOT_SENT])
    async def test_stores_the_step_whole(self, payments: SqlPayments, outcome: Outcome) -> None:
        payment = await ended(payments, outcome)

        assert await payments.get(payment.id) == payment

    async def test_of_an_older_version_is_refused_whole(self, payments: SqlPayments) -> None:
        payment = await begun(payments)
        await payments.save(payment, after(payment, LOST))

        with pytest.raises(ChangedMeanwhile):
            await payments.save(payment, after(payment, approved()))

        assert await payments.get(payment.id) == after(payment, LOST)

    async def test_from_another_state_of_the_operation_is_refused_whole(self, payments: SqlPayments) -> None:
        payment = await begun(payments)
        unlike = replace(payment, operations=(replace(payment.sale, state="queued"),))  # type: ignore[arg-type]

        with pytest.raises(ChangedMeanwhile):
            await payments.save(unlike, after(payment, approved()))

        assert await payments.get(payment.id) == payment

    async def test_stores_an_operation_that_is_new(self, payments: SqlPayments) -> None:
        payment = await ended(payments, approved())
        void = replace(payment.sale, id="op_void", kind=OperationKind.VOID, request_id="request-of-the-void")
        later = replace(payment, version=3, operations=(*payment.operations, void))

        await payments.save(payment, later)

        found = await payments.get(payment.id)
        assert found is not None
        assert found.operation("op_void") == void

    async def test_lets_one_operation_be_in_flight(self, payments: SqlPayments) -> None:
        payment = await begun(payments)
        second = replace(payment.sale, id="op_second", kind=OperationKind.VOID)
        later = replace(payment, version=2, operations=(payment.sale, second))

        with pytest.raises(ChangedMeanwhile):
            await payments.save(payment, later)

    async def test_never_lets_refunds_exceed_what_was_captured(self, payments: SqlPayments) -> None:
        payment = await ended(payments, approved())

        with pytest.raises(StatementFailed):
            await payments.save(payment, replace(payment, version=3, captured_minor=100, refund_reserved_minor=101))

    async def test_of_two_at_once_one_wins(self, payments: SqlPayments) -> None:
        payment = await begun(payments)

        results = await asyncio.gather(
            *(payments.save(payment, after(payment, outcome)) for outcome in (approved(), DECLINED)),
            return_exceptions=True,
        )

        assert sorted(type(result).__name__ for result in results) == ["ChangedMeanwhile", "tuple"]


class TestFind:
    async def found(self, payments: SqlPayments, **wanted: Any) -> list[str]:
        search = Search(**{"billers": None, "caller": "ctp", **wanted})
        return [payment.idempotency_key for payment in await payments.find(search)]

    @pytest.fixture(autouse=True)
    async def three(self, payments: SqlPayments) -> None:
        await ended(payments, approved(), 1)
        await ended(payments, DECLINED, 2, reference="INV-1")
        await ended(payments, approved(), 3, biller_id="county-tax")

    @pytest.mark.parametrize(
        ("wanted", "keys"),
        [
            ({"reference": "INV-1"}, ["attempt-2", "attempt-1"]),
            ({"state": "authorized"}, ["attempt-3", "attempt-1"]),
            ({"idempotency_key": "attempt-2"}, ["attempt-2"]),
            ({"idempotency_key": "attempt-2", "caller": "other"}, []),
            ({"state": "authorized", "billers": frozenset({"city-water"})}, ["attempt-1"]),
            ({"state": "authorized", "billers": frozenset()}, []),
            ({"state": "authorized", "limit": 1}, ["attempt-3"]),
            ({"state": "authorized", "before": f"pay_{3:032x}"}, ["attempt-1"]),
            ({}, ["attempt-3", "attempt-2", "attempt-1"]),
        ],
    )
    async def test_filters_are_joined_and_the_newest_comes_first(
        self, payments: SqlPayments, wanted: dict[str, Any], keys: list[str]
    ) -> None:
        assert await self.found(payments, **wanted) == keys

    async def test_gives_whole_payments(self, payments: SqlPayments) -> None:
        [payment] = await payments.find(Search(None, "ctp", idempotency_key="attempt-1"))

        assert payment == await payments.get(payment.id)


class TestWhatReconciliationLooksFor:
    async def test_is_submitted_and_claimed_long_ago(self, payments: SqlPayments) -> None:
        payment = await begun(payments, 1)
        await ended(payments, LOST, 2)

        assert await payments.abandoned(NOW, 10) == []
        assert await payments.abandoned(NOW + timedelta(milliseconds=1), 10) == [payment]

    async def test_is_authorized_and_due_for_its_capture(self, payments: SqlPayments) -> None:
        authorized = await ended(payments, approved(captures_at=LATER))

        assert await payments.inquiries_due(LATER + timedelta(seconds=120) - timedelta(milliseconds=1), 10) == []
        assert await payments.inquiries_due(LATER + timedelta(seconds=120), 10) == [authorized]

    async def test_is_unknown_and_due(self, payments: SqlPayments) -> None:
        lost = await ended(payments, LOST, 1)
        await begun(payments, 2)

        assert await payments.inquiries_due(LATER - timedelta(milliseconds=1), 10) == []
        assert await payments.inquiries_due(LATER, 10) == [lost]

    async def test_is_money_first_however_long_shadow_has_waited(self, payments: SqlPayments) -> None:
        for number in range(3):
            shadow = replace(a_submitted_payment(number=number, reference=f"INV-{number}"), mode="shadow")
            await payments.begin_sale(shadow, PRINT, None)
            await payments.save(shadow, after(shadow, LOST))
        lost = await ended(payments, LOST, 3)

        assert await payments.inquiries_due(LATER, 1) == [lost]
        assert len(await payments.inquiries_due(LATER, 10)) == 4

    async def test_comes_in_bounded_batches(self, payments: SqlPayments) -> None:
        for number in range(3):
            await ended(payments, LOST, number)

        assert len(await payments.inquiries_due(LATER, 2)) == 2

    async def test_is_taken_by_one(self, payments: SqlPayments) -> None:
        sale = (await ended(payments, LOST)).sale
        moved = replace(sale, inquiries=1, inquire_at=LATER + timedelta(seconds=3))

        taken = await asyncio.gather(*(payments.schedule(sale, moved) for _ in range(5)))

        assert sorted(taken) == [False] * 4 + [True]

    async def test_is_not_taken_once_it_is_known(self, payments: SqlPayments) -> None:
        sale = (await ended(payments, DECLINED)).sale

        assert not await payments.schedule(sale, replace(sale, inquiries=1))

    async def test_the_control_is_the_newest_payment_that_chase_holds(self, payments: SqlPayments) -> None:
        assert await payments.latest_approved("998482157630") is None
        await ended(payments, approved(), 1)
        newest = await ended(payments, approved(), 2)
        await ended(payments, DECLINED, 3)

        assert await payments.latest_approved("998482157630") == newest
        assert await payments.latest_approved("998482157631") is None


class TestHistory:
    @pytest.mark.parametrize("change", ["UPDATE history SET actor = 'nobody'", "DELETE FROM history"])
    async def test_is_never_changed(self, payments: SqlPayments, change: str) -> None:
        await begun(payments)

        with pytest.raises(StatementFailed):
            await payments._engine.run([Statement(change, (), rows=None)])
