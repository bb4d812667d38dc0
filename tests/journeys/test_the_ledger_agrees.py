"""Every amount of every payment reaches the ledger once, balanced, as Chase has it; and no payer waits for that."""

from collections.abc import AsyncIterator

import pytest

from shared.payments.messages import Queue
from tests.builders import an_ach_method
from tests.conftest import OpenHouse
from tests.house import House
from tests.journeys.ledger_watch import (
    CAPTURED_AT_ONCE,
    NOW_AND_DELAYED,
    against_chases_books,
    at_rest,
    chase_captures,
    everything_is_posted,
    told,
)
from tests.ledger.ledger_service import LedgerService, ledger_service

BILL = 12599
# The simulator approves this one for half.
HALF_APPROVED = 77700
# No message is put off for longer.
PATIENCE_S = 15 * 60


@pytest.fixture
async def house(opened: OpenHouse) -> AsyncIterator[House]:
    async with opened(MERCHANTS=NOW_AND_DELAYED) as house:
        yield house


@pytest.fixture
async def service() -> AsyncIterator[LedgerService]:
    async with ledger_service() as service:
        yield service


@pytest.fixture
async def house_with_service(opened: OpenHouse, service: LedgerService) -> AsyncIterator[House]:
    async with opened(MERCHANTS=NOW_AND_DELAYED, LEDGER_URL=service.url) as house:
        yield house


async def agrees(house: House) -> None:
    """After the bus is idle: all posted, all balanced, all as in Chase's books."""
    await at_rest(house)
    found = await against_chases_books(house)
    assert (found.differences, found.waiting, found.strangers) == ((), (), 0)
    assert await everything_is_posted(house)
    assert house.telemetry.alarms == []


async def captured(house: House, key: str = "attempt-1", **changed: object) -> str:
    """The id of a payment that Chase captured at once."""
    sold = await house.sale(key, **{**CAPTURED_AT_ONCE, **changed})
    assert (sold.status, sold.body["state"]) == (201, "captured")
    return str(sold.body["id"])


class TestASale:
    async def test_that_chase_captures_at_once_is_posted_at_once(self, house: House) -> None:
        payment_id = await captured(house)

        await agrees(house)

        assert await told(house, payment_id) == [("captured", BILL)]

    async def test_that_chase_captures_later_is_posted_then_and_its_authorization_never(self, house: House) -> None:
        sold = await house.sale("attempt-1")
        commits = house.services.database.commits
        await agrees(house)
        authorized, commits_since = await told(house, sold.body["id"]), house.services.database.commits - commits

        await chase_captures(house)
        await agrees(house)

        assert (sold.body["state"], authorized, commits_since) == ("authorized", [], 0)
        assert await told(house, sold.body["id"]) == [("captured", BILL)]

    async def test_that_is_declined_tells_the_ledger_nothing(self, house: House) -> None:
        declined = await house.sale("attempt-1", amountMinor=52100)

        await agrees(house)

        assert (declined.status, await told(house, declined.body["id"])) == (402, [])

    async def test_whose_answer_was_lost_is_posted_once_it_is_found(self, house: House) -> None:
        house.simulator.fault("payment", "drop_after_processing")
        lost = await house.sale("attempt-1", **CAPTURED_AT_ONCE)
        await house.clock.advance(2)

        await agrees(house)

        assert (lost.status, await told(house, lost.body["id"])) == (202, [("captured", BILL)])


class TestWhatIsGivenBack:
    async def test_by_refunds_in_part_and_then_of_the_rest(self, house: House) -> None:
        payment_id = await captured(house)
        assert (await house.refund(payment_id, "refund-1", amountMinor=100)).status == 201
        await agrees(house)
        await house.clock.advance(1)
        assert (await house.refund(payment_id, "refund-2")).status == 201
        await agrees(house)

        assert await told(house, payment_id) == [("captured", BILL), ("refunded", 100), ("refunded", BILL - 100)]
        assert (await house.payment(payment_id))["state"] == "refunded"

    async def test_by_void_is_for_the_record(self, house: House) -> None:
        sold = await house.sale("attempt-1")
        assert (await house.void(sold.body["id"])).status == 201

        await agrees(house)

        assert await told(house, sold.body["id"]) == [("voided", BILL)]

    async def test_by_the_bank_of_a_debit(self, house: House) -> None:
        payment_id = await captured(house, method=an_ach_method())
        evidence = {"returnCode": "R01", "amountMinor": BILL}
        assert (await house.report(payment_id, "returned", evidence=evidence)).status == 200

        await agrees(house)

        assert await told(house, payment_id) == [("captured", BILL), ("returned", BILL)]

    async def test_by_a_charge_back_and_taken_again_by_its_reversal(self, house: House) -> None:
        payment_id = await captured(house)
        assert (await house.report(payment_id, "charged_back")).status == 200
        await agrees(house)
        await house.clock.advance(1)
        assert (await house.report(payment_id, "chargeback_reversed")).status == 200
        await agrees(house)

        assert await told(house, payment_id) == [
            ("captured", BILL), ("charged_back", BILL), ("chargeback_reversed", BILL),
        ]  # fmt: skip


class TestAPartOfABill:
    """Chase approves half, which is no success: it is given back before anybody says that nobody was charged."""

    async def undone(self, house: House, **changed: object) -> str:
        sold = await house.sale("attempt-1", amountMinor=HALF_APPROVED, **changed)
        await at_rest(house)
        assert (await house.payment(sold.body["id"]))["state"] == "declined"
        assert [name for name, _ in house.telemetry.alarms] == ["payment.partial_approval"]
        house.telemetry.alarms.clear()
        return str(sold.body["id"])

    async def test_that_was_captured_is_posted_and_refunded(self, house: House) -> None:
        payment_id = await self.undone(house, **CAPTURED_AT_ONCE)

        await agrees(house)

        assert sorted(await told(house, payment_id)) == [
            ("captured", HALF_APPROVED // 2), ("refunded", HALF_APPROVED // 2),
        ]  # fmt: skip

    async def test_that_was_authorized_is_voided_and_never_was_the_ledgers(self, house: House) -> None:
        payment_id = await self.undone(house)

        await agrees(house)

        assert await told(house, payment_id) == []
        [charge] = house.books()
        assert charge["voided"]


class TestALedgerElsewhere:
    async def test_that_is_down_delays_no_payment_and_has_every_posting_once_when_it_is_back(
        self, house_with_service: House, service: LedgerService
    ) -> None:
        house, service.does = house_with_service, 503

        payment_id = await captured(house)
        assert (await house.refund(payment_id, amountMinor=100)).status == 201
        await at_rest(house)
        assert (service.booked, len(service.requests)) == ({}, 2)
        service.does = "book"
        await house.clock.advance(PATIENCE_S)
        await at_rest(house)

        booked = list(service.booked.values())
        assert sorted((each["kind"], each["amountMinor"]) for each in booked) == [("captured", BILL), ("refunded", 100)]
        assert len(service.requests) == 4
        assert await everything_is_posted(house)
        found = await against_chases_books(house, embedded=False)
        assert (found.differences, found.waiting, found.postings) == ((), (), 2)

    async def test_that_is_silent_keeps_no_caller_waiting(
        self, house_with_service: House, service: LedgerService
    ) -> None:
        house, service.does = house_with_service, "fall silent"

        payment_id = await captured(house)
        assert (await house.refund(payment_id, amountMinor=100)).status == 201
        assert service.booked == {}
        service.ended.set()
        await at_rest(house)

        assert sorted(each["kind"] for each in service.booked.values()) == ["captured", "refunded"]

    async def test_that_is_not_there_at_all_neither(self, opened: OpenHouse, service: LedgerService) -> None:
        nowhere = "http://127.0.0.1:1/ledger"
        async with opened(MERCHANTS=NOW_AND_DELAYED, LEDGER_URL=nowhere) as house:
            payment_id = await captured(house)
            await at_rest(house)
            assert not await everything_is_posted(house)
        async with opened(MERCHANTS=NOW_AND_DELAYED, LEDGER_URL=service.url) as house:
            await house.clock.advance(5 * 60 + 1)
            await house.services.reconciliation.run_once()

            assert [each["paymentId"] for each in service.booked.values()] == [payment_id]
            assert await everything_is_posted(house)

    async def test_that_refuses_has_the_posting_set_aside_with_its_reason(
        self, house_with_service: House, service: LedgerService
    ) -> None:
        house, service.does = house_with_service, "refuse"

        payment_id = await captured(house)
        await at_rest(house)

        [(alarm, fields)] = house.telemetry.alarms
        assert (alarm, fields["queue"]) == ("message.set_aside", Queue.LEDGER_POSTING)
        assert "the ledger refused posting" in str(fields["reason"])
        assert (await house.payment(payment_id))["state"] == "captured"
        assert not await everything_is_posted(house)
        assert house.bus.dead_letters(Queue.LEDGER_POSTING) == ()


async def test_a_message_that_was_lost_with_its_process_is_made_good_by_the_timer(house: House) -> None:
    payment_id = await captured(house)
    await house.bus.stop()
    refunded = await house.refund(payment_id, amountMinor=100)
    assert refunded.status == 201
    await house.clock.advance(31)
    await house.services.outbox_sweep.run_once()

    await house.clock.advance(5 * 60)
    await house.services.reconciliation.run_once()

    assert await everything_is_posted(house)
    found = await against_chases_books(house)
    assert (found.differences, found.postings) == ((), 2)
