"""A signed write is accepted once, on every path that a sale, and what follows it, can take."""

import json
from collections.abc import Mapping

from tests.follow_up_stories import meanwhile
from tests.functions.traces import no_trace
from tests.functions.writes import KEYED, REFUND, REPORT, VOID, WRITES, Desk, Write, over
from tests.house import Answer, House


async def test_a_nonce_is_accepted_once_where_the_sale_is_a_repeat(house: House) -> None:
    await house.signed_sale("attempt-1", nonce="first")

    repeated = await house.signed_sale("attempt-1", nonce="second")
    async with no_trace(house):
        again = await house.signed_sale("attempt-1", nonce="second")

    assert (repeated.status, repeated.headers["idempotent-replayed"]) == (201, "true")
    assert (again.status, again.body["code"]) == (401, "unauthenticated")
    assert house.simulator.calls["payment"] == 1


async def test_a_nonce_is_accepted_once_where_the_bill_has_another_open_payment(house: House) -> None:
    house.simulator.fault("payment", "drop_after_processing")
    await house.signed_sale("attempt-1")

    refused = await house.signed_sale("attempt-2", nonce="second")
    async with no_trace(house):
        again = await house.signed_sale("attempt-2", nonce="second")

    assert (refused.status, refused.body["code"]) == (409, "payment-unresolved")
    assert (again.status, again.body["code"]) == (401, "unauthenticated")


async def test_a_nonce_is_accepted_once_where_the_refusal_is_a_repeat(house: House) -> None:
    house.simulator.fault("payment", "drop_after_processing")
    await house.signed_sale("attempt-1")
    await house.signed_sale("attempt-2")

    refused = await house.signed_sale("attempt-2", nonce="third")
    async with no_trace(house):
        again = await house.signed_sale("attempt-2", nonce="third")

    assert (refused.status, again.status) == (409, 401)


async def test_a_nonce_is_accepted_once_where_the_key_was_used_with_another_body(house: House) -> None:
    await house.signed_sale("attempt-1")

    refused = await house.signed_sale("attempt-1", nonce="second", amountMinor=1)
    async with no_trace(house):
        again = await house.signed_sale("attempt-1", nonce="second", amountMinor=1)

    assert (refused.status, again.status) == (422, 401)


async def test_a_nonce_does_not_let_a_second_sale_in(house: House) -> None:
    await house.signed_sale("attempt-1", nonce="first")

    async with no_trace(house):
        other = await house.signed_sale("attempt-2", nonce="first", reference="INV-2")

    assert other.status == 401


async def test_a_nonce_is_not_spent_by_a_request_that_was_refused_for_its_content(house: House) -> None:
    await house.signed_sale("attempt-1", nonce="first", amountMinor=0)

    corrected = await house.signed_sale("attempt-1", nonce="first")

    assert corrected.status == 201


async def test_a_nonce_of_a_look_may_come_again(house: House) -> None:
    headers = house.signature("GET", "/payments?state=authorized", nonce="first")

    answers = [await house.get("/payments?state=authorized", headers) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]


async def _signed(desk: Desk, write: Write, nonce: str, headers: Mapping[str, str] | None = None) -> Answer:
    path, body = write.of(desk.payment_id), json.dumps(write.body).encode()
    signature = desk.house.signature("POST", path, body, nonce=nonce)
    return await desk.house.call("POST", path, body, {**signature, **write.headers, **(headers or {})})


@over(WRITES)
async def test_a_nonce_is_accepted_once_for_what_follows_a_sale(desk: Desk, write: Write) -> None:
    first = await _signed(desk, write, "once")

    async with no_trace(desk.house):
        again = await _signed(desk, write, "once")

    assert first.status < 300
    assert (again.status, again.body["code"]) == (401, "unauthenticated")


@over(WRITES)
async def test_a_nonce_is_accepted_once_where_what_follows_a_sale_is_a_repeat(desk: Desk, write: Write) -> None:
    await _signed(desk, write, "first")

    repeated = await _signed(desk, write, "second")
    async with no_trace(desk.house):
        again = await _signed(desk, write, "second")

    assert (repeated.status < 300, again.status) == (True, 401)


@over(WRITES)
async def test_a_nonce_of_the_sale_does_not_let_in_what_follows_it(desk: Desk, write: Write) -> None:
    await desk.house.signed_sale("attempt-2", nonce="spent", reference="INV-2")

    async with no_trace(desk.house):
        refused = await _signed(desk, write, "spent")

    assert refused.status == 401


@over(KEYED)
async def test_a_nonce_is_accepted_once_where_the_key_stands_for_something_else(desk: Desk, write: Write) -> None:
    key = {"Idempotency-Key": "attempt-1"}

    refused = await _signed(desk, write, "once", key)
    async with no_trace(desk.house):
        again = await _signed(desk, write, "once", key)

    assert (refused.status, again.status) == (422, 401)


async def test_a_nonce_is_accepted_once_for_a_void_of_what_never_left(desk: Desk) -> None:
    await desk.house.simulator.refuse_connections(60_000)
    waiting = await meanwhile(desk.house, desk.house.sale("attempt-2", reference="INV-2"))
    desk = Desk(desk.house, waiting.body["paymentId"])

    closed = await _signed(desk, VOID, "once")
    async with no_trace(desk.house):
        again = await _signed(desk, VOID, "once")

    assert (closed.body["state"], again.status) == ("failed", 401)


@over([REFUND, REPORT])
async def test_a_nonce_is_not_spent_by_what_was_refused_for_its_content(desk: Desk, write: Write) -> None:
    path, bad = write.of(desk.payment_id), json.dumps({**write.body, "tip": 1}).encode()
    signature = desk.house.signature("POST", path, bad, nonce="once")
    await desk.house.call("POST", path, bad, {**signature, **write.headers})

    corrected = await _signed(desk, write, "once")

    assert corrected.status < 300
