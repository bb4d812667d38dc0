"""What a sale looks like on the wire, and what is read from an answer, field by field."""

import json
from datetime import UTC, datetime

import pytest

from shared.chase.wire import Answer, headers, health_word, payment_path, read_answer, read_object, sale_body
from shared.payments.money import Money
from shared.payments.requests import Initiator, Merchant, Payer, SaleRequest, TokenType
from shared.payments.secret import Secret
from tests.chase.desk import a_card, a_merchant, a_payment_of, a_request, an_address
from tests.chase.peer import a_decline, a_payment


def body_of(request: SaleRequest, merchant: Merchant | None = None) -> dict[str, object]:
    merchant = merchant or a_merchant()
    return json.loads(sale_body(request, a_payment_of(request, merchant), merchant))


class TestTheBodyOfASale:
    def test_with_every_field(self) -> None:
        request = a_request(
            statement_descriptor="CITY WATER*BILL",
            payer=Payer("Ada", "Byron", "ada@example.com", an_address(line2="Apt 2")),
            metadata={"channel": "web", "campaign": "spring"},
        )
        merchant = a_merchant(soft_merchant_name="City Water", category_code="4900")

        body = body_of(request, merchant)

        assert body == {
            "captureMethod": "DELAYED",
            "amount": 12599,
            "currency": "USD",
            "merchantOrderNumber": "0193561a7c4d00112233445566778899",
            "statementDescriptor": "CITY WATER*BILL",
            "initiatorType": "CARDHOLDER",
            "accountOnFile": "NOT_STORED",
            "isAmountFinal": True,
            "partialAuthorizationSupport": "NOT_SUPPORTED",
            "merchant": {
                "merchantSoftware": {
                    "companyName": "JPMC",
                    "productName": "IC Chase Payment Processing",
                    "version": "1",
                },
                "merchantCategoryCode": "4900",
                "softMerchant": {"name": "City Water"},
            },
            "accountHolder": {
                "firstName": "Ada",
                "lastName": "Byron",
                "fullName": "Ada Byron",
                "email": "ada@example.com",
                "billingAddress": {
                    "line1": "1 Main St",
                    "line2": "Apt 2",
                    "city": "Boston",
                    "state": "MA",
                    "postalCode": "02110",
                    "countryCode": "USA",
                },
            },
            "paymentMetadataList": [
                {"metadataAttribute": "channel", "metadataAttributeValue": "web"},
                {"metadataAttribute": "campaign", "metadataAttributeValue": "spring"},
            ],
            "paymentMethodType": {
                "card": {
                    "accountNumber": "4112344112344113",
                    "accountNumberType": "PAN",
                    "expiry": {"month": 5, "year": 2029},
                    "cvv": "011",
                    "isBillPayment": True,
                }
            },
        }

    def test_with_the_fewest_fields(self) -> None:
        body = body_of(a_request(method=a_card(cvv=None)))

        assert body == {
            "captureMethod": "DELAYED",
            "amount": 12599,
            "currency": "USD",
            "merchantOrderNumber": "0193561a7c4d00112233445566778899",
            "initiatorType": "CARDHOLDER",
            "accountOnFile": "NOT_STORED",
            "isAmountFinal": True,
            "partialAuthorizationSupport": "NOT_SUPPORTED",
            "merchant": {
                "merchantSoftware": {
                    "companyName": "JPMC",
                    "productName": "IC Chase Payment Processing",
                    "version": "1",
                }
            },
            "accountHolder": {
                "firstName": "Ada",
                "lastName": "Byron",
                "fullName": "Ada Byron",
                "email": "ada@example.com",
                "billingAddress": {
                    "line1": "1 Main St",
                    "city": "Boston",
                    "state": "MA",
                    "postalCode": "02110",
                    "countryCode": "USA",
                },
            },
            "paymentMethodType": {
                "card": {
                    "accountNumber": "4112344112344113",
                    "accountNumberType": "PAN",
                    "expiry": {"month": 5, "year": 2029},
                    "isBillPayment": True,
                }
            },
        }

    def test_of_a_biller_that_captures_at_once(self) -> None:
        assert body_of(a_request(), a_merchant(capture_delay=False))["captureMethod"] == "NOW"

    def test_that_the_biller_initiates_says_that_the_card_is_on_file(self) -> None:
        body = body_of(a_request(initiator=Initiator.BILLER))

        assert (body["initiatorType"], body["accountOnFile"]) == ("MERCHANT", "STORED")

    @pytest.mark.parametrize(
        ("token_type", "number_type"),
        [(None, "PAN"), (TokenType.SAFETECH, "SAFETECH_TOKEN"), (TokenType.NETWORK, "NETWORK_TOKEN")],
    )
    def test_says_what_kind_of_number_it_carries(self, token_type: TokenType | None, number_type: str) -> None:
        body = body_of(a_request(method=a_card(token_type=token_type)))

        assert body["paymentMethodType"]["card"]["accountNumberType"] == number_type

    @pytest.mark.parametrize(
        ("requests_own", "merchants", "sent"),
        [("REQUEST", "MERCHANT", "REQUEST"), (None, "MERCHANT", "MERCHANT"), ("REQUEST", None, "REQUEST")],
    )
    def test_prefers_the_requests_statement_descriptor(
        self, requests_own: str | None, merchants: str | None, sent: str
    ) -> None:
        body = body_of(a_request(statement_descriptor=requests_own), a_merchant(statement_descriptor=merchants))

        assert body["statementDescriptor"] == sent

    @pytest.mark.parametrize(
        ("first", "last", "full_name"),
        [("A", "B", None), ("Al", "B", "Al B"), ("A" * 40, "B" * 40, "A" * 40 + " " + "B" * 29)],
    )
    def test_gives_a_full_name_that_chase_takes(self, first: str, last: str, full_name: str | None) -> None:
        body = body_of(a_request(payer=Payer(first, last, "a@b.example", an_address())))

        assert body["accountHolder"].get("fullName") == full_name

    def test_is_written_whatever_characters_a_name_holds(self) -> None:
        body = body_of(a_request(payer=Payer("Žofie\ud800", '"}', "a@b.example", an_address())))

        assert body["accountHolder"]["lastName"] == '"}'

    def test_keeps_a_large_amount_exact(self) -> None:
        assert body_of(a_request(amount=Money(99_999_999_999, "USD")))["amount"] == 99_999_999_999


class TestHeaders:
    def test_name_the_merchant_and_the_request(self) -> None:
        assert headers(Secret("t"), "998482157630", "r-1") == {
            "Authorization": "Bearer t",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "merchant-id": "998482157630",
            "request-id": "r-1",
        }

    def test_carry_no_request_id_where_chase_lists_none(self) -> None:
        assert "request-id" not in headers(Secret("t"), "998482157630")


def test_a_transaction_id_cannot_lead_to_another_path() -> None:
    assert payment_path("../refunds/1?x") == "/payments/..%2Frefunds%2F1%3Fx"


class TestReadingAnAnswer:
    def test_takes_every_field_that_we_use(self) -> None:
        answer = read_answer(a_payment(requestId="r-1"))

        assert answer == Answer(
            status="SUCCESS",
            state="AUTHORIZED",
            code="APPROVED",
            message="Transaction approved by Issuer",
            transaction_id="9f186d77-52f6-4c5d-8f0a-6f1e2d3c4b5a",
            request_id="r-1",
            amount_minor=12599,
            currency="USD",
            captures_at=datetime(2026, 11, 23, 20, 0, 0, 123_000, tzinfo=UTC),
            approval_code="tst021",
            avs="ADDRESS_POSTALCODE_MATCH",
            cvv="MATCH",
            network_transaction_id="014072692161152",
            advice=None,
        )

    def test_finds_the_networks_advice(self) -> None:
        assert read_answer(a_decline(advice="02")).advice == "02"

    @pytest.mark.parametrize(
        "text", ["", "soon", "2026-11-23", "2026-11-23T20:00:00", "0001-01-01T00:00:00+23:59", 17, None]
    )
    def test_takes_a_capture_time_that_cannot_be_read_for_none(self, text: object) -> None:
        assert read_answer(a_payment() | {"captureTime": text}).captures_at is None

    def test_reads_a_capture_time_of_any_offset_and_precision_as_utc_milliseconds(self) -> None:
        answer = read_answer(a_payment(captureTime="2026-11-23T15:00:00.1239999-05:00"))

        assert answer.captures_at == datetime(2026, 11, 23, 20, 0, 0, 123_000, tzinfo=UTC)

    @pytest.mark.parametrize("amount", ["12599", 12599.0, True, None, [12599], {}])
    def test_takes_an_amount_that_is_no_integer_for_none(self, amount: object) -> None:
        assert read_answer(a_payment() | {"amount": amount}).amount_minor is None

    @pytest.mark.parametrize(
        "method", [None, 7, {}, {"card": None}, {"card": {"networkResponse": []}}, {"card": {"networkResponse": {}}}]
    )
    def test_does_without_a_network_response(self, method: object) -> None:
        answer = read_answer(a_payment() | {"paymentMethodType": method})

        assert (answer.avs, answer.network_transaction_id, answer.status) == (None, None, "SUCCESS")

    @pytest.mark.parametrize("value", [None, 7, "", "  ", [], {}])
    def test_takes_a_text_that_is_none_for_none(self, value: object) -> None:
        assert read_answer(a_payment() | {"transactionId": value}).transaction_id is None


class TestReadingJson:
    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"null", b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5_000])
    def test_that_is_no_object_gives_none(self, body: bytes) -> None:
        assert read_object(body) is None

    def test_gives_an_object(self) -> None:
        assert read_object(b'{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("body", "word"), [({"status": "pass"}, "PASS"), ({"interfaceResponseStatusName": "Pass"}, "PASS"), ({}, "")]
)
def test_health_is_read_in_both_spellings(body: dict[str, object], word: str) -> None:
    assert health_word(body) == word
