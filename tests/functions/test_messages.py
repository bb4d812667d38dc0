"""
Messages that no delivery can help are set aside, with their reason, alarmed and done with; all others come again.

Every function that listens to a queue is held to it.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import function_app
from local.delivery import MAX_DELIVERY_COUNT, Message, deliver
from local.registered import BusFunction, registered
from shared.database.unit_of_work import Query
from shared.payments.messages import Message as Ours
from shared.payments.messages import Queue
from tests.builders import NOW, VISA
from tests.functions.traces import traces
from tests.house import House

BUS = registered(function_app.app, {}).bus
NAMES = {"paymentId": "pay_" + "0" * 32, "operationId": "op_" + "0" * 32, "postingId": "post_" + "0" * 32}
SPELLINGS = [
    VISA,
    f"{VISA[:4]} {VISA[4:8]} {VISA[8:12]} {VISA[12:]}",
    f"{VISA[:4]}-{VISA[4:8]}-{VISA[8:12]}-{VISA[12:]}",
]


def a_body(queue: str) -> dict[str, Any]:
    """A message of ours about a payment that is not there."""
    fields = {"paymentId": NAMES["paymentId"], "operationId": NAMES["operationId"]}
    if queue == Queue.LEDGER_POSTING:
        fields = {"paymentId": NAMES["paymentId"], "postingId": NAMES["postingId"]}
    return dict(json.loads(Ours(Queue(queue), fields, NOW).body()))


def unreadable(queue: str) -> Iterator[tuple[str, bytes]]:
    """What is none of ours, and a word of the reason that is given."""
    good = a_body(queue)
    for body in (b"", b"{", b"hello", b"\xff\xfe\xfd", b"\x00" * 20, b"[" * 100_000, b"<xml/>", b"9" * 5_000):
        yield "JSON", body
    for value in (None, True, 7, "text", [], [good], {}):
        yield "version", json.dumps(value).encode()
    for version in (0, 2, "1", 1.5, True, None, [1]):
        yield "version", json.dumps({**good, "version": version}).encode()
    for name in good.keys() - {"version"}:
        yield "exactly", json.dumps({key: value for key, value in good.items() if key != name}).encode()
    yield "exactly", json.dumps({**good, "amountMinor": 12599}).encode()
    for name in good.keys() - {"version", "attempt"}:
        for value in (None, 1, "", "a" * 65, "pay 1", "pay_\n", {}, ["pay_1"], "päy"):
            yield name, json.dumps({**good, name: value}).encode()
    for attempt in (0, -1, 1.5, "1", True, None):
        yield "attempt", json.dumps({**good, "attempt": attempt}).encode()


async def set_aside(house: House) -> list[dict[str, str]]:
    names = ("queue", "message_id", "body", "reason")
    query = Query("SELECT queue, message_id, body, reason FROM set_aside ORDER BY message_id")
    [rows] = await house.services.database.read([query])
    return [dict(zip(names, map(str, row), strict=True)) for row in rows]


async def delivered(house: House, queue: str, body: bytes, message_id: str = "m-1") -> None:
    await house.bus.send(queue, body, message_id=message_id)
    await house.bus.idle()


def alarms(house: House) -> list[dict[str, Any]]:
    return [dict(fields) for name, fields in house.telemetry.alarms if name == "message.set_aside"]


def test_there_is_a_function_that_sends_again_what_waits() -> None:
    assert "chase-retry" in {each.queue for each in BUS}


@pytest.mark.parametrize("listening", BUS, ids=lambda each: each.function.name)
class TestAMessage:
    async def test_that_cannot_be_read_is_set_aside_with_its_reason_and_done_with(
        self, house: House, listening: BusFunction
    ) -> None:
        told = list(unreadable(listening.queue))
        before = await traces(house)

        for number, (_, body) in enumerate(told):
            await delivered(house, listening.queue, body, f"m-{number:03}")

        kept = await set_aside(house)
        assert [row["message_id"] for row in kept] == [f"m-{number:03}" for number in range(len(told))]
        assert [
            (word, row["reason"]) for (word, _), row in zip(told, kept, strict=True) if word not in row["reason"]
        ] == []
        assert len(alarms(house)) == len(told)
        assert house.bus.dead_letters(listening.queue) == ()
        after = await traces(house)
        assert {**after.rows, "set_aside": 0} == {**before.rows, "set_aside": 0}
        assert (after.calls, after.charges) == (before.calls, before.charges)

    async def test_about_a_payment_that_is_not_there_is_set_aside(self, house: House, listening: BusFunction) -> None:
        await delivered(house, listening.queue, json.dumps(a_body(listening.queue)).encode())

        [row] = await set_aside(house)
        [alarm] = alarms(house)
        assert row["reason"].startswith("no such")
        assert alarm == {"queue": listening.queue, "messageId": "m-1", "reason": row["reason"]}
        assert house.bus.dead_letters(listening.queue) == ()

    async def test_that_is_huge_is_set_aside_by_its_beginning(self, house: House, listening: BusFunction) -> None:
        await delivered(house, listening.queue, b'{"note": "' + b"x" * 1_000_000 + b'"}')

        [row] = await set_aside(house)
        assert row["body"] == '{"note": "' + "x" * 990

    @pytest.mark.parametrize("number", SPELLINGS)
    @pytest.mark.parametrize("before", [0, 960, 980, 995, 5_000])
    async def test_that_holds_a_card_number_is_set_aside_without_its_body(
        self, house: House, listening: BusFunction, number: str, before: int
    ) -> None:
        """Wherever it stands: also where what is kept would end in the middle of it."""
        body = json.dumps({**a_body(listening.queue), "note": "x" * before + number}).encode()

        await delivered(house, listening.queue, body)

        [row] = await set_aside(house)
        assert row["body"].startswith("(hidden")
        told = json.dumps([row, house.telemetry.alarms, house.telemetry.events], default=str)
        assert VISA[:7] not in "".join(filter(str.isdigit, told))

    async def test_that_is_set_aside_does_not_come_again_and_stands_once_if_it_does(
        self, house: House, listening: BusFunction
    ) -> None:
        message = Message(b"nothing of ours", "m-1", {}, 1, NOW)

        given_up = [await deliver(message, listening.function) for _ in range(2)]

        assert given_up == [None, None]
        assert len(await set_aside(house)) == 1

    async def test_that_fails_comes_again_and_is_a_dead_letter_after_ten_deliveries(
        self, house: House, listening: BusFunction
    ) -> None:
        await house.services.database.close()

        await delivered(house, listening.queue, json.dumps(a_body(listening.queue)).encode())

        [letter] = house.bus.dead_letters(listening.queue)
        assert (letter.message_id, letter.delivery_count) == ("m-1", MAX_DELIVERY_COUNT)
        assert VISA not in letter.description
        assert alarms(house) == []

    async def test_that_cannot_even_be_set_aside_is_not_lost(self, house: House, listening: BusFunction) -> None:
        await house.services.database.close()

        await delivered(house, listening.queue, b"nothing of ours")

        [letter] = house.bus.dead_letters(listening.queue)
        assert (letter.body, letter.delivery_count) == (b"nothing of ours", MAX_DELIVERY_COUNT)


class TestWhatIsToBeSentAgain:
    async def test_of_an_operation_that_the_payment_does_not_have_is_set_aside(self, house: House) -> None:
        sold = await house.sale("attempt-1")
        body = {**a_body(Queue.CHASE_RETRY), "paymentId": sold.body["id"]}

        await delivered(house, Queue.CHASE_RETRY, json.dumps(body).encode())

        assert [row["reason"] for row in await set_aside(house)] == ["no such operation of that payment"]

    async def test_of_an_operation_that_does_not_wait_does_nothing(self, house: House) -> None:
        sold = await house.sale("attempt-1")
        [sale] = sold.body["operations"]
        body = {**a_body(Queue.CHASE_RETRY), "paymentId": sold.body["id"], "operationId": sale["id"]}
        before = await traces(house)

        await delivered(house, Queue.CHASE_RETRY, json.dumps(body).encode())

        assert await traces(house) == before
        assert (alarms(house), house.bus.dead_letters(Queue.CHASE_RETRY)) == ([], ())
