"""A bill in shadow, from CTP's decision to the comparison: no money, no call on the caller's path, nothing lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.database.unit_of_work import Query
from shared.use_cases.shadow_backlog import COUNTED_EVERY_S
from tests.conftest import OpenHouse
from tests.contract import departures
from tests.house import Answer, House
from tests.journeys.shadow_house import (
    CONTROL,
    DAY_S,
    compared,
    decided,
    document,
    governed,
    in_shadow,
    mirrored,
    reported,
)


@pytest.fixture
async def house(opened: OpenHouse) -> AsyncIterator[House]:
    async with in_shadow(opened) as house:
        yield house


async def taken(house: House, key: str = "attempt-1", control: dict[str, Any] | None = None, **changed: Any) -> Answer:
    reference = changed.pop("reference", key)
    assert (await decided(house, key, reference)).body["mode"] == "shadow"
    told = {} if control is None else {"control": control}
    return await house.sale(key, reference=reference, **told, **changed)


class TestASale:
    async def test_is_taken_mirrored_as_a_test_and_compared(self, house: House) -> None:
        decision = await decided(house, "attempt-1", "INV-1")
        sold = await house.sale("attempt-1", reference="INV-1", control=CONTROL)

        assert (decision.body["mode"], decision.body["processor"], decision.body["expiresAt"]) == (
            "shadow",
            "existing",
            None,
        )
        assert (sold.status, sold.body["mode"], sold.body["processor"]) == (202, "shadow", "existing")
        assert departures(sold, "Sale") == []
        await mirrored(house)
        [charge] = house.books()
        assert (charge["environment"], charge["amount"], charge["merchantId"]) == ("test", 12599, "998482157640")
        assert charge["requestId"] == sold.body["operations"][0]["requestId"]
        [comparison] = await compared(house)
        assert (comparison["verdict"], comparison["stage"], comparison["severity"]) == ("match", "first", None)
        assert (await house.payment(sold.body["id"]))["state"] == "authorized"
        assert house.telemetry.alarms == []

    async def test_costs_one_commit_and_no_call_on_the_callers_path(self, house: House) -> None:
        await taken(house, "warm-up")
        await mirrored(house)
        await decided(house, "attempt-1", "INV-1")
        # Without its bus, the mirror takes no part in what is counted.
        await house.bus.stop()
        before, calls = house.services.database.commits, dict(house.simulator.calls)

        sold = await house.sale("attempt-1", reference="INV-1", control=CONTROL)

        assert (sold.status, dict(house.simulator.calls)) == (202, calls)
        assert house.services.database.commits - before == 1

    async def test_is_the_same_under_the_same_key(self, house: House) -> None:
        first = await taken(house)
        again = await house.sale("attempt-1", reference="attempt-1", control=CONTROL)

        assert (again.status, again.headers["idempotent-replayed"]) == (202, "true")
        assert again.body["id"] == first.body["id"]
        await mirrored(house)
        await house.services.comparison_due.run_once()
        assert [comparison["verdict"] for comparison in await compared(house)] == ["match"]
        assert len(house.books()) == 1

    async def test_of_which_the_test_endpoint_is_away_is_asked_again(self, house: House) -> None:
        house.simulator.fault("token", "http_503", times=2)
        sold = await taken(house, control=CONTROL)
        await mirrored(house)
        opened = await house.payment(sold.body["id"])
        assert (opened["state"], opened["operations"][0]["state"], house.books()) == ("received", "queued", [])

        await house.clock.advance(60)
        await house.services.outbox_sweep.run_once()
        await mirrored(house)

        assert (await house.payment(sold.body["id"]))["state"] == "authorized"
        assert [charge["environment"] for charge in house.books()] == ["test"]

    @pytest.mark.parametrize("fault", ["drop_before_processing", "drop_after_processing", "http_500", "malformed_json"])
    async def test_whose_answer_is_lost_is_found_by_asking_and_never_sent_blindly(
        self, house: House, fault: str
    ) -> None:
        house.simulator.fault("payment", fault)
        sold = await taken(house, control=CONTROL)
        await mirrored(house)
        assert (await house.payment(sold.body["id"]))["state"] == "unknown"
        for _ in range(6):
            await house.clock.advance(5)
            await house.services.reconciliation.run_once()

        assert house.simulator.calls["payment"] == 1
        found = (await house.payment(sold.body["id"]))["state"]
        assert found == ("authorized" if fault in ("drop_after_processing", "malformed_json") else "unknown")


class TestWhatFollows:
    async def test_is_taken_in_any_state_and_runs_in_order(self, house: House) -> None:
        sold = await taken(house, control=CONTROL)
        payment_id = sold.body["id"]
        voided = await house.void(payment_id, control={"status": "approved"})
        refunded = await house.refund(payment_id, amountMinor=100)

        assert (voided.status, refunded.status) == (202, 202)
        assert departures(voided, "Void") == departures(refunded, "Refund") == []
        await mirrored(house)
        payment = await house.payment(payment_id)
        assert payment["state"] == "voided"
        told = [(operation["kind"], operation["state"]) for operation in payment["operations"]]
        assert told == [("sale", "succeeded"), ("void", "succeeded"), ("refund", "declined")]
        again = await house.void(payment_id)
        assert (again.status, again.headers["idempotent-replayed"]) == (202, "true")
        assert [charge["voided"] for charge in house.books()] == [True]

    async def test_as_a_refund_waits_for_our_capture_and_is_made_after_it(self, house: House) -> None:
        sold = await taken(house, control=CONTROL)
        await mirrored(house)
        assert (await house.refund(sold.body["id"], amountMinor=600, control=CONTROL)).status == 202
        await mirrored(house)
        assert [charge["refunded"] for charge in house.books()] == [0]

        await house.clock.advance(120 * 60 + 121)
        await house.services.reconciliation.run_once()
        await house.services.comparison_due.run_once()

        payment = await house.payment(sold.body["id"])
        assert (payment["state"], payment["refundedMinor"]) == ("partially_refunded", 600)
        assert [(charge["refunded"], charge["environment"]) for charge in house.books()] == [(600, "test")]

    async def test_with_another_key_or_body_is_told_as_ever(self, house: House) -> None:
        sold = await taken(house)
        await house.refund(sold.body["id"], amountMinor=100)

        other = await house.refund(sold.body["id"], amountMinor=101)

        assert (other.status, other.body["code"]) == (422, "idempotency-key-reused")

    async def test_a_control_that_is_reported_later_is_compared(self, house: House) -> None:
        sold = await taken(house)
        await mirrored(house)
        assert await compared(house) == []

        told = await reported(house, sold.body["id"], CONTROL)
        again = await reported(house, sold.body["id"], CONTROL)
        other = await reported(house, sold.body["id"], {**CONTROL, "amountMinor": 1})

        assert (told.status, again.status, other.status) == (200, 200, 409)
        assert [comparison["verdict"] for comparison in await compared(house)] == ["match"]

    async def test_it_is_compared_again_when_it_is_final(self, house: House) -> None:
        await taken(house, control=CONTROL)
        await mirrored(house)
        await house.clock.advance(120 * 60 + 121)
        await house.services.reconciliation.run_once()

        await house.clock.advance(DAY_S)
        await house.services.comparison_due.run_once()

        [comparison] = await compared(house)
        differing = [field["field"] for field in comparison["fields"] if field["verdict"] == "mismatch"]
        # Of a clock that stands while Chase is asked, the latency is the time until the capture.
        assert (comparison["stage"], differing) == ("final", ["latency"])

    async def test_money_is_never_booked(self, house: House) -> None:
        sold = await taken(house, control=CONTROL)
        await mirrored(house)
        await house.clock.advance(120 * 60 + 121)
        await house.services.reconciliation.run_once()
        assert (await house.payment(sold.body["id"]))["state"] == "captured"

        [postings, journal] = await house.services.database.read(
            [Query("SELECT COUNT(*) FROM ledger_postings"), Query("SELECT COUNT(*) FROM journal_entries")]
        )
        assert (postings[0][0], journal[0][0]) == (0, 0)


async def test_over_the_backlogs_bound_nothing_is_recorded_but_a_loss(opened: OpenHouse) -> None:
    async with in_shadow(opened, SHADOW_BACKLOG_MAX="0") as house:
        sold = await taken(house)
        again = await house.sale("attempt-1", reference="attempt-1")

        assert (sold.status, sold.body) == (200, {"mode": "shadow", "processor": "existing", "recorded": False})
        assert again.body == sold.body
        assert departures(sold, "Sale") == []
        assert (await house.get("/payments?idempotencyKey=attempt-1")).body["items"] == []
        await asyncio.sleep(0)
        await house.clock.advance(COUNTED_EVERY_S)
        [rows] = await house.services.database.read(
            [Query("SELECT biller_id, method, kind, SUM(lost) FROM shadow_losses GROUP BY biller_id, method, kind")]
        )
        assert [tuple(row) for row in rows] == [("city-water", "card", "sale", 2)]
        assert house.books() == []


class TestTheShift:
    async def test_moves_nobody_out_and_nobody_twice(self, opened: OpenHouse) -> None:
        references = [f"INV-{number}" for number in range(120)]
        async with opened(ROLLOUT_DECISION_REQUIRED="true") as house:
            live: dict[int, set[str]] = {}
            for percentage in (10, 30):
                assert (await governed(house, document("live", percentage, otherwise="shadow"))).status == 200
                answers = [await decided(house, f"{percentage}-{name}", name) for name in references]
                live[percentage] = {
                    name for name, answer in zip(references, answers, strict=True) if answer.body["mode"] == "live"
                }

        assert live[10] < live[30]
        assert 0 < len(live[10]) < len(live[30]) < 60

    async def test_leaves_an_attempt_what_it_was_decided_to_be(self, house: House) -> None:
        shadowed = await taken(house, "attempt-1", control=CONTROL)
        await governed(house, document("live"))
        live = await decided(house, "attempt-2", "INV-2")
        sold = await house.sale("attempt-2", reference="INV-2")
        await governed(house, document("off"))

        assert (live.body["mode"], sold.status) == ("live", 201)
        assert (await decided(house, "attempt-1", "attempt-1")).body["mode"] == "shadow"
        assert (await decided(house, "attempt-2", "INV-2")).body == live.body
        assert (await house.void(shadowed.body["id"], "void-1")).status == 202
        assert (await house.void(sold.body["id"], "void-2")).status == 201
        await mirrored(house)
        voided = {(charge["environment"], charge["voided"]) for charge in house.books()}
        assert (len(house.books()), voided) == (2, {("live", True), ("test", True)})
