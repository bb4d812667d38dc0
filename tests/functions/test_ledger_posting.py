"""The door of `ledger-posting`: what the platform hands over reaches the ledger, or is set aside with its reason."""

import json

import pytest

from shared.database.unit_of_work import Query
from shared.payments.messages import Queue
from tests.builders import an_ach_method
from tests.house import House

UNREADABLE = [
    ("not JSON", "is not JSON"),
    ('{"version":2,"paymentId":"pay_1","postingId":"p-1","attempt":1}', "is not an object of version 1"),
    ('{"version":1,"paymentId":"pay_1","operationId":"op_1","attempt":1}', "does not have exactly"),
]


async def rows(house: House, sql: str) -> list[tuple[object, ...]]:
    [found] = await house.services.database.read([Query(sql)])
    return [tuple(row) for row in found]


async def test_a_posting_is_booked_once_however_often_it_is_delivered(house: House) -> None:
    assert (await house.sale("attempt-1", method=an_ach_method())).status == 201
    [(payment_id, posting_id)] = await rows(house, "SELECT payment_id, id FROM ledger_postings")
    body = json.dumps({"version": 1, "paymentId": payment_id, "postingId": posting_id, "attempt": 1})

    for message_id in ("m-1", "m-2"):
        await house.bus.send(Queue.LEDGER_POSTING, body, message_id=message_id)
    await house.bus.idle()

    entries = await rows(house, "SELECT account, debit_minor - credit_minor FROM journal_entries ORDER BY line")
    assert entries == [("chase_clearing", 12599), ("biller_payable", -12599)]
    assert await rows(house, "SELECT COUNT(*) FROM ledger_postings WHERE posted_at IS NULL") == [(0,)]


@pytest.mark.parametrize(("body", "reason"), UNREADABLE, ids=["no JSON", "another version", "another queue's"])
async def test_what_cannot_be_read_is_set_aside(house: House, body: str, reason: str) -> None:
    await house.bus.send(Queue.LEDGER_POSTING, body, message_id="m-1")
    await house.bus.idle()

    [(queue, kept, said)] = await rows(house, "SELECT queue, body, reason FROM set_aside")
    assert (queue, kept) == (Queue.LEDGER_POSTING, body)
    assert reason in str(said)
    assert [name for name, _ in house.telemetry.alarms] == ["message.set_aside"]


async def test_a_posting_of_nobody_is_set_aside(house: House) -> None:
    body = json.dumps({"version": 1, "paymentId": "pay_1", "postingId": "p-1", "attempt": 1})

    await house.bus.send(Queue.LEDGER_POSTING, body, message_id="m-1")
    await house.bus.idle()

    assert await rows(house, "SELECT reason FROM set_aside") == [("no such posting of that payment",)]
    assert house.bus.dead_letters(Queue.LEDGER_POSTING) == ()
