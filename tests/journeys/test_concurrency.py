"""Many at once: whoever comes at the same moment, the money moves once, and each is told what became of it."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from shared.payments.messages import Message, Queue
from tests.builders import NOW, an_ach_method
from tests.conftest import OpenHouse
from tests.house import Answer, House

WHOLE_MINOR = 100_00
REPETITIONS = 50
CALLERS = 50
REPEATS = 100
CAPTURED_AFTER_S = 120 * 60 + 121


async def sold(house: House, number: int = 1) -> str:
    answer = await house.sale(f"attempt-{number}", reference=f"INV-{number}", amountMinor=WHOLE_MINOR)
    assert answer.status == 201
    return str(answer.body["id"])


async def captured(house: House) -> str:
    payment_id = await sold(house)
    await house.clock.advance(CAPTURED_AFTER_S)
    await house.services.reconciliation.run_once()
    return payment_id


async def test_of_two_refunds_of_60_of_100_at_once_one_is_made_and_one_refused_always(house: House) -> None:
    payment_ids = [await sold(house, number) for number in range(REPETITIONS)]
    await house.clock.advance(CAPTURED_AFTER_S)
    await house.services.reconciliation.run_once()

    for payment_id in payment_ids:
        answers = await asyncio.gather(
            *(house.refund(payment_id, f"{payment_id}-{number}", amountMinor=60_00) for number in range(2))
        )
        assert sorted(answer.status for answer in answers) == [201, 422]
        [refused] = [answer.body for answer in answers if answer.status == 422]
        assert (refused["code"], refused["refundableMinor"]) == ("refund-exceeds-balance", 40_00)

    assert [entry["refunded"] for entry in house.books()] == [60_00] * REPETITIONS


@pytest.mark.parametrize("if_not_captured", ["reject", "void"])
async def test_of_50_voids_and_50_refunds_of_an_authorization_one_voids_it(house: House, if_not_captured: str) -> None:
    payment_id = await sold(house)

    answers = await _voids_and_refunds(house, payment_id, {}, {"ifNotCaptured": if_not_captured})

    codes = Counter((int(answer.status), answer.body.get("code")) for answer in answers)
    assert codes == {(201, None): 1, (409, "invalid-state"): 2 * CALLERS - 1}
    [entry] = house.books()
    assert (entry["voided"], entry["captured"], entry["refunded"]) == (True, 0, 0)
    assert (await house.payment(payment_id))["state"] == "voided"
    assert house.simulator.calls["void"] == 1


@pytest.mark.parametrize("if_captured", ["reject", "refund"])
async def test_of_50_voids_and_50_refunds_of_a_captured_payment_one_gives_it_back(
    house: House, if_captured: str
) -> None:
    payment_id = await captured(house)

    answers = await _voids_and_refunds(house, payment_id, {"ifCaptured": if_captured}, {})

    assert Counter(int(answer.status) for answer in answers)[201] == 1
    refused = {answer.body["code"] for answer in answers if answer.status != 201}
    assert refused <= {"invalid-state", "refund-exceeds-balance"}
    [entry] = house.books()
    assert (entry["captured"], entry["refunded"], len(entry["refunds"])) == (WHOLE_MINOR, WHOLE_MINOR, 1)
    assert house.simulator.calls["refund"] == 1


async def test_of_50_small_refunds_at_once_as_many_are_made_in_turn_as_there_is_money_for(house: House) -> None:
    payment_id = await captured(house)
    waiting = [f"refund-{number}" for number in range(CALLERS)]
    made = 0

    while waiting:
        answers = await asyncio.gather(*(house.refund(payment_id, key, amountMinor=9_00) for key in waiting))
        made += sum(answer.status == 201 for answer in answers)
        # Told to come again: another one was in the way.
        waiting = [key for key, answer in zip(waiting, answers, strict=True) if answer.status == 409]

    assert made == 11
    [entry] = house.books()
    assert entry["refunded"] == 99_00
    assert (await house.payment(payment_id))["refundableMinor"] == 1_00


class TestTheSameKeyAHundredTimesAtOnce:
    async def test_sells_once(self, house: House) -> None:
        answers = await _at_once(lambda: house.sale("attempt-1"))

        payment_id = _of_one_effect(answers)
        assert len(house.books()) == 1
        assert house.simulator.calls["payment"] == 1
        assert (await house.sale("attempt-1")).body["id"] == payment_id

    async def test_voids_once(self, house: House) -> None:
        payment_id = await sold(house)

        answers = await _at_once(lambda: house.void(payment_id, "void-1"))

        assert _of_one_effect(answers) == payment_id
        assert house.simulator.calls["void"] == 1
        assert len((await house.payment(payment_id))["operations"]) == 2

    async def test_refunds_once(self, house: House) -> None:
        payment_id = await captured(house)

        answers = await _at_once(lambda: house.refund(payment_id, "refund-1", amountMinor=1_00))

        assert _of_one_effect(answers) == payment_id
        assert house.simulator.calls["refund"] == 1
        assert house.books()[0]["refunded"] == 1_00


class TestTwoConsumersOfOneMessage:
    async def test_send_what_waits_once(self, opened: OpenHouse) -> None:
        async with opened() as house:
            payment_id, message = await _a_refund_that_waits(house)

            await asyncio.gather(*(house.services.chase_retry.consume(message) for _ in range(2)))

            assert house.simulator.calls["refund"] == 1
            assert (await house.payment(payment_id))["refundedMinor"] == 60_00
            assert house.books()[0]["refunded"] == 60_00

    async def test_do_nothing_when_it_comes_again_later(self, opened: OpenHouse) -> None:
        async with opened() as house:
            payment_id, message = await _a_refund_that_waits(house)
            for _ in range(3):
                await house.services.chase_retry.consume(message)

            assert house.simulator.calls["refund"] == 1
            events = [entry["event"] for entry in (await house.payment(payment_id))["history"]]
            assert events.count("refunded_in_part") == 1

    async def test_and_the_timer_that_thinks_it_is_overdue_send_it_once(self, opened: OpenHouse) -> None:
        async with opened() as house:
            payment_id, message = await _a_refund_that_waits(house)
            await house.clock.advance(600)

            await asyncio.gather(
                house.services.chase_retry.consume(message),
                house.services.reconciliation.run_once(),
                house.services.outbox_sweep.run_once(),
            )
            await house.bus.idle()

            assert house.simulator.calls["refund"] == 1
            assert (await house.payment(payment_id))["refundedMinor"] == 60_00


async def _voids_and_refunds(
    house: House, payment_id: str, of_void: dict[str, Any], of_refund: dict[str, Any]
) -> list[Answer]:
    calls = []
    for number in range(CALLERS):
        calls.append(house.void(payment_id, f"void-{number}", **of_void))
        calls.append(house.refund(payment_id, f"refund-{number}", **of_refund))
    return await asyncio.gather(*calls)


async def _at_once(call: Any) -> list[Answer]:
    return await asyncio.gather(*(call() for _ in range(REPEATS)))


def _of_one_effect(answers: list[Answer]) -> str:
    """The payment that one of them is told to have been done; the others hear that it is in progress, or a replay."""
    done = [answer for answer in answers if answer.status == 201]
    assert len([answer for answer in done if "idempotent-replayed" not in answer.headers]) == 1
    others = [answer.body["code"] for answer in answers if answer.status != 201]
    assert set(others) <= {"idempotency-in-progress"}
    [payment_id] = {answer.body["id"] for answer in done}
    return str(payment_id)


async def _a_refund_that_waits(house: House) -> tuple[str, Message]:
    """A debit's refund that could not leave, for Chase gave no token; and the message that will bring it out."""
    sale = await house.sale("attempt-1", method=an_ach_method(), amountMinor=WHOLE_MINOR)
    await house.clock.advance(timedelta(days=6).total_seconds())
    house.simulator.fault("token", "http_503", times=2)
    house.simulator.revoke_tokens()
    waiting = asyncio.create_task(house.refund(sale.body["id"], amountMinor=60_00))
    while not waiting.done():
        await asyncio.sleep(0.001)
        await house.clock.advance(0.5)
    refund = waiting.result().body["operations"][1]
    assert (waiting.result().status, refund["state"]) == (202, "queued")
    await house.clock.advance(60)
    ids = {"paymentId": sale.body["id"], "operationId": refund["id"]}
    return sale.body["id"], Message(Queue.CHASE_RETRY, ids, NOW, attempt=1)
