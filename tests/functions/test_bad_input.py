"""What is wrong with a request is named, field by field, with what to write instead; nothing of it is kept or sent."""

import json
import re
from typing import Any

import pytest

from functions._json import BODY_BYTES_MAX, DEPTH_MAX, PROBLEMS_MAX
from tests.builders import VISA, a_sale_body
from tests.functions.bodies import a_full_body, with_value, written
from tests.functions.refusals import post, refused
from tests.house import House


class TestTheBody:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b" ",
            b"\x00",
            b"{",
            b"}",
            b"{]",
            b"nothing",
            b"{'billerId': 'city-water'}",
            b'{"billerId": "city-water",}',
            b'{"billerId"}',
            b'{"billerId": "city-water"} {}',
            b'{"billerId": "city-water"} // really',
            written(a_sale_body())[:-1],
            written(a_sale_body()).replace(b"INV-2026", b"INV\n2026"),
            written(a_sale_body()).replace(b"INV-2026", b"INV\x002026"),
            written(a_sale_body()).replace(b"INV-2026", b"INV\x1b2026"),
            written(a_sale_body()).replace(b"INV-2026", b"INV\\x2026"),
            b"\xef\xbb\xbf" + written(a_sale_body()),
        ],
        ids=lambda body: repr(body[:24]),
    )
    async def test_must_be_json(self, house: House, body: bytes) -> None:
        answer = await refused(house, body, "body")

        assert re.search(r"is not JSON \(line \d+, column \d+\)", answer.body["errors"][0]["message"])

    @pytest.mark.parametrize(
        "body",
        [
            written(a_sale_body()).replace(b"Ada", b"\xff"),
            written(a_sale_body()).replace(b"Ada", b"\xc3"),
            written(a_sale_body()).replace(b"Ada", b"\xc0\xae"),
            written(a_sale_body()).replace(b"Ada", b"\xed\xa0\x80"),
            written(a_sale_body()).replace(b"Ada", "Zoë".encode("latin-1")),
            json.dumps(a_sale_body()).encode("utf-16"),
            json.dumps(a_sale_body()).encode("utf-32"),
        ],
        ids=["ff", "half a letter", "overlong", "surrogate", "latin-1", "utf-16", "utf-32"],
    )
    async def test_must_be_utf_8(self, house: House, body: bytes) -> None:
        answer = await refused(house, body, "body")

        assert answer.body["errors"][0]["message"] == "is not UTF-8; send JSON in UTF-8"

    @pytest.mark.parametrize("body", [b"[]", b"null", b"true", b"7", b"1e400", b"NaN", b'"sale"', b"[{}]"], ids=repr)
    async def test_must_be_an_object(self, house: House, body: bytes) -> None:
        answer = await refused(house, body, "body")

        assert answer.body["errors"][0]["message"] == "send a JSON object"

    async def test_of_an_empty_object_is_told_everything_that_is_missing(self, house: House) -> None:
        required = ("billerId", "reference", "amountMinor", "currency", "method", "payer", "initiator")

        answer = await refused(house, b"{}", *required)

        assert all(problem["message"].startswith("is required: ") for problem in answer.body["errors"])

    @pytest.mark.parametrize("levels", [DEPTH_MAX + 1, 100, 5_000, 13_000])
    async def test_may_not_nest_objects_deeper_than_any_request_does(self, house: House, levels: int) -> None:
        await refused(house, b'{"a":' * levels + b"}" * min(levels, 100), "body")
        await refused(house, b'{"a":' * min(levels, 9_000) + b"1" + b"}" * min(levels, 9_000), "body")

    @pytest.mark.parametrize("levels", [DEPTH_MAX + 1, 100, 30_000, 50_000])
    async def test_may_not_nest_lists_deeper_than_any_request_does(self, house: House, levels: int) -> None:
        await refused(house, b'{"a":' + b"[" * levels, "body")
        await refused(house, b'{"a":' + b"[" * min(levels, 30_000) + b"]" * min(levels, 30_000) + b"}", "body")

    @pytest.mark.parametrize("levels", [1, 9])
    async def test_that_nests_less_is_refused_for_its_fields(self, house: House, levels: int) -> None:
        nested: Any = 1
        for _ in range(levels - 1):
            nested = {"a": nested}

        await refused(house, written({**a_sale_body(), "extra": nested}), "extra")

    async def test_of_a_byte_too_many_is_413(self, house: House) -> None:
        body = written(a_sale_body()).ljust(BODY_BYTES_MAX + 1)

        answer = await refused(house, body, "body", status=413)

        assert answer.body["code"] == "payload-too-large"

    async def test_of_exactly_64_kib_is_taken(self, house: House) -> None:
        body = written(a_sale_body()).ljust(64 * 1024)

        answer = await post(house, body)

        assert answer.status == 201

    async def test_with_thousands_of_mistakes_is_told_the_first_ones(self, house: House) -> None:
        body = written({**a_sale_body(), **{f"f{number}": 1 for number in range(5_000)}})

        await refused(house, body, *(f"f{number}" for number in range(PROBLEMS_MAX)))

    async def test_with_thousands_of_repeated_names_is_told_the_first_ones(self, house: House) -> None:
        body = b"{" + b",".join(b'"f%d":1,"f%d":1' % (number, number) for number in range(3_000)) + b"}"

        await refused(house, body, *(f"f{number}" for number in range(PROBLEMS_MAX)))


class TestAName:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (written(a_sale_body()).replace(b'"currency"', b'"currency": "EUR", "currency"'), "currency"),
            (written(a_sale_body()).replace(b'"currency"', b'"currency": "USD", "currency"'), "currency"),
            (written(a_sale_body()).replace(b'"amountMinor"', b'"amountMinor": 1, "amountMinor"'), "amountMinor"),
            (written(a_sale_body()).replace(b'"number"', b'"number": "1", "number"'), "method.number"),
            (written(a_sale_body()).replace(b'"month"', b'"month": 6, "month"'), "method.expiry.month"),
            (written(a_sale_body()).replace(b'"city"', b'"city": "Rome", "city"'), "payer.address.city"),
            (written(a_sale_body()).replace(b'"city"', b'"\\u0063ity": "Rome", "city"'), "payer.address.city"),
            (written(a_sale_body()).replace(b'"channel"', b'"channel": {}, "channel"'), "metadata.channel"),
            (written(a_sale_body()).replace(b'"method"', b'"method": {"type": {}}, "method"'), "method"),
        ],
        ids=["top", "top, same value", "money", "nested", "deeper", "deepest", "escaped", "metadata", "object"],
    )
    async def test_may_not_stand_twice_in_one_object(self, house: House, body: bytes, field: str) -> None:
        answer = await refused(house, body, field)

        assert answer.body["errors"][0]["message"] == "stands twice in one object; send it once"

    @pytest.mark.parametrize(
        "path",
        ["tip", "billerID", "biller_id", "method.pin", "method.expiry.day", "payer.phone", "payer.address.line3"],
    )
    async def test_must_be_of_the_contract(self, house: House, path: str) -> None:
        answer = await refused(house, written(with_value(path, 1, a_full_body())), path)

        assert answer.body["errors"][0]["message"] == "is not a field of this request; leave it out"

    @pytest.mark.parametrize("above", ["", "method.", "payer.address.", "control."])
    @pytest.mark.parametrize("name", [VISA, f"n{VISA}", f"n{VISA[:4]}-{VISA[4:8]}-{VISA[8:12]}-{VISA[12:]}"])
    async def test_that_is_a_card_number_is_not_repeated_back(self, house: House, above: str, name: str) -> None:
        await refused(house, written(with_value(above + name, 1, a_full_body())), f"{above}(unnamed)")
        twice = written(with_value(above + name, 1, a_full_body())).replace(
            f'"{name}": 1'.encode(), f'"{name}": 1, "{name}": 1'.encode()
        )
        await refused(house, twice, f"{above}(unnamed)")

    @pytest.mark.parametrize("name", ["", " ", "a" * 41, "é", "a\u0000", "\u202etip", "<script>", "\ud800", "a b"])
    @pytest.mark.parametrize("above", ["", "method.", "payer."])
    async def test_that_is_no_name_is_not_repeated_back(self, house: House, above: str, name: str) -> None:
        await refused(house, written(with_value(above + name, 1)), f"{above}(unnamed)")
