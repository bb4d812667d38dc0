"""Query strings and ids: known names only, each once, each checked; an id that is none is not found."""

from urllib.parse import quote

import pytest

from tests.builders import VISA
from tests.functions.refusals import assert_problem
from tests.functions.traces import no_trace
from tests.house import Answer, House


async def look(house: House, path: str) -> Answer:
    async with no_trace(house):
        return await house.get(path, house.signature("GET", path))


class TestFindPayments:
    @pytest.mark.parametrize("query", ["", "?", "?limit=10", "?cursor=pay_" + "0" * 32])
    async def test_needs_something_to_look_for(self, house: House, query: str) -> None:
        answer = await look(house, f"/payments{query}")

        assert (answer.status, answer.body["code"]) == (400, "invalid-request")
        assert_problem(answer, "query")
        assert "idempotencyKey, reference, state" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize("name", ["Reference", "referenceId", "offset", "refresh", "biller_id"])
    async def test_knows_no_other_parameter(self, house: House, name: str) -> None:
        answer = await look(house, f"/payments?reference=INV-1&{name}=1")

        assert answer.status == 400
        assert_problem(answer, name)

    @pytest.mark.parametrize("name", [VISA, f"n{VISA}", "", "%00", "%FF", "%E2%80%AEx", "a%20b"])
    async def test_does_not_repeat_a_name_that_is_none(self, house: House, name: str) -> None:
        answer = await look(house, f"/payments?reference=INV-1&{name}=1")

        assert answer.status == 400
        assert_problem(answer, "(unnamed)")
        assert VISA not in answer.text

    @pytest.mark.parametrize(
        "query", ["reference=a&reference=a", "reference=a&reference=b", "reference=a&%72eference=b"]
    )
    async def test_takes_each_parameter_once(self, house: House, query: str) -> None:
        answer = await look(house, f"/payments?{query}")

        assert answer.status == 400
        assert_problem(answer, "query")

    @pytest.mark.parametrize(
        "limit",
        [
            "",
            "0",
            "-1",
            "101",
            "1000000",
            "1.5",
            "1e1",
            "+5",
            "ten",
            "05",
            "0000000001000000",
            "%D9%A3",
            "10%20",
            "%0A5",
        ],
    )
    async def test_takes_a_limit_from_1_to_100(self, house: House, limit: str) -> None:
        answer = await look(house, f"/payments?reference=INV-1&limit={limit}")

        assert answer.status == 400
        assert_problem(answer, "limit")
        assert answer.body["errors"][0]["message"] == "write an integer from 1 to 100"

    @pytest.mark.parametrize(
        "cursor", ["", "1", "pay_1", "pay_" + "0" * 33, "op_" + "0" * 32, "pay_" + "G" * 32, "%27"]
    )
    async def test_takes_a_cursor_as_it_was_given(self, house: House, cursor: str) -> None:
        answer = await look(house, f"/payments?reference=INV-1&cursor={cursor}")

        assert answer.status == 400
        assert_problem(answer, "cursor")

    @pytest.mark.parametrize("state", ["", "paid", "AUTHORIZED", "authorized,captured", "authorized%20", "%00"])
    async def test_takes_a_state_that_there_is(self, house: House, state: str) -> None:
        answer = await look(house, f"/payments?state={state}")

        assert answer.status == 400
        assert_problem(answer, "state")
        assert "authorized, captured" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize("text", ["", "a" * 256, "%00", "%0A", "%7F", "%E2%80%AE", "%C3%A9", "%FF", "%ED%A0%80"])
    @pytest.mark.parametrize("name", ["reference", "idempotencyKey"])
    async def test_takes_printed_texts(self, house: House, name: str, text: str) -> None:
        answer = await look(house, f"/payments?{name}={text}")

        assert answer.status == 400
        assert_problem(answer, name)

    async def test_takes_no_key_that_a_sale_could_not_have(self, house: House) -> None:
        answer = await look(house, "/payments?idempotencyKey=attempt%201")

        assert answer.status == 400
        assert_problem(answer, "idempotencyKey")

    async def test_names_everything_that_is_wrong_at_once(self, house: House) -> None:
        answer = await look(house, "/payments?state=paid&limit=0&offset=7")

        assert_problem(answer, "state", "limit", "offset")

    @pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "_", "*", '"; DROP TABLE payments', "INV-1\\"])
    async def test_takes_a_text_for_what_it_is(self, house: House, text: str) -> None:
        await house.signed_sale("attempt-1")

        answer = await look(house, f"/payments?reference={quote(text)}")

        assert (answer.status, answer.body) == (200, {"items": [], "nextCursor": None})


OF_ANOTHER_FORM = ["pay_" + "0" * 32, "pay_" + "0" * 8_000, "pay_", "1", "-", "null", "*", "pay_%25"]
HOSTILE = ["..", "%2e%2e", "..%2F..%2Fetc", "%00", "%FF", "%F0%9F%92%B3", "%27%20OR%201=1%20--"]


class TestGetPayment:
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("refresh=yes", "refresh"),
            ("refresh=", "refresh"),
            ("refresh=True", "refresh"),
            ("refresh=1", "refresh"),
            ("refresh=true&refresh=true", "query"),
            ("refresh=false&refresh=true", "query"),
            ("Refresh=true", "Refresh"),
            ("expand=operations", "expand"),
            (f"n{VISA}=1", "(unnamed)"),
        ],
    )
    async def test_knows_refresh_alone(self, house: House, query: str, field: str) -> None:
        sold = await house.signed_sale("attempt-1")

        answer = await look(house, f"/payments/{sold.body['id']}?{query}")

        assert answer.status == 400
        assert_problem(answer, field)

    @pytest.mark.parametrize(
        "payment_id",
        [*OF_ANOTHER_FORM, *HOSTILE],
        ids=lambda text: text[:16],
    )
    async def test_of_an_id_that_is_none_is_404(self, house: House, payment_id: str) -> None:
        await house.signed_sale("attempt-1")

        answer = await look(house, f"/payments/{payment_id}")

        assert (answer.status, answer.body["code"]) == (404, "not-found")

    async def test_takes_no_id_in_other_letters(self, house: House) -> None:
        sold = await house.signed_sale("attempt-1")

        answer = await look(house, f"/payments/{sold.body['id'].upper()}")

        assert answer.status == 404
