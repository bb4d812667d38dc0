"""Reports enter a payment once, guarded by the version that their reporter saw."""

import asyncio
from typing import Any

import pytest

from shared.payments.errors import (
    ChangedMeanwhile,
    InvalidRequest,
    InvalidState,
    NotFound,
    StaleVersion,
    Unauthenticated,
)
from shared.payments.idempotency import Nonce
from shared.payments.outcome import Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import State
from shared.payments.updates import Update, UpdateEvent
from shared.use_cases.update_state import UpdateCall
from tests.builders import NOW
from tests.use_cases.workshop import Workshop, a_refund

LOST = Unknown("READ_TIMEOUT", "no answer")
E = UpdateEvent


def a_report(
    payment: Payment, event: UpdateEvent, *, operation_id: str | None = None, version: int | None = None, **changed: Any
) -> UpdateCall:
    evidence = changed.pop("evidence", {"case": "1"})
    update = Update(event, "the bank's file of today", evidence, NOW, operation_id)
    fields = {"billers": None, "caller": "ops", "nonce": None, **changed}
    return UpdateCall(payment_id=payment.id, update=update, version=version, **fields)


class TestAFactOfTheBank:
    async def test_is_taken_and_told(self, workshop: Workshop) -> None:
        captured = await workshop.captured()

        settled = await workshop.update_state.update(a_report(captured, E.SETTLED, version=captured.version))

        assert (settled.state, settled.version) == (State.SETTLED, captured.version + 1)
        assert settled == await workshop.stored(captured)
        assert ("payment.updated", "settled") in [
            (name, told.get("reported")) for name, told in workshop.telemetry.events
        ]
        assert workshop.alarms() == []

    async def test_reported_twice_counts_once_even_by_an_old_version(self, workshop: Workshop) -> None:
        captured = await workshop.captured()
        report = a_report(captured, E.RETURNED, evidence={"amountMinor": 125_99}, version=captured.version)

        answers = [await workshop.update_state.update(report) for _ in range(2)]

        assert answers[0] == answers[1]
        assert answers[1].returned_minor == 125_99

    async def test_reported_many_times_at_once_counts_once(self, workshop: Workshop) -> None:
        captured = await workshop.captured()
        report = a_report(captured, E.RETURNED, evidence={"amountMinor": 125_99})

        await asyncio.gather(*(workshop.update_state.update(report) for _ in range(5)))

        assert (await workshop.stored(captured)).returned_minor == 125_99

    async def test_that_takes_back_more_than_is_left_is_recorded_and_alarmed(self, workshop: Workshop) -> None:
        captured = await workshop.captured()
        refunded = (await workshop.refund.refund(a_refund(captured))).payment

        returned = await workshop.update_state.update(a_report(refunded, E.RETURNED, evidence={"amountMinor": 125_99}))

        assert (returned.state, returned.exposure_minor) == (State.RETURNED, 125_99)
        [(name, told)] = workshop.telemetry.alarms
        assert (name, told["exposureMinor"]) == ("payment.negative_exposure", 125_99)

    async def test_seen_at_an_old_version_is_refused(self, workshop: Workshop) -> None:
        captured = await workshop.captured()
        await workshop.refund.refund(a_refund(captured, 100))

        with pytest.raises(StaleVersion):
            await workshop.update_state.update(a_report(captured, E.SETTLED, version=captured.version))

        assert (await workshop.stored(captured)).settled_at is None

    async def test_is_taken_at_the_next_try_if_somebody_wrote_meanwhile(self, workshop: Workshop) -> None:
        captured = await workshop.captured()
        workshop.payments.saves_beaten = 4

        assert (await workshop.update_state.update(a_report(captured, E.SETTLED))).state is State.SETTLED

    async def test_of_a_payment_that_keeps_changing_is_a_fault_of_ours(self, workshop: Workshop) -> None:
        captured = await workshop.captured()
        workshop.payments.saves_beaten = 5

        with pytest.raises(ChangedMeanwhile):
            await workshop.update_state.update(a_report(captured, E.SETTLED))

    async def test_that_the_table_does_not_have_is_refused_with_what_is_possible(self, workshop: Workshop) -> None:
        authorized = await workshop.sold()

        with pytest.raises(InvalidState) as refused:
            await workshop.update_state.update(a_report(authorized, E.SETTLED))

        assert refused.value.facts == {"state": State.AUTHORIZED, "allowedActions": ["void"]}
        assert await workshop.stored(authorized) == authorized


class TestWhoMayReport:
    @pytest.mark.parametrize("billers", [frozenset[str](), frozenset({"county-tax"})])
    async def test_is_not_who_has_no_access_to_the_biller(self, workshop: Workshop, billers: frozenset[str]) -> None:
        captured = await workshop.captured()

        with pytest.raises(NotFound):
            await workshop.update_state.update(a_report(captured, E.SETTLED, billers=billers))

    async def test_is_who_has(self, workshop: Workshop) -> None:
        captured = await workshop.captured()
        report = a_report(captured, E.SETTLED, billers=frozenset({"city-water"}))

        assert (await workshop.update_state.update(report)).state is State.SETTLED

    async def test_does_so_with_each_nonce_once(self, workshop: Workshop) -> None:
        captured, nonce = await workshop.captured(), Nonce("ops-1", "nonce-1", NOW)
        await workshop.update_state.update(a_report(captured, E.SETTLED, nonce=nonce))

        with pytest.raises(Unauthenticated):
            await workshop.update_state.update(a_report(captured, E.RETURNED, nonce=nonce))


class TestAPersonsWord:
    async def test_ends_an_unknown_sale(self, workshop: Workshop) -> None:
        workshop.chase.sales = [LOST]
        unknown = await workshop.sold()

        declined = await workshop.update_state.update(
            a_report(unknown, E.RESOLVED_DECLINED, operation_id=unknown.sale.id)
        )

        assert declined.state is State.DECLINED

    async def test_names_the_field_that_is_wrong(self, workshop: Workshop) -> None:
        workshop.chase.sales = [LOST]
        unknown = await workshop.sold()

        with pytest.raises(InvalidRequest):
            await workshop.update_state.update(a_report(unknown, E.RESOLVED_DECLINED, operation_id="op_other"))


async def test_a_control_of_a_payment_that_is_not_in_shadow_is_refused(workshop: Workshop) -> None:
    captured = await workshop.captured()

    with pytest.raises(InvalidState, match="not in shadow"):
        await workshop.update_state.update(a_report(captured, E.CONTROL_REPORTED))
