"""Silence is an answer: what was lost is asked about, adopted when found, and never called failed for want of one."""

import asyncio

import pytest

from tests.conftest import OpenHouse
from tests.house import Answer, House

# Long enough for the first inquiry; for the ones that count (90 s after the claim); and beyond the sweep's 90 s.
FIRST_INQUIRY_S = 2
COUNTED_S = 95
ABANDONED_S = 91


async def a_lost_sale(house: House, fault: str = "drop_after_processing", **changed: object) -> Answer:
    house.simulator.fault("payment", fault)
    return await house.sale("attempt-1", **changed)


async def events_of(house: House, payment_id: str) -> list[str]:
    return [entry["event"] for entry in (await house.payment(payment_id))["history"]]


class TestThatChaseProcessed:
    @pytest.mark.parametrize("fault", ["drop_after_processing", "malformed_json"])
    async def test_is_202_at_first_and_adopted_at_the_first_inquiry(self, house: House, fault: str) -> None:
        lost = await a_lost_sale(house, fault)

        await house.clock.advance(FIRST_INQUIRY_S)

        assert (lost.status, lost.body["state"], lost.headers["retry-after"]) == (202, "unknown", "2")
        assert (lost.body["outcome"]["status"], lost.body["outcome"]["retry"]) == ("unknown", "same_key")
        assert lost.body["next"] == {"what": "inquiry at Chase", "at": "2026-11-23T18:00:02.000Z"}
        assert await events_of(house, lost.body["id"]) == ["sale_submitted", "sale_lost", "sale_authorized"]
        assert len(house.books()) == 1

    async def test_answers_its_own_key_202_while_unknown_and_201_afterwards(self, house: House) -> None:
        await a_lost_sale(house)

        while_unknown = await house.sale("attempt-1")
        await house.clock.advance(FIRST_INQUIRY_S)
        afterwards = await house.sale("attempt-1")

        assert (while_unknown.status, while_unknown.headers["idempotent-replayed"]) == (202, "true")
        assert (afterwards.status, afterwards.headers["idempotent-replayed"]) == (201, "true")
        assert house.simulator.calls["payment"] == 1

    async def test_a_decline_that_was_lost_is_adopted_too(self, house: House) -> None:
        lost = await a_lost_sale(house, amountMinor=52100)

        await house.clock.advance(FIRST_INQUIRY_S)

        assert (await house.payment(lost.body["id"]))["state"] == "declined"
        assert (await house.sale("attempt-1", amountMinor=52100)).status == 402

    async def test_blocks_another_key_for_its_bill(self, house: House) -> None:
        lost = await a_lost_sale(house)

        refused = await house.sale("attempt-2")

        assert (refused.status, refused.body["paymentId"]) == (409, lost.body["id"])

    async def test_is_asked_about_again_when_the_inquiry_fails(self, house: House) -> None:
        lost = await a_lost_sale(house)
        house.simulator.fault("inquiry", "http_500", times=2)

        await house.clock.advance(FIRST_INQUIRY_S)
        await house.clock.advance(3)

        assert (await house.payment(lost.body["id"]))["state"] == "authorized"

    async def test_is_adopted_at_once_when_an_operator_asks(self, house: House) -> None:
        lost = await a_lost_sale(house)

        refreshed = await house.get(f"/payments/{lost.body['id']}?refresh=true")

        assert (refreshed.status, refreshed.body["state"]) == (200, "authorized")


class TestThatChaseNeverGot:
    @pytest.mark.parametrize("fault", ["drop_before_processing", "http_500", "http_503", "http_504", "http_409"])
    async def test_stays_unknown_and_keeps_a_next_step_for_ever(self, house: House, fault: str) -> None:
        await house.sale("known", reference="INV-0")
        lost = await a_lost_sale(house, fault)

        for _ in range(12):
            await house.clock.advance(COUNTED_S)
            await house.services.reconciliation.run_once()

        payment = await house.payment(lost.body["id"])
        assert payment["state"] == "unknown"
        assert "a person decides" in payment["next"]["what"]
        assert payment["next"]["at"] is not None
        assert len(house.books()) == 1
        assert house.simulator.calls["payment"] == 2
        assert ("inquiry.nothing_found", lost.body["id"]) in [
            (name, fields["paymentId"]) for name, fields in house.telemetry.alarms
        ]

    async def test_an_empty_answer_does_not_count_before_its_time(self, house: House) -> None:
        await house.sale("known", reference="INV-0")
        lost = await a_lost_sale(house, "drop_before_processing")

        for wait_s in (2, 3, 10, 25):
            await house.clock.advance(wait_s)

        assert (await house.payment(lost.body["id"]))["next"]["what"] == "inquiry at Chase"
        assert house.telemetry.alarms == []

    async def test_an_empty_answer_proves_nothing_while_the_look_up_is_not_known_to_find(
        self, opened: OpenHouse
    ) -> None:
        async with opened(CHASE_LOOKUP_PARAMETER="requestId") as house:
            await house.sale("known", reference="INV-0")
            lost = await a_lost_sale(house)

            for _ in range(6):
                await house.clock.advance(COUNTED_S)
                await house.services.reconciliation.run_once()

            assert (await house.payment(lost.body["id"]))["next"]["what"] == "inquiry at Chase"
            assert {name for name, _ in house.telemetry.alarms} == {"inquiry.positive_control_failed"}

    async def test_is_sent_again_by_its_own_key_where_the_setting_says_so(self, opened: OpenHouse) -> None:
        async with opened(ON_NOT_FOUND="resend_same_request_id") as house:
            await house.sale("known", reference="INV-0")
            lost = await a_lost_sale(house, "drop_before_processing")
            too_early = await house.sale("attempt-1")
            for _ in range(4):
                await house.clock.advance(COUNTED_S)
                await house.services.reconciliation.run_once()

            sold = await house.sale("attempt-1")

            assert (too_early.status, sold.status, sold.body["id"]) == (202, 201, lost.body["id"])
            assert [charge["requestId"] for charge in house.books()].count(sold.body["operations"][0]["requestId"]) == 1
            assert "sale_resubmitted" in [entry["event"] for entry in sold.body["history"]]


class TestAfterTheProcessDied:
    async def test_a_submitted_sale_is_swept_asked_about_and_adopted(self, opened: OpenHouse) -> None:
        async with opened() as house:
            await house.sale("warm-up", reference="INV-0")
            house.simulator.fault("payment", "delay", delay_ms=100)
            died = asyncio.create_task(house.sale("attempt-1"))
            while house.simulator.calls["payment"] < 2:
                await asyncio.sleep(0)
            payment_id = await _abandoned(house, died)
            while len(house.books()) < 2:
                await asyncio.sleep(0.005)

        async with opened() as house:
            await house.clock.advance(ABANDONED_S)
            swept = await house.services.reconciliation.run_once()
            unknown = await house.payment(payment_id)
            await house.clock.advance(FIRST_INQUIRY_S)
            asked = await house.services.reconciliation.run_once()

            assert (swept.abandoned, unknown["state"], unknown["outcome"]["code"]) == (1, "unknown", "ABANDONED")
            assert (asked.inquired, asked.left) == (1, 0)
            assert (await house.payment(payment_id))["state"] == "authorized"
            assert len(house.books()) == 2

    async def test_an_unknown_sale_is_asked_about_by_the_timer(self, opened: OpenHouse) -> None:
        async with opened() as house:
            lost = await a_lost_sale(house)

        async with opened() as house:
            await house.clock.advance(FIRST_INQUIRY_S)
            counts = await house.services.reconciliation.run_once()

            assert (counts.inquired, (await house.payment(lost.body["id"]))["state"]) == (1, "authorized")


async def _abandoned(house: House, call: "asyncio.Task[Answer]") -> str:
    """End the sale's task where it stands, as the death of its process would; the payment it leaves `submitted`."""
    tasks = [task for task in asyncio.all_tasks() if "Sale._begin" in repr(task.get_coro())]
    for task in (*tasks, call):
        task.cancel()
    await asyncio.gather(*tasks, call, return_exceptions=True)
    [left] = (await house.get("/payments?state=submitted")).body["items"]
    return str(left["id"])
