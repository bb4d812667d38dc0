"""A signed sale is accepted once, on every path that a sale can take."""

from tests.functions.traces import no_trace
from tests.house import House


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
