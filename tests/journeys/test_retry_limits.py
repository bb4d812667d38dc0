"""The networks' retry limits on the whole house: what is forbidden never reaches Chase, and is told for ever."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

from shared.payments.sale_attempts import BLOCKED_CODE
from tests.builders import VISA, a_card, an_ach_method
from tests.conftest import OpenHouse
from tests.contract import departures
from tests.house import Answer, House

DO_NOT_HONOR, LOST_CARD = 530_00, 502_00
MONTH_S = timedelta(days=30).total_seconds()


async def declined(house: House, times: int, first: int = 0, **changed: Any) -> None:
    """So many declines of one card, amount and merchant, each for a bill of its own."""
    for number in range(first, first + times):
        sold = await house.sale(
            f"declined-{number}", **{"amountMinor": DO_NOT_HONOR, **changed}, reference=f"B-{number}"
        )
        assert (sold.status, sold.body["outcome"]["code"]) == (402, "DO_NOT_HONOR")
        assert "code" not in sold.body


def assert_blocked(answer: Answer, retry: str) -> None:
    assert (answer.status, answer.body["state"], answer.body["code"]) == (402, "declined", BLOCKED_CODE)
    outcome = answer.body["outcome"]
    assert (outcome["code"], outcome["retry"], outcome["processorCalled"]) == (BLOCKED_CODE, retry, False)
    assert departures(answer, "Sale") == []


class TestTheTryAfterTheTwentiethDecline:
    async def test_of_one_card_amount_and_merchant_is_refused_without_a_call(self, house: House) -> None:
        await declined(house, 20)
        calls = house.simulator.calls["payment"]

        blocked = await house.sale("attempt-1", amountMinor=DO_NOT_HONOR)

        assert_blocked(blocked, "later")
        assert blocked.body["outcome"]["message"].endswith("open again at 2026-12-23T18:00:00Z")
        assert house.simulator.calls["payment"] == calls == 20
        read = await house.payment(blocked.body["id"])
        assert read == {name: value for name, value in blocked.body.items() if name != "code"}

    async def test_is_refused_for_ever_under_its_key_and_goes_thirty_days_later_under_another(
        self, house: House
    ) -> None:
        await declined(house, 20)
        blocked = await house.sale("attempt-1", amountMinor=DO_NOT_HONOR)
        await house.clock.advance(MONTH_S)

        again = await house.sale("attempt-1", amountMinor=DO_NOT_HONOR)
        other = await house.sale("attempt-2", amountMinor=DO_NOT_HONOR)

        assert (again.status, again.body, again.headers["idempotent-replayed"]) == (402, blocked.body, "true")
        assert (other.status, other.body["outcome"]["code"]) == (402, "DO_NOT_HONOR")
        assert house.simulator.calls["payment"] == 21

    async def test_of_another_amount_goes(self, house: House) -> None:
        await declined(house, 20)

        assert (await house.sale("attempt-1")).status == 201

    async def test_is_refused_after_a_restart_too(self, opened: OpenHouse) -> None:
        async with opened() as house:
            await declined(house, 20)
        async with opened() as house:
            assert_blocked(await house.sale("attempt-1", amountMinor=DO_NOT_HONOR), "later")
            assert house.simulator.calls["payment"] == 0

    async def test_may_come_twice_at_once_under_one_key(self, house: House) -> None:
        await declined(house, 20)

        answers = await asyncio.gather(*(house.sale("attempt-1", amountMinor=DO_NOT_HONOR) for _ in range(10)))

        assert {answer.status for answer in answers} == {402}
        assert len({answer.body["id"] for answer in answers}) == 1
        assert house.simulator.calls["payment"] == 20


async def test_a_decline_whose_answer_was_lost_counts_once_it_is_found(house: House) -> None:
    await declined(house, 19)
    house.simulator.fault("payment", "drop_after_processing")
    lost = await house.sale("lost", amountMinor=DO_NOT_HONOR, reference="B-LOST")
    assert lost.status == 202

    found = await house.get(f"/payments/{lost.body['id']}?refresh=true")

    assert found.body["state"] == "declined"
    assert_blocked(await house.sale("attempt-1", amountMinor=DO_NOT_HONOR), "later")


async def test_a_code_that_means_never_blocks_the_card_at_once(house: House) -> None:
    lost = await house.sale("attempt-1", amountMinor=LOST_CARD)
    assert (lost.status, lost.body["outcome"]["code"]) == (402, "LOST_STOLEN")

    assert_blocked(await house.sale("attempt-2", billerId="county-tax"), "never")
    assert house.simulator.calls["payment"] == 1


class TestADebit:
    async def returned(self, house: House, key: str, code: str) -> Answer:
        sold = await house.sale(key, method=an_ach_method())
        if sold.status == 201:
            evidence = {"returnCode": code, "amountMinor": 12599}
            told = await house.report(sold.body["id"], "returned", evidence=evidence)
            assert (told.status, told.body["state"]) == (200, "returned")
        return sold

    async def test_that_is_returned_for_funds_may_be_presented_twice_more(self, house: House) -> None:
        for number in range(3):
            assert (await self.returned(house, f"debit-{number}", "R01")).status == 201

        assert_blocked(await house.sale("debit-4", method=an_ach_method()), "later")
        assert (await house.sale("other-bill", method=an_ach_method(), reference="INV-2")).status == 201

    async def test_from_a_closed_account_is_the_last(self, house: House) -> None:
        await self.returned(house, "debit-1", "R02")

        assert_blocked(await house.sale("debit-2", method=an_ach_method(), reference="INV-2"), "never")


async def test_no_approval_however_many_at_once_is_in_the_way_of_another(opened: OpenHouse) -> None:
    async with opened(SALES_IN_FLIGHT_MAX="400", SALES_QUEUE_AGE_MAX_MS="25000") as house:
        answers = await asyncio.gather(*(house.sale(f"attempt-{n}", reference=f"B-{n}") for n in range(300)))

        assert {answer.status for answer in answers} == {201}
        with closing(sqlite3.connect(house.settings.sqlite_path or "")) as db:
            assert db.execute("SELECT COUNT(*) FROM sale_attempts").fetchone() == (0,)


async def test_what_is_remembered_holds_no_number(house: House) -> None:
    await declined(house, 1)

    with closing(sqlite3.connect(house.settings.sqlite_path or "")) as db:
        [row] = db.execute("SELECT * FROM sale_attempts").fetchall()
        [noted] = db.execute("SELECT instrument_fingerprint, instrument_key, initiator FROM payments").fetchall()
    [known, *_] = house.services.fingerprints.of_instrument(a_card(VISA))
    assert (known.digest in row, noted) == (True, (known.digest, known.key_name, "payer"))
    assert not any(VISA in str(value) or VISA[:8] in str(value) for value in (*row, *noted))
