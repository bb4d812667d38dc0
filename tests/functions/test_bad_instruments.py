"""Bank accounts and wallets that cannot be taken as they are: named to the field, stored and sent nowhere."""

from typing import Any

import pytest

from tests.builders import a_google_pay_token, a_sale_body, an_ach_method, an_apple_pay_method
from tests.functions.bodies import written
from tests.functions.refusals import refused
from tests.house import House

NOT_BASE64 = ["", "abc", "====", "a b c d", "YWJj\n", "YWJj-_==", "ÄÖÜß"]


def a_sale(method: dict[str, Any], **changed: Any) -> bytes:
    return written(a_sale_body(method=method, **changed))


class TestABankAccount:
    @pytest.mark.parametrize("number", ["122000248", "000000000", "12200024", "1220002470", "12200024a", "", 122000247])
    async def test_has_a_routing_number_with_its_check_digit(self, house: House, number: object) -> None:
        answer = await refused(house, a_sale(an_ach_method(routingNumber=number)), "method.routingNumber")

        assert "9 digits with a valid check digit" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize("number", ["", "123", "1" * 18, "0888-271156", "0888 271156", "٠٨٨٨٢٧", 888271156, None])
    async def test_has_an_account_number_of_digits_that_is_not_told_back(self, house: House, number: object) -> None:
        answer = await refused(house, a_sale(an_ach_method(accountNumber=number)), "method.accountNumber")

        assert answer.body["errors"][0]["message"] == "write 4-17 digits, as a string"
        assert not number or str(number) not in answer.text

    @pytest.mark.parametrize("kind", ["CHECKING", "saving", "", None, 1])
    async def test_is_of_a_type_that_chase_knows(self, house: House, kind: object) -> None:
        await refused(house, a_sale(an_ach_method(accountType=kind)), "method.accountType")

    @pytest.mark.parametrize("word", ["WEB", "phone", "", None])
    async def test_says_how_it_was_authorized(self, house: House, word: object) -> None:
        await refused(house, a_sale(an_ach_method(authorization=word)), "method.authorization")

    @pytest.mark.parametrize("name", ["routingNumber", "accountNumber", "accountType", "authorization"])
    async def test_lacks_nothing(self, house: House, name: str) -> None:
        method = an_ach_method()
        del method[name]

        await refused(house, a_sale(method), f"method.{name}")

    async def test_has_no_field_of_a_card(self, house: House) -> None:
        await refused(house, a_sale(an_ach_method(cvv="739")), "method.cvv")

    async def test_may_not_stand_in_another_field(self, house: House) -> None:
        answer = await refused(house, a_sale(an_ach_method(), reference="acct 0888271156"), "reference")

        assert "0888271156" not in answer.text


class TestAnApplePayBundle:
    @pytest.mark.parametrize("text", [*NOT_BASE64, 1, None, "A" * 16_388])
    @pytest.mark.parametrize("name", ["data", "signature"])
    async def test_is_base64(self, house: House, name: str, text: object) -> None:
        await refused(house, a_sale(an_apple_pay_method(**{name: text})), f"method.paymentData.{name}")

    @pytest.mark.parametrize("version", ["RSA_v1", "EC_v2", "", None])
    async def test_is_of_the_version_that_chase_opens(self, house: House, version: object) -> None:
        await refused(house, a_sale(an_apple_pay_method(version=version)), "method.paymentData.version")

    @pytest.mark.parametrize("name", ["ephemeralPublicKey", "publicKeyHash", "transactionId"])
    async def test_has_a_whole_header(self, house: House, name: str) -> None:
        header = an_apple_pay_method()["paymentData"]["header"]
        del header[name]

        await refused(house, a_sale(an_apple_pay_method(header=header)), f"method.paymentData.header.{name}")

    @pytest.mark.parametrize("text", ["not hex", "", "a" * 129])
    async def test_names_its_transaction_in_hex(self, house: House, text: str) -> None:
        header = {**an_apple_pay_method()["paymentData"]["header"], "transactionId": text}

        await refused(house, a_sale(an_apple_pay_method(header=header)), "method.paymentData.header.transactionId")

    @pytest.mark.parametrize("payment_data", ["a string", [], None, 1])
    async def test_is_an_object(self, house: House, payment_data: object) -> None:
        await refused(house, a_sale({"type": "applePay", "paymentData": payment_data}), "method.paymentData")

    async def test_may_not_stand_in_another_field(self, house: House) -> None:
        method = an_apple_pay_method(data="c2VhbGVkIHNlYWxlZCAx")

        await refused(house, a_sale(method, metadata={"copy": "c2VhbGVkIHNlYWxlZCAx"}), "metadata.copy")


class TestAGooglePayToken:
    @pytest.mark.parametrize(
        "token",
        [
            "",
            "not JSON",
            "[]",
            "{}",
            a_google_pay_token(protocolVersion="ECv3"),
            a_google_pay_token(intermediateSigningKey=None),
            a_google_pay_token(intermediateSigningKey={"signatures": []}),
            a_google_pay_token(intermediateSigningKey={"signatures": ["not base64!"]}),
            a_google_pay_token(signature="not base64!"),
            a_google_pay_token(signedMessage="not JSON"),
            a_google_pay_token(signedMessage='{"encryptedMessage": "YWJj"}'),
            a_google_pay_token(signature="A" * 16_388),
            {"protocolVersion": "ECv2"},
            None,
        ],
        ids=lambda token: str(token)[:20],
    )
    async def test_is_googles_json_as_a_string(self, house: House, token: object) -> None:
        answer = await refused(house, a_sale({"type": "googlePay", "token": token}), "method.token")

        assert "Google's token: its JSON (ECv1 or ECv2) as a string" in answer.body["errors"][0]["message"]
