"""Reading payments: one by its id, some by what is known of them, and never another biller's."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.house import Answer, House


async def sold(house: House, number: int, **changed: Any) -> str:
    """A payment of its own bill, by the signing caller `ctp`; its id."""
    answer = await house.signed_sale(f"attempt-{number}", **({"reference": f"INV-{number}"} | changed))
    return str(answer.body["id"])


async def look(house: House, path: str, billers: Sequence[str] | None = None) -> Answer:
    headers = house.signature("GET", path) if billers is None else house.bearer(billers=list(billers))
    return await house.get(path, headers)


async def found(house: House, query: str, billers: Sequence[str] | None = None) -> list[str]:
    return [item["id"] for item in (await look(house, f"/payments?{query}", billers)).body["items"]]


async def pages(house: House, query: str) -> list[list[str]]:
    """The ids of each page, following `nextCursor` to the end."""
    read: list[list[str]] = []
    cursor = ""
    while True:
        body = (await look(house, f"/payments?{query}{cursor}")).body
        read.append([item["id"] for item in body["items"]])
        if body["nextCursor"] is None:
            return read
        cursor = f"&cursor={body['nextCursor']}"


class TestGetPayment:
    async def test_shows_the_payment_as_the_sale_did_with_its_version_as_etag(self, house: House) -> None:
        sale = await house.signed_sale("attempt-1")

        answer = await look(house, f"/payments/{sale.body['id']}")

        assert (answer.status, answer.body) == (200, sale.body)
        assert answer.headers["etag"] == sale.headers["etag"] == f'"{sale.body["version"]}"'

    async def test_has_another_etag_when_the_payment_has_changed(self, house: House) -> None:
        house.simulator.fault("payment", "drop_after_processing")
        payment_id = await sold(house, 1)
        before = await look(house, f"/payments/{payment_id}")

        await house.clock.advance(5)
        after = await look(house, f"/payments/{payment_id}")

        assert (before.headers["etag"], after.headers["etag"]) == ('"2"', '"3"')

    async def test_of_another_biller_is_404_exactly_like_one_that_is_not_there(self, house: House) -> None:
        payment_id = await sold(house, 1)

        foreign = await look(house, f"/payments/{payment_id}", ["county-tax"])
        unknown = await look(house, f"/payments/pay_{'0' * 32}", ["county-tax"])

        assert foreign.status == unknown.status == 404
        assert {**foreign.body, "instance": None} == {**unknown.body, "instance": None}
        assert set(foreign.headers) == set(unknown.headers)

    async def test_shows_no_more_of_the_card_than_its_brand_and_last_digits(self, house: House) -> None:
        answer = await look(house, f"/payments/{await sold(house, 1)}")

        assert answer.body["method"] == {"type": "card", "brand": "visa", "last4": "4113"}


class TestFindPayments:
    async def test_finds_by_reference(self, house: House) -> None:
        first, _ = await sold(house, 1), await sold(house, 2)

        assert await found(house, "reference=INV-1") == [first]
        assert await found(house, "reference=INV") == []
        assert await found(house, "reference=inv-1") == []

    async def test_shows_each_payment_whole(self, house: House) -> None:
        sale = await house.signed_sale("attempt-1")

        answer = await look(house, "/payments?idempotencyKey=attempt-1")

        assert answer.body == {"items": [sale.body], "nextCursor": None}

    async def test_finds_by_key_among_the_callers_own_keys(self, house: House) -> None:
        own = await sold(house, 1)
        await house.sale("attempt-1", headers=house.bearer(azp="another"), reference="INV-2")

        assert await found(house, "idempotencyKey=attempt-1") == [own]
        assert await found(house, "idempotencyKey=attempt-2") == []

    async def test_finds_nothing_by_a_key_that_was_refused(self, house: House) -> None:
        house.simulator.fault("payment", "drop_after_processing")
        await sold(house, 1)
        refused = await house.signed_sale("attempt-2", reference="INV-1")

        assert refused.status == 409
        assert await found(house, "idempotencyKey=attempt-2") == []

    async def test_finds_by_state(self, house: House) -> None:
        authorized, declined = await sold(house, 1), await sold(house, 2, amountMinor=53000)

        assert await found(house, "state=authorized") == [authorized]
        assert await found(house, "state=declined") == [declined]
        assert await found(house, "state=unknown") == []

    async def test_finds_what_fits_all_that_is_given(self, house: House) -> None:
        first, _ = await sold(house, 1), await sold(house, 2)

        assert await found(house, "state=authorized&reference=INV-1&idempotencyKey=attempt-1") == [first]
        assert await found(house, "state=declined&reference=INV-1") == []
        assert await found(house, "reference=INV-1&idempotencyKey=attempt-2") == []

    async def test_gives_the_newest_first(self, house: House) -> None:
        ids = [await sold(house, number) for number in range(4)]

        assert await found(house, "state=authorized") == ids[::-1]

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 100])
    async def test_gives_everything_once_page_by_page(self, house: House, limit: int) -> None:
        ids = [await sold(house, number) for number in range(4)]

        read = await pages(house, f"state=authorized&limit={limit}")

        assert [payment_id for page in read for payment_id in page] == ids[::-1]
        assert max(len(page) for page in read) == min(limit, 4)

    async def test_does_not_shift_a_page_when_a_payment_comes_in(self, house: House) -> None:
        ids = [await sold(house, number) for number in range(3)]
        first = (await look(house, "/payments?state=authorized&limit=2")).body

        await sold(house, 9)
        second = (await look(house, f"/payments?state=authorized&limit=2&cursor={first['nextCursor']}")).body

        assert [item["id"] for item in (*first["items"], *second["items"])] == ids[::-1]

    async def test_gives_20_where_no_limit_is_given(self, house: House) -> None:
        for number in range(21):
            await sold(house, number)

        assert [len(page) for page in await pages(house, "state=authorized")] == [20, 1]

    async def test_gives_a_caller_its_own_billers_alone(self, house: House) -> None:
        water = await sold(house, 1, reference="INV-7", billerId="city-water")
        tax = await sold(house, 2, reference="INV-7", billerId="county-tax")

        assert await found(house, "reference=INV-7") == [tax, water]
        assert await found(house, "reference=INV-7", ["city-water"]) == [water]
        assert await found(house, "state=authorized", ["county-tax"]) == [tax]
        assert await found(house, "state=authorized", ["county-tax", "city-water"]) == [tax, water]
        assert await found(house, "idempotencyKey=attempt-1", ["county-tax"]) == []
        assert await found(house, "state=authorized", []) == []

    async def test_gives_no_more_by_the_cursor_of_another_biller(self, house: House) -> None:
        water = await sold(house, 1, billerId="city-water")
        tax = await sold(house, 2, billerId="county-tax")

        assert await found(house, f"state=authorized&cursor={tax}", ["county-tax"]) == []
        assert await found(house, f"state=authorized&cursor={tax}", ["city-water"]) == [water]


async def test_a_signed_look_may_carry_bytes_that_a_url_should_have_encoded(house: House) -> None:
    path = "/payments?reference=Wasserwerk-M\u00fcnchen"

    answer = await house.get(path, house.signature("GET", path))

    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "reference")
