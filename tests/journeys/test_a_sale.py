"""A sale from its caller to Chase's books and back."""

import asyncio

import pytest

from tests.conftest import OpenHouse
from tests.contract import departures
from tests.house import Answer, House


async def test_is_charged_once_and_can_be_read_back(house: House) -> None:
    sold = await house.sale("attempt-1")

    assert (sold.status, sold.body["state"]) == (201, "authorized")
    assert sold.headers["location"].endswith(f"/api/v1/payments/{sold.body['id']}")
    [charge] = house.books()
    assert (charge["amount"], charge["state"], charge["environment"]) == (12599, "AUTHORIZED", "live")
    assert charge["requestId"] == sold.body["operations"][0]["requestId"]
    read = await house.get(f"/payments/{sold.body['id']}")
    assert (read.status, read.headers["etag"], read.body) == (200, '"2"', sold.body)


async def test_is_declined_with_the_payment_as_answer(house: House) -> None:
    sold = await house.sale("attempt-1", amountMinor=52100)

    assert (sold.status, sold.body["state"], sold.body["next"]) == (402, "declined", None)
    assert (sold.body["outcome"]["code"], sold.body["outcome"]["retry"]) == ("INSUFFICIENT_FUNDS", "later")
    assert house.books() == []


class TestUnderTheSameKey:
    async def test_is_the_same_payment_and_one_charge(self, house: House) -> None:
        first = await house.sale("attempt-1")

        again = await house.sale("attempt-1")

        assert (again.status, again.headers["idempotent-replayed"], again.body) == (201, "true", first.body)
        assert len(house.books()) == 1

    async def test_is_the_same_in_other_words_and_with_a_control(self, house: House) -> None:
        await house.sale("attempt-1")

        again = await house.sale("attempt-1", control={"status": "approved"}, initiator="payer")

        assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")

    async def test_with_another_body_is_refused(self, house: House) -> None:
        await house.sale("attempt-1")

        other = await house.sale("attempt-1", amountMinor=12600)

        assert (other.status, other.body["code"]) == (422, "idempotency-key-reused")
        assert len(house.books()) == 1

    async def test_of_another_caller_is_another_payment(self, house: House) -> None:
        await house.sale("attempt-1")

        other = await house.sale("attempt-1", headers=house.bearer(azp="another"), reference="INV-2")

        assert other.status == 201
        assert len(house.books()) == 2

    async def test_fifty_times_at_once_is_one_sale(self, house: House) -> None:
        answers = await asyncio.gather(*(house.sale("attempt-1") for _ in range(50)))

        statuses = {answer.status for answer in answers}
        assert 201 in statuses
        assert statuses <= {201, 409}
        assert {answer.body["code"] for answer in answers if answer.status == 409} <= {"idempotency-in-progress"}
        assert all("retry-after" in answer.headers for answer in answers if answer.status == 409)
        assert len(house.books()) == 1

    async def test_that_was_declined_is_declined_again_without_a_call(self, house: House) -> None:
        await house.sale("attempt-1", amountMinor=53000)

        again = await house.sale("attempt-1", amountMinor=53000)

        assert (again.status, again.headers["idempotent-replayed"]) == (402, "true")
        assert house.simulator.calls["payment"] == 1


class TestOfOneBillUnderTwoKeys:
    async def test_at_once_is_one_sale_and_a_refusal_that_names_it(self, house: House) -> None:
        answers = await asyncio.gather(house.sale("attempt-1"), house.sale("attempt-2"))

        [sold] = [answer for answer in answers if answer.status == 201]
        [refused] = [answer for answer in answers if answer.status == 409]
        assert (refused.body["code"], refused.body["retry"]) == ("payment-unresolved", "never")
        assert refused.body["paymentId"] == sold.body["id"]
        assert len(house.books()) == 1

    async def test_the_refusal_is_repeated_for_ever_and_never_charges(self, house: House) -> None:
        house.simulator.fault("payment", "drop_after_processing")
        first = await house.sale("attempt-1")
        refused = await house.sale("attempt-2")

        await house.clock.advance(5)
        again = await house.sale("attempt-2")

        assert (await house.payment(first.body["id"]))["state"] == "authorized"
        assert (again.status, again.body) == (409, refused.body)
        assert len(house.books()) == 1

    async def test_one_after_the_other_is_two_sales(self, house: House) -> None:
        await house.sale("attempt-1", amountMinor=100)

        second = await house.sale("attempt-2", amountMinor=200)

        assert second.status == 201
        assert [charge["amount"] for charge in house.books()] == [100, 200]


class TestThatNeverLeftUs:
    async def test_is_answered_503_and_stays_open_for_the_same_key(self, house: House) -> None:
        await house.simulator.refuse_connections(delay_ms=60_000)

        refused = await asyncio.create_task(_sold_while_time_passes(house))

        assert (refused.status, refused.body["code"]) == (503, "processor-unavailable")
        assert (refused.body["processorCalled"], refused.body["retry"]) == (False, "same_key")
        payment = await house.payment(refused.body["paymentId"])
        assert (payment["state"], payment["allowedActions"]) == ("received", ["void"])
        assert "same Idempotency-Key" in payment["next"]["what"]

    async def test_is_sent_under_the_same_request_id_when_repeated(self, house: House) -> None:
        house.simulator.fault("token", "http_503", times=2)
        refused = await _sold_while_time_passes(house)
        opened = await house.payment(refused.body["paymentId"])

        sold = await house.sale("attempt-1")

        assert (sold.status, sold.body["id"]) == (201, refused.body["paymentId"])
        assert house.books()[0]["requestId"] == opened["operations"][0]["requestId"]
        events = [entry["event"] for entry in sold.body["history"]]
        assert events == ["sale_submitted", "sale_not_sent", "sale_submitted", "sale_authorized"]

    async def test_is_sent_once_by_fifty_repeats_at_once(self, house: House) -> None:
        house.simulator.fault("token", "http_503", times=2)
        await _sold_while_time_passes(house)

        answers = await asyncio.gather(*(house.sale("attempt-1") for _ in range(50)))

        assert {answer.status for answer in answers} <= {201, 409}
        assert len(house.books()) == 1
        assert house.simulator.calls["payment"] == 1

    async def test_blocks_another_key_for_its_bill(self, house: House) -> None:
        house.simulator.fault("token", "http_503", times=2)
        await _sold_while_time_passes(house)

        refused = await house.sale("attempt-2")

        assert (refused.status, refused.body["code"]) == (409, "payment-unresolved")


class TestWhoseCallerWillNotWait:
    async def test_is_answered_202_and_finished_all_the_same(self, opened: OpenHouse) -> None:
        async with opened(SALE_ANSWER_WITHIN_S="0.3") as house:
            await house.sale("warm-up", reference="INV-0")
            house.simulator.fault("payment", "delay", delay_ms=800)

            answer = await house.sale("attempt-1")

            assert (answer.status, answer.body["state"], answer.body["outcome"]["status"]) == (
                202,
                "submitted",
                "pending",
            )
            assert answer.headers["retry-after"] == "2"
            assert await _becomes(house, answer.body["id"], "authorized")
            assert len(house.books()) == 2

    async def test_is_finished_when_the_caller_hangs_up(self, house: House) -> None:
        house.simulator.fault("payment", "delay", delay_ms=50)
        call = asyncio.create_task(house.sale("attempt-1"))
        while house.simulator.calls["payment"] == 0:
            await asyncio.sleep(0)

        call.cancel()

        with pytest.raises(asyncio.CancelledError):
            await call
        [found] = (await house.get("/payments?idempotencyKey=attempt-1")).body["items"]
        assert await _becomes(house, found["id"], "authorized")


async def test_beyond_the_bound_is_turned_away_at_once_and_taken_when_repeated(opened: OpenHouse) -> None:
    async with opened(SALES_IN_FLIGHT_MAX="1") as house:
        house.simulator.fault("payment", "delay", delay_ms=500)
        first = asyncio.create_task(house.sale("attempt-1"))
        while house.simulator.calls["payment"] == 0:
            await asyncio.sleep(0)

        refused = await house.sale("attempt-2", reference="INV-2")
        sold = await first
        again = await house.sale("attempt-2", reference="INV-2")

        assert (refused.status, refused.body["code"], refused.headers["retry-after"]) == (503, "overloaded", "1")
        assert departures(refused, "Sale") == []
        assert (sold.status, again.status) == (201, 201)


async def test_beyond_the_bound_a_known_key_and_a_stranger_hear_the_same(opened: OpenHouse) -> None:
    async with opened(SALES_IN_FLIGHT_MAX="1") as house:
        known = await house.sale("attempt-1")
        house.simulator.fault("payment", "delay", delay_ms=500)
        at_work = asyncio.create_task(house.sale("attempt-2", reference="INV-2"))
        while house.simulator.calls["payment"] == 1:
            await asyncio.sleep(0)
        trips = house.services.database.round_trips

        repeated = await house.sale("attempt-1")
        stranger = await house.call("POST", "/payments", b"none", {"Authorization": "Bearer none of ours"})

        assert known.status == 201
        assert [answer.status for answer in (repeated, stranger)] == [503, 503]
        assert repeated.body == stranger.body
        assert house.services.database.round_trips == trips
        assert (await at_work).status == 201
        assert (await house.sale("attempt-1")).headers["idempotent-replayed"] == "true"


class TestCosts:
    async def test_two_round_trips_two_commits_and_no_connection_while_chase_thinks(self, house: House) -> None:
        await house.sale("warm-up", reference="INV-0")
        database = house.services.database
        trips, commits = database.round_trips, database.commits
        house.simulator.fault("payment", "delay", delay_ms=30)

        call = asyncio.create_task(house.sale("attempt-1"))
        while house.simulator.calls["payment"] == 1:
            await asyncio.sleep(0)
        in_use_while_chase_thinks = database.connections_in_use
        await call

        assert in_use_while_chase_thinks == 0
        assert (database.round_trips - trips, database.commits - commits) == (2, 2)

    async def test_the_same_for_a_signed_sale_with_its_nonce(self, house: House) -> None:
        await house.sale("warm-up", reference="INV-0")
        database = house.services.database
        trips, commits = database.round_trips, database.commits

        sold = await house.signed_sale("attempt-1")

        assert sold.status == 201
        assert (database.round_trips - trips, database.commits - commits) == (2, 2)

    async def test_one_round_trip_for_a_look(self, house: House) -> None:
        sold = await house.sale("attempt-1")
        trips, commits = house.services.database.round_trips, house.services.database.commits

        await house.payment(sold.body["id"])

        assert (house.services.database.round_trips - trips, house.services.database.commits - commits) == (1, 0)

    async def test_no_token_and_no_new_connection_once_it_is_warm(self, house: House) -> None:
        await house.get("/health/ready")
        tokens, connections = house.simulator.calls["token"], house.simulator.connections_opened

        for number in range(100):
            await house.sale(f"attempt-{number}", reference=f"INV-{number}")

        assert (house.simulator.calls["token"], house.simulator.connections_opened) == (tokens, connections) == (1, 1)

    async def test_no_thread_while_chase_thinks(self, house: House) -> None:
        await house.sale("warm-up", reference="INV-0")
        house.simulator.fault("payment", "delay", delay_ms=30, times=100)

        answers = await asyncio.gather(*(house.sale(f"attempt-{n}", reference=f"INV-{n}") for n in range(100)))

        assert {answer.status for answer in answers} == {201}


async def _sold_while_time_passes(house: House) -> Answer:
    """A sale whose waits between resends pass at once."""
    call = asyncio.create_task(house.sale("attempt-1"))
    while not call.done():
        await house.clock.advance(0.5)
    return call.result()


async def _becomes(house: House, payment_id: str, state: str) -> bool:
    async with asyncio.timeout(5):
        while (await house.payment(payment_id))["state"] != state:
            await asyncio.sleep(0.005)
    return True
