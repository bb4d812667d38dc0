"""A request-id sent twice, for every write; and how a look-up says that nothing is there."""

import asyncio

import pytest

from tests.local.chase_calls import OTHER_TEST_MERCHANT, Merchant
from tests.local.chase_schema import MESSAGES, disagreements
from tests.local.chase_writes import WRITES
from tests.local.conftest import Running


@pytest.mark.parametrize("name", WRITES)
async def test_a_repeat_is_a_duplicate_and_changes_nothing(merchant, name) -> None:
    write = WRITES[name]
    payment_id = await write.begin(merchant)
    first = await write.send(merchant, payment_id, "request-1")
    books = merchant.simulator.books()

    again = await write.send(merchant, payment_id, "request-1")

    assert first.status == 200
    assert (again.status, again.body["responseCode"]) == (409, "DUPLICATE")
    assert disagreements(MESSAGES, again.body) == []
    assert merchant.simulator.books() == books


@pytest.mark.parametrize("name", WRITES)
async def test_replaying_answers_the_first_body_again_whatever_has_happened_since(
    running: Running, session, clock, name
) -> None:
    write = WRITES[name]
    async with running(on_duplicate="replay") as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        payment_id = await write.begin(merchant)
        first = await write.send(merchant, payment_id, "request-1")
        await clock.advance(3 * 24 * 3600)
        books = simulator.books()
        again = await write.send(merchant, payment_id, "request-1")
        unchanged = simulator.books() == books

    assert (first.status, again.status) == (200, 200)
    assert again.body == first.body
    assert unchanged


@pytest.mark.parametrize("mode", ["reject", "replay"])
@pytest.mark.parametrize("name", WRITES)
async def test_another_body_under_a_known_request_id_is_invalid(running: Running, session, mode, name) -> None:
    write = WRITES[name]
    async with running(on_duplicate=mode) as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        payment_id = await write.begin(merchant)
        await write.send(merchant, payment_id, "request-1")
        books = simulator.books()
        other = await write.otherwise(merchant, payment_id, "request-1")
        unchanged = simulator.books() == books

    assert (other.status, other.body["responseCode"]) == (400, "VALIDATION_ERROR")
    assert [(each["code"], each["entity"]) for each in other.body["validationErrors"]] == [("REUSED", "request-id")]
    assert unchanged


@pytest.mark.parametrize("mode", ["reject", "replay"])
@pytest.mark.parametrize("name", [name for name in WRITES if name != "payment"])
async def test_a_payments_request_id_is_of_use_to_no_other_operation(running: Running, session, mode, name) -> None:
    write = WRITES[name]
    async with running(on_duplicate=mode) as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        await WRITES["payment"].send(merchant, "", "request-1")
        payment_id = await write.begin(merchant)
        books = simulator.books()
        answered = await write.send(merchant, payment_id, "request-1")
        unchanged = simulator.books() == books

    assert answered.status == 400
    assert [each["entity"] for each in answered.body["validationErrors"]] == ["request-id"]
    assert unchanged


@pytest.mark.parametrize("name", ["void", "refund"])
async def test_many_of_one_request_id_at_once_are_done_once(merchant, name) -> None:
    write = WRITES[name]
    payment_id = await write.begin(merchant)

    answers = await asyncio.gather(*(write.send(merchant, payment_id, "request-1") for _ in range(10)))

    assert sorted(answered.status for answered in answers) == [200] + [409] * 9
    assert merchant.simulator.books()[0]["refunded"] == (100 if name == "refund" else 0)


async def test_a_request_id_is_its_merchants_own(merchant) -> None:
    await WRITES["verification"].send(merchant, "", "request-1")
    merchant.merchant_id = OTHER_TEST_MERCHANT

    assert (await WRITES["verification"].send(merchant, "", "request-1")).status == 200


@pytest.mark.parametrize(("form", "status", "body"), [("empty", 200, None), ("braces", 200, {})])
async def test_a_look_up_by_request_id_may_say_in_another_way_that_nothing_is_there(
    running: Running, session, form, status, body
) -> None:
    async with running(empty_lookup=form) as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        kinds = ("payments", "captures", "refunds", "verifications")
        found = [await merchant.find("nothing", kind=kind) for kind in kinds]
        by_id = await merchant.get("9f186d77-0000-4000-8000-000000000000")
        await merchant.pay("request-1")
        there = await merchant.find("request-1")

    assert [(each.status, each.body) for each in found] == [(status, body)] * 4
    assert (by_id.status, there.status) == (404, 200)
    assert found[0].headers["Content-Type"].startswith("application/json")
    assert found[0].headers["Content-Length"] == ("0" if body is None else "2")
