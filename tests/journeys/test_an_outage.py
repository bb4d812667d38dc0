"""The broker or the database goes away in the middle of sales, voids and refunds: what was accepted is there, once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.database.unit_of_work import Query
from shared.payments.payment import Payment
from shared.payments.search import PAGE_MAX, Search
from tests.builders import an_ach_method
from tests.conftest import OpenHouse
from tests.house import Answer, House
from tests.journeys.outage import UnsteadyEngine, UnsteadyPublisher, unsteady
from tests.stateful.merchants import BILLERS, MERCHANTS
from tests.stateful.truth import Truth

Unsteady = tuple[House, UnsteadyPublisher, UnsteadyEngine]

WHOLE_MINOR = 100_00
BILLS = 12
NO_HOLD_S = 6 * 24 * 3600
# Longer than the inquiries that count, the sweep of what was abandoned, and the lease of a message.
MOVES_S = (3, 95, 125, 130, 600, 600, 7400)
# Gives debits back without waiting for them to clear.
AT_ONCE = BILLERS[1]


@pytest.fixture
async def world(opened: OpenHouse) -> AsyncIterator[Unsteady]:
    # What was stored and never sent is sent again once Chase has said twice that it knows nothing of it.
    settings = {"MERCHANTS": MERCHANTS, "ON_NOT_FOUND": "resend_same_request_id"}
    async with opened(**settings) as house, unsteady(house) as parts:
        yield parts


class TestABrokerThatIsAway:
    async def test_does_not_delay_a_refund_and_gets_its_messages_once_it_is_back(self, world: Unsteady) -> None:
        house, publisher, _ = world
        payment_id = await _debit(house, 1)
        await _drained(house)
        publisher.up = False

        refunded = await house.refund(payment_id, amountMinor=60_00)
        waiting = await house.services.outbox_sweep.run_once()
        publisher.up = True
        await house.clock.advance(60)
        swept = await house.services.outbox_sweep.run_once()
        await house.bus.idle()

        assert (refunded.status, refunded.body["refundedMinor"]) == (201, 60_00)
        assert publisher.refused > 0
        assert (waiting.published, swept.published, swept.left) == (0, 1, 0)
        assert await left_in_outbox(house) == 0
        assert house.simulator.calls["refund"] == 1

    async def test_keeps_what_waits_to_be_sent_until_it_is_back(self, world: Unsteady) -> None:
        house, publisher, _ = world
        payment_id = await _debit(house, 1)
        publisher.up = False
        queued = await refund_that_cannot_leave(house, payment_id)
        assert (queued.status, queued.body["operations"][1]["state"]) == (202, "queued")

        publisher.up = True
        await house.clock.advance(60)
        await house.services.outbox_sweep.run_once()
        await house.bus.idle()

        assert (await house.payment(payment_id))["refundedMinor"] == 60_00
        assert house.simulator.calls["refund"] == 1

    async def test_that_never_comes_back_holds_up_nothing_that_must_go_to_chase(self, world: Unsteady) -> None:
        house, publisher, _ = world
        payment_id = await _debit(house, 1)
        publisher.up = False
        await refund_that_cannot_leave(house, payment_id)

        await house.clock.advance(600)
        await house.services.reconciliation.run_once()

        assert (await house.payment(payment_id))["refundedMinor"] == 60_00
        assert house.books()[0]["refunded"] == 60_00

    async def test_until_a_restart_gets_its_messages_afterwards_and_once(self, opened: OpenHouse) -> None:
        async with opened() as house, unsteady(house) as (house, publisher, _):
            payment_id = await _debit(house, 1)
            publisher.up = False
            await refund_that_cannot_leave(house, payment_id)

        async with opened() as house:
            await house.clock.advance(60)
            await house.services.outbox_sweep.run_once()
            await house.bus.idle()

            assert (await house.payment(payment_id))["refundedMinor"] == 60_00
            assert house.books()[0]["refunded"] == 60_00
            assert await left_in_outbox(house) == 0

    async def test_that_took_a_message_and_did_not_say_so_is_told_again_and_it_counts_once(
        self, world: Unsteady
    ) -> None:
        house, publisher, _ = world
        payment_id = await _debit(house, 1)
        await refund_that_cannot_leave(house, payment_id)
        publisher.forgets = True
        await house.clock.advance(60)
        await house.services.outbox_sweep.run_once()
        await house.bus.idle()
        publisher.forgets = False

        # Beyond the window in which a broker knows duplicates.
        await house.clock.advance(3600)
        await house.services.outbox_sweep.run_once()
        await house.bus.idle()

        payment = await house.payment(payment_id)
        assert [entry["event"] for entry in payment["history"]].count("refunded_in_part") == 1
        assert (payment["refundedMinor"], house.books()[0]["refunded"]) == (60_00, 60_00)
        assert house.simulator.calls["refund"] == 1
        assert await left_in_outbox(house) == 0

    async def test_in_the_middle_of_a_load_loses_nothing_that_was_accepted(self, world: Unsteady) -> None:
        house, publisher, _ = world
        load = asyncio.create_task(_load(house))
        await asyncio.sleep(0.02)
        publisher.up = False
        told = await load
        publisher.up = True

        await at_rest(house)

        assert {int(answer.status) for answer in told.values()} <= {201, 202}
        assert publisher.refused > 0
        await _each_is_there_once(house, told)
        assert await left_in_outbox(house) == 0


class TestADatabaseThatIsAway:
    @pytest.mark.parametrize("stores", [False, True], ids=["not stored", "stored, answer lost"])
    @pytest.mark.parametrize("runs", range(0, 60, 12))
    async def test_from_some_moment_of_a_load_on_loses_nothing_and_charges_nobody_twice(
        self, world: Unsteady, runs: int, stores: bool
    ) -> None:
        house, _, engine = world
        # Known to Chase, so that its look-up can be trusted to say "nothing there".
        known = [await house.sale(f"known-{biller}", billerId=biller, reference="KNOWN") for biller in BILLERS]
        assert [answer.status for answer in known] == [201, 201]
        engine.fail_after(runs, stores=stores)

        told = await _load(house)
        engine.mend()
        await at_rest(house)

        assert engine.refused > 0
        accepted = {key: answer for key, answer in told.items() if answer.status in (201, 202)}
        assert {answer.body["code"] for answer in told.values() if answer.status not in (201, 202)} <= {
            "internal-error",
            "idempotency-in-progress",
        }
        await _each_key_ends_well(house)
        await at_rest(house)
        await _each_is_there_once(house, accepted)

    @pytest.mark.parametrize("verb", ["void", "refund"])
    async def test_when_chase_has_answered_is_told_as_not_known_yet_and_found_out_afterwards(
        self, world: Unsteady, verb: str
    ) -> None:
        house, _, engine = world
        sold = await house.sale("attempt-1", amountMinor=WHOLE_MINOR)
        if verb == "refund":
            await house.clock.advance(7330)
            await house.services.reconciliation.run_once()
        await _drained(house)
        engine.fail_after(1)

        told = await (house.void if verb == "void" else house.refund)(sold.body["id"])
        engine.mend()
        await at_rest(house)

        assert (told.status, told.body["operations"][1]["state"]) == (202, "submitted")
        payment = await house.payment(sold.body["id"])
        assert payment["state"] == {"void": "voided", "refund": "refunded"}[verb]
        assert house.simulator.calls[verb] == 1

    async def test_that_takes_the_process_with_it_is_made_up_for_by_inquiry(self, opened: OpenHouse) -> None:
        async with opened() as house, unsteady(house) as (house, _, engine):
            engine.fail_after(1)
            told = await house.sale("attempt-1")
            for task in asyncio.all_tasks():
                if "Landing._land_later" in repr(task.get_coro()):
                    task.cancel()
            await asyncio.sleep(0)

        async with opened() as house:
            await at_rest(house)

            assert told.status == 202
            payment = await house.payment(told.body["id"])
            assert (payment["state"], payment["outcome"]["status"]) == ("captured", "approved")
            assert len(house.books()) == 1


async def _load(house: House) -> dict[str, Answer]:
    """Debits sold and given back in part, cards sold and voided, all at once; what each key was told."""
    told: dict[str, Answer] = {}

    async def one(number: int) -> None:
        sale = await house.sale(f"sale-{number}", **_bill(number))
        told[f"sale-{number}"] = sale
        if sale.status == 201:
            follows = house.refund if number % 2 else house.void
            amount = {"amountMinor": 60_00} if number % 2 else {}
            told[f"next-{number}"] = await follows(sale.body["id"], f"next-{number}", **amount)

    await asyncio.gather(*(one(number) for number in range(BILLS)))
    return told


def _bill(number: int) -> dict[str, Any]:
    method = {"method": an_ach_method(), "billerId": AT_ONCE} if number % 2 else {}
    return {"reference": f"INV-{number}", "amountMinor": WHOLE_MINOR, **method}


async def at_rest(house: House) -> None:
    for seconds in MOVES_S:
        await house.clock.advance(seconds)
        await house.services.reconciliation.run_once()
        await house.services.outbox_sweep.run_once()
        await house.bus.idle()


async def _each_is_there_once(house: House, told: dict[str, Answer]) -> None:
    payments, books = await _payments(house), house.books()
    truth = Truth()
    truth.always(payments, books)
    truth.in_quiet(payments, books)
    truth.at_rest(payments, books, house.clock.now())
    known = {payment.id: payment for payment in payments}
    for key, answer in told.items():
        payment = known[answer.body["id"]]
        assert [each.idempotency_key for each in payments if each.id == payment.id] == [payment.idempotency_key]
        if key.startswith("sale"):
            assert payment.idempotency_key == key
            assert payment.sale.state == "succeeded"


async def _each_key_ends_well(house: House) -> None:
    """Whatever was told before, the same key again tells the truth, and charges nobody a second time."""
    for number in range(BILLS):
        sale = await house.sale(f"sale-{number}", **_bill(number))
        assert sale.status == 201, sale
    charges = [entry["merchantOrderNumber"] for entry in house.books()]
    assert len(charges) == len(set(charges)) == BILLS + len(BILLERS)


async def _payments(house: House) -> list[Payment]:
    return list(await house.services.payments.find(Search(billers=None, caller="ctp", limit=PAGE_MAX)))


async def _debit(house: House, number: int) -> str:
    """Sold, and past the time in which it is not given back yet."""
    sold = await house.sale(f"debit-{number}", method=an_ach_method(), amountMinor=WHOLE_MINOR)
    assert sold.status == 201
    await house.clock.advance(NO_HOLD_S)
    return str(sold.body["id"])


async def refund_that_cannot_leave(house: House, payment_id: str, key: str = "refund-1") -> Answer:
    house.simulator.fault("token", "http_503", times=2)
    house.simulator.revoke_tokens()
    waiting = asyncio.create_task(house.refund(payment_id, key, amountMinor=60_00))
    while not waiting.done():
        await asyncio.sleep(0.001)
        await house.clock.advance(0.5)
    return waiting.result()


async def _drained(house: House) -> None:
    """Nothing is left to publish or to deliver."""
    await house.bus.idle()
    await house.clock.advance(60)
    await house.services.outbox_sweep.run_once()
    await house.bus.idle()


async def left_in_outbox(house: House) -> int:
    [[[left]]] = await house.services.database.read([Query("SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL")])
    return int(left)
