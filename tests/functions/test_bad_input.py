"""What is wrong with a request is named, field by field, with what to write instead; nothing of it is kept or sent."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions._json import BODY_BYTES_MAX, DEPTH_MAX, PROBLEMS_MAX
from shared.payments.money import AMOUNT_MINOR_MAX
from tests.builders import NOW, VISA, a_sale_body
from tests.functions.bodies import a_full_body, values, with_literal, with_value, without, written
from tests.functions.traces import no_trace
from tests.house import Answer, House

# Every message tells what to do, not only what is wrong.
INSTRUCTION = re.compile(r"\b(write|send|use|nest|leave|takes|is required)\b")


async def post(house: House, body: bytes, **headers: str) -> Answer:
    named = {"Idempotency-Key": "attempt-1"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return await house.call("POST", "/payments", body, {**house.signature("POST", "/payments", body), **named})


async def refused(house: House, body: bytes, *fields: str, status: int = 400, **headers: str) -> Answer:
    """The answer to `body`, once it is certain that it names exactly these fields and left nothing behind."""
    async with no_trace(house):
        answer = await post(house, body, **headers)
    assert answer.status == status, answer.text
    assert_problem(answer, *fields)
    assert VISA not in re.sub(r"[^0-9]", "", answer.text + repr(house.telemetry.events))
    return answer


def assert_problem(answer: Answer, *fields: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    assert [problem["field"] for problem in answer.body["errors"]] == list(fields)
    assert all(INSTRUCTION.search(problem["message"]) for problem in answer.body["errors"]), answer.text


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


class TestAValue:
    @pytest.mark.parametrize(("path", "good"), list(values(a_full_body())), ids=[p for p, _ in values(a_full_body())])
    async def test_must_be_of_its_type(self, house: House, path: str, good: Any) -> None:
        wrong = [True, 1.5, [], [good], {}, 7, "7", None]
        wrong = [value for value in wrong if type(value) is not type(good)]
        if path in OPTIONAL:
            wrong.remove(None)

        for value in wrong:
            body = with_value(path, value, a_full_body())
            if value == {} and isinstance(good, dict):
                continue
            await refused(house, written(body), path)

    @pytest.mark.parametrize("path", [path for path, _ in values(a_sale_body())])
    async def test_may_be_missing_only_where_the_contract_says_so(self, house: House, path: str) -> None:
        body = written(without(path))

        if path in OPTIONAL - {"method.number"}:
            assert (await post(house, body)).status == 201
        else:
            await refused(house, body, "method" if path == "method.number" else path)

    @pytest.mark.parametrize("path", ["method.expiry", "payer", "payer.address"])
    async def test_that_is_an_empty_object_is_told_what_belongs_into_it(self, house: House, path: str) -> None:
        inside = [f"{path}.{name}" for name in dict(values(a_sale_body()))[path]]

        await refused(house, written(with_value(path, {})), *inside)


# `null` is as good as nothing here.
OPTIONAL = {
    "statementDescriptor",
    "metadata",
    "metadata.channel",
    "method.cvv",
    "method.number",
    "payer.address.line2",
    "control",
    "control.code",
    "control.amountMinor",
    "control.latencyMs",
    "control.processorReference",
}


TOO_SMALL_OR_TOO_LARGE = [
    "0",
    "-0",
    "-1",
    "-12599",
    str(AMOUNT_MINOR_MAX + 1),
    "1" + "0" * 30,
    "9" * 100,
    "-" + "9" * 99,
]
WITH_A_FRACTION = ["12599.0", "125.99", "0.1", "1e3", "1E+2", "1e-400", "-0.0"]
NO_NUMBERS = ['"12599"', '"125.99"', '""', '"$125.99"', "true", "false", "null", "[]", "[12599]", "{}", '{"minor": 1}']


class TestAmountMinor:
    @pytest.mark.parametrize(
        "literal",
        [*TOO_SMALL_OR_TOO_LARGE, *WITH_A_FRACTION, *NO_NUMBERS],
    )
    async def test_must_be_an_integer_of_minor_units(self, house: House, literal: str) -> None:
        answer = await refused(house, with_literal("amountMinor", literal), "amountMinor")

        assert f"integer of minor units from 1 to {AMOUNT_MINOR_MAX}" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
    async def test_must_be_a_number_that_json_knows(self, house: House, literal: str) -> None:
        await refused(house, with_literal("amountMinor", literal), "amountMinor")
        await refused(house, with_literal("method.expiry.month", literal), "method.expiry.month")

    @pytest.mark.parametrize("literal", ["1e400", "-1e400", "1" + "0" * 100, "9" * 5_000, "-" + "9" * 60_000])
    async def test_must_be_a_number_of_sane_size(self, house: House, literal: str) -> None:
        await refused(house, with_literal("amountMinor", literal), "amountMinor")
        await refused(house, with_literal("method.expiry.month", literal), "method.expiry.month")

    @pytest.mark.parametrize("literal", ["012599", "+12599", "0x1F", "12_599", ".5", "5.", "1e", "--1", "１２"])
    async def test_must_be_written_as_json_writes_numbers(self, house: House, literal: str) -> None:
        await refused(house, with_literal("amountMinor", literal), "body")

    @pytest.mark.parametrize("amount_minor", [1, AMOUNT_MINOR_MAX])
    async def test_may_be_the_smallest_and_the_largest(self, house: House, amount_minor: int) -> None:
        sold = await post(house, written(a_sale_body(amountMinor=amount_minor)))

        assert (sold.status, house.books()[0]["amount"]) == (201, amount_minor)


OF_ANOTHER_CHECK_DIGIT = ["4112344112344112", "4112344112344114", "1234567890123456"]
WITH_MORE_THAN_DIGITS = [
    "4112 3441 1234 4113",
    "4112-3441-1234-4113",
    f" {VISA}",
    f"{VISA}\n",
    f"{VISA[:-1]}x",
    "٤" * 16,
]
# 11 and 20 digits with good check digits, and more.
OF_ANOTHER_LENGTH = ["", "41123441127", "41123441123441134110", "4" * 65]


class TestTheMethod:
    @pytest.mark.parametrize(
        "number",
        [*OF_ANOTHER_CHECK_DIGIT, *WITH_MORE_THAN_DIGITS, *OF_ANOTHER_LENGTH],
        ids=ascii,
    )
    async def test_takes_a_number_with_its_check_digit_and_without_spaces(self, house: House, number: str) -> None:
        answer = await refused(house, written(with_value("method.number", number)), "method.number")

        assert "12-19 digits with a valid check digit, without spaces" in answer.body["errors"][0]["message"]
        assert not number or number.strip() not in answer.text

    async def test_takes_either_a_number_or_a_token(self, house: House) -> None:
        both = with_value("method.token", "4112344112340000")
        neither = without("method.number")

        for body in (both, neither):
            answer = await refused(house, written(body), "method")
            assert answer.body["errors"][0]["message"] == "send either `number` or `token`"
            assert "4112344112340000" not in answer.text

    @pytest.mark.parametrize("token", ["", "abc", "a" * 20, "4112 3441", "4112-3441", "tök1", 41123441])
    async def test_takes_a_token_of_letters_and_digits(self, house: House, token: object) -> None:
        body = with_value("method.token", token, without("method.number"))

        answer = await refused(house, written(body), "method.token")

        assert "4-19 letters and digits" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize("token_type", ["SAFETECH", "device", "", 1])
    async def test_takes_tokens_of_two_types(self, house: House, token_type: object) -> None:
        body = with_value("method.token", "4112344112340000", without("method.number"))

        await refused(house, written(with_value("method.tokenType", token_type, body)), "method.tokenType")

    async def test_takes_a_token_type_with_a_token_only(self, house: House) -> None:
        answer = await refused(house, written(with_value("method.tokenType", "network")), "method")

        assert answer.body["errors"][0]["message"] == "`tokenType` goes with `token`"

    @pytest.mark.parametrize("cvv", ["", "73", "73194", "7e1", "٧٣١", " 731", "731\n", 731, 73.1, True])
    async def test_takes_a_cvv_of_three_or_four_digits_as_a_string(self, house: House, cvv: object) -> None:
        answer = await refused(house, written(with_value("method.cvv", cvv)), "method.cvv")

        assert answer.body["errors"][0]["message"] == "write 3 or 4 digits, as a string"

    @pytest.mark.parametrize("month", [0, 13, -5, 2_000_000_000, "5", "05", 5.0, None, True])
    async def test_takes_a_month_of_the_year(self, house: House, month: object) -> None:
        answer = await refused(house, written(with_value("method.expiry.month", month)), "method.expiry.month")

        assert answer.body["errors"][0]["message"] == "write an integer from 1 to 12"

    @pytest.mark.parametrize("year", [29, 0, 1999, 2100, 20290, "2029", "29", 2029.0, None])
    async def test_takes_a_year_of_four_digits(self, house: House, year: object) -> None:
        answer = await refused(house, written(with_value("method.expiry.year", year)), "method.expiry.year")

        assert "a year of four digits" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize(("month", "year"), [(10, 2026), (12, 2025), (1, 2000)])
    async def test_takes_no_card_that_has_expired(self, house: House, month: int, year: int) -> None:
        body = with_value("method.expiry", {"month": month, "year": year})

        answer = await refused(house, written(body), "method.expiry")

        assert "expired" in answer.body["errors"][0]["message"]

    async def test_takes_a_card_until_its_month_is_over_everywhere(self, house: House) -> None:
        over = datetime(2029, 6, 1, 12, tzinfo=UTC)
        await house.clock.advance((over - NOW - timedelta(seconds=1)).total_seconds())
        in_time = await post(house, written(a_sale_body(reference="INV-1")), Idempotency_Key="in-time")

        await house.clock.advance(1)

        assert in_time.status == 201
        await refused(house, written(a_sale_body(reference="INV-2")), "method.expiry", Idempotency_Key="too-late")

    @pytest.mark.parametrize("kind", ["ach", "applePay", "googlePay", "Card", "CARD", "", "cash", None, 1])
    async def test_takes_no_other_type_than_a_card(self, house: House, kind: object) -> None:
        answer = await refused(house, written(with_value("method.type", kind)), "method.type")

        assert answer.body["errors"][0]["message"] == "write `card`"

    async def test_of_another_type_names_each_field_that_does_not_belong(self, house: House) -> None:
        ach = {"type": "ach", "routingNumber": "122000247", "accountNumber": VISA, "accountType": "checking"}

        fields = ("type", "expiry", "routingNumber", "accountNumber", "accountType")

        await refused(house, written(with_value("method", ach)), *(f"method.{name}" for name in fields))


TEXTS: dict[str, list[str]] = {
    "billerId": ["", "a" * 41, "City-Water", "city water", "-city", "city_water", "city-water\n", "città"],
    "reference": ["", "I" * 65, "INV/1", "INV#1", "INV\n1", "INV\t1", "ÏNV", "INV;DROP", "INV\u2028"],
    "currency": ["", "US", "USDD", "usd", "Usd", "U$D", "USD ", "\u0405SD"],
    "initiator": ["", "Payer", "CARDHOLDER", "payer ", "somebody"],
    "statementDescriptor": ["", "ABC", "A" * 101, "CITY<WATER>", "CITY_WATER", "CITY\nWATER", "CITYÖ"],
    "payer.firstName": ["", "A" * 71, "<b>Ada</b>", "Ada{}"],
    "payer.lastName": ["", "B" * 71, "<Byron", "By\u202eron"],
    "payer.email": ["", "a@b.c", "a" * 49 + "@example.com", "ada", "ada@example", "@example.com", "ada@", "a b@c.com"],
    "payer.address.line1": ["", "1" * 41, "<1 Main St>"],
    "payer.address.line2": ["", "1" * 41, "{2}"],
    "payer.address.city": ["", "B" * 41, "<Boston>"],
    "payer.address.state": ["", "M", "MASS", "ma", "M-", "МА"],
    "payer.address.postalCode": ["", "02", "0" * 13, "02110--1", "-02110", "02110-", "02 1 10", "02110\n", "٠٢١١٠"],
    "payer.address.country": ["", "US", "USAA", "usa", "U5A", "United States"],
    "control.status": ["", "Approved", "ok"],
    "control.code": ["", "0" * 65, "0\n", "é"],
    "control.processorReference": ["", "c" * 101, "ch\u0000"],
}
# None of them is printed, and each can make a log, a statement or a screen say something else.
UNPRINTED = ["\u0000", "\u0007", "\n", "\r", "\u001b[31m", "\u007f", "\u0085", "\u00ad", "\u200b", "\u2028", "\u2029"]
UNPRINTED += ["\u202e", "\u2066", "\ufeff", "\ufffe", "\ue000", "\ud800", "\udc00", "\U000e0041"]


class TestAText:
    @pytest.mark.parametrize(
        ("path", "text"),
        [(path, text) for path, bad in TEXTS.items() for text in bad],
        ids=lambda value: ascii(value)[:30],
    )
    async def test_keeps_to_its_length_and_characters(self, house: House, path: str, text: str) -> None:
        await refused(house, written(with_value(path, text, a_full_body())), path)

    @pytest.mark.parametrize("unprinted", UNPRINTED, ids=ascii)
    async def test_holds_nothing_that_is_not_printed(self, house: House, unprinted: str) -> None:
        for path, good in values(a_full_body()):
            if isinstance(good, str):
                body = with_value(path, good[:2] + unprinted + good[2:], a_full_body())
                await refused(house, written(body), path)

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("payer.firstName", "Zoë"),
            ("payer.lastName", "O'Neill-Łukasz 2nd"),
            ("payer.address.city", "São Paulo"),
            ("payer.firstName", "A" * 70),
            ("payer.address.line1", "1" * 40),
            ("reference", "I" * 64),
            ("payer.address.postalCode", "SW1A 1AA"),
        ],
    )
    async def test_may_be_of_any_script_and_as_long_as_it_says(self, house: House, path: str, text: str) -> None:
        answer = await post(house, written(with_value(path, text)))

        assert answer.status == 201

    @pytest.mark.parametrize("biller_id", ["city-wate", "another-city", "0"])
    async def test_names_a_biller_that_we_charge_for(self, house: House, biller_id: str) -> None:
        async with no_trace(house):
            answer = await post(house, written(a_sale_body(billerId=biller_id)))

        assert (answer.status, answer.body["code"]) == (400, "invalid-request")
        assert answer.body["errors"] == [{"field": "billerId", "message": "is not a biller that we charge for"}]

    @pytest.mark.parametrize("currency", ["EUR", "CAD", "XXX"])
    async def test_names_a_currency_that_the_biller_takes(self, house: House, currency: str) -> None:
        answer = await refused(house, written(a_sale_body(currency=currency)), "currency")

        assert answer.body["errors"][0]["message"] == "this biller takes USD"


class TestMetadata:
    @pytest.mark.parametrize("value", [{}, [], {"a": "b"}, ["web"], 7, True, None, 1.5, "", "x" * 101, "<web>", "a\n"])
    async def test_holds_short_texts(self, house: House, value: object) -> None:
        answer = await refused(house, written(a_sale_body(metadata={"channel": value})), "metadata.channel")

        assert "texts of 1-100 characters" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize(
        ("name", "told"), [("9lives", "(unnamed)"), ("a b", "(unnamed)"), ("", "(unnamed)"), ("k" * 41, "(unnamed)")]
    )
    async def test_has_plain_names(self, house: House, name: str, told: str) -> None:
        await refused(house, written(a_sale_body(metadata={name: "web"})), f"metadata.{told}")

    async def test_has_at_most_20_entries(self, house: House) -> None:
        twenty = {f"k{number}": "web" for number in range(20)}

        answer = await refused(house, written(a_sale_body(metadata={**twenty, "one-more": "web"})), "metadata")

        assert "at most 20" in answer.body["errors"][0]["message"]
        assert (await post(house, written(a_sale_body(metadata=twenty)))).status == 201


class TestTheIdempotencyKey:
    @pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}], ids=["missing", "empty"])
    async def test_is_required(self, house: House, headers: dict[str, str]) -> None:
        body = written(a_sale_body())

        async with no_trace(house):
            answer = await house.call(
                "POST", "/payments", body, {**house.signature("POST", "/payments", body), **headers}
            )

        assert (answer.status, answer.body["code"]) == (400, "idempotency-key-missing")
        assert_problem(answer, "Idempotency-Key")

    @pytest.mark.parametrize("key", ["k" * 256, "a b", " a", "a\t", "é", "\xff", "a\x00", "a, a", "\x7f"], ids=ascii)
    async def test_is_of_visible_ascii_and_255_at_most(self, house: House, key: str) -> None:
        answer = await refused(house, written(a_sale_body()), "Idempotency-Key", Idempotency_Key=key)

        assert answer.body["code"] == "invalid-request"

    @pytest.mark.parametrize("key", ["k" * 255, "!~", "0"], ids=["longest", "odd", "shortest"])
    async def test_may_be_anything_visible(self, house: House, key: str) -> None:
        assert (await post(house, written(a_sale_body()), Idempotency_Key=key)).status == 201


SPELLINGS = [VISA, f"card {VISA}", f"{VISA[:4]} {VISA[4:8]} {VISA[8:12]} {VISA[12:]}", VISA[:8] + "-" + VISA[8:]]


class TestTheCardNumber:
    """It may stand in one place only: every other is stored, shown or logged."""

    @pytest.mark.parametrize("number", SPELLINGS)
    @pytest.mark.parametrize(
        "path",
        ["reference", "statementDescriptor", "payer.lastName", "payer.address.line2", "metadata.note", "control.code"],
    )
    async def test_may_not_stand_in_another_field(self, house: House, path: str, number: str) -> None:
        answer = await refused(house, written(with_value(path, number, a_full_body())), path)

        assert answer.body["errors"][0]["message"] == "holds the card number; send that in `method` alone"

    async def test_may_not_stand_in_an_email(self, house: House) -> None:
        await refused(house, written(with_value("payer.email", f"{VISA}@example.com")), "payer.email")

    @pytest.mark.parametrize("name", [f"n{VISA}", f"card-{VISA[:8]}-{VISA[8:]}"])
    async def test_may_not_be_a_name_among_the_metadata(self, house: House, name: str) -> None:
        await refused(house, written(a_sale_body(metadata={name: "web"})), "metadata.(unnamed)")

    @pytest.mark.parametrize("key", [VISA, f"sale-{VISA}", f"{VISA[:8]}-{VISA[8:]}"])
    async def test_may_not_be_the_idempotency_key(self, house: House, key: str) -> None:
        await refused(house, written(a_sale_body()), "Idempotency-Key", Idempotency_Key=key)

    async def test_as_a_token_may_not_stand_in_another_field_either(self, house: House) -> None:
        body = with_value("method.token", "9112344112340000", without("method.number"))

        answer = await refused(house, written(with_value("metadata.note", "9112344112340000", body)), "metadata.note")

        assert "9112344112340000" not in answer.text

    async def test_as_a_short_token_may_stand_in_another_field_by_chance(self, house: House) -> None:
        body = with_value("method.token", "Main", without("method.number"))

        assert (await post(house, written(body))).status == 201
