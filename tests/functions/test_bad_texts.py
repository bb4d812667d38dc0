"""The texts of a sale and its key: their lengths and characters, and that none of them holds the card number."""

import pytest

from tests.builders import MASTERCARD, VISA, a_sale_body
from tests.functions.bodies import a_full_body, values, with_value, without, written
from tests.functions.refusals import assert_problem, post, refused
from tests.functions.traces import no_trace
from tests.house import House

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
        [
            "reference",
            "statementDescriptor",
            "payer.lastName",
            "payer.address.line2",
            "metadata.note",
            "control.processorReference",
        ],
    )
    async def test_may_not_stand_in_another_field(self, house: House, path: str, number: str) -> None:
        answer = await refused(house, written(with_value(path, number, a_full_body())), path)

        assert answer.body["errors"][0]["message"] == "holds what belongs in `method` alone; leave it out"

    @pytest.mark.parametrize("number", [*SPELLINGS, MASTERCARD, f"paid by {MASTERCARD}"])
    async def test_may_not_be_what_the_existing_processor_answered_whoever_s_it_is(
        self, house: House, number: str
    ) -> None:
        answer = await refused(house, written(with_value("control.code", number, a_full_body())), "control.code")

        said = answer.body["errors"][0]["message"]
        assert said == "write 1-64 visible characters without a card number, such as 00"

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
