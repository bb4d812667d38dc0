"""Each field of a sale, and its money and its method above all: what they must be, and how that is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.payments.money import AMOUNT_MINOR_MAX
from tests.builders import NOW, VISA, a_sale_body
from tests.functions.bodies import a_full_body, values, with_literal, with_value, without, written
from tests.functions.refusals import post, refused
from tests.house import House


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
OF_ANOTHER_LENGTH = ["", "41123441127", "41123441123441134119", "4" * 65]


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

        assert answer.body["errors"][0]["message"] == "`tokenType` goes with `token` only; leave it out"

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

    @pytest.mark.parametrize("kind", ["Card", "CARD", "", "cash", None, 1])
    async def test_is_of_a_type_that_we_take(self, house: House, kind: object) -> None:
        answer = await refused(house, written(with_value("method.type", kind)), "method.type")

        assert answer.body["errors"][0]["message"] == "write one of `card`, `ach`, `applePay`, `googlePay`"

    async def test_has_a_type(self, house: House) -> None:
        await refused(house, written(without("method.type")), "method.type")

    async def test_of_another_type_names_each_field_that_does_not_belong(self, house: House) -> None:
        body = with_value("method.type", "ach")

        answer = await post(house, written(body))

        named = {problem["field"] for problem in answer.body["errors"]}
        assert {"method.number", "method.expiry", "method.cvv", "method.routingNumber"} <= named
