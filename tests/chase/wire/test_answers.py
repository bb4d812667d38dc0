"""What is read from an answer, field by field, and what is not."""

from datetime import UTC, datetime

import pytest

from shared.chase.wire.answers import Answer, health_word, read_answer, read_object
from tests.chase import full_answers as full
from tests.chase.peer import a_decline, a_payment


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
            reference=None,
            amount_minor=12599,
            currency="USD",
            captures_at=datetime(2026, 11, 23, 20, 0, 0, 123_000, tzinfo=UTC),
            approval_code="tst021",
            avs="ADDRESS_POSTALCODE_MATCH",
            cvv="MATCH",
            network_transaction_id="014072692161152",
            advice=None,
            network_code=None,
        )

    @pytest.mark.parametrize("answer", [full.AN_APPLE_PAY_SALE, full.A_GOOGLE_PAY_SALE, full.A_DELAYED_SALE])
    def test_finds_the_networks_words_whatever_was_paid_with(self, answer: dict[str, object]) -> None:
        read = read_answer(answer)

        assert (read.avs, read.cvv) == ("ADDRESS_POSTALCODE_MATCH", "MATCH")
        assert read.network_transaction_id == "014072692161152"

    def test_takes_from_a_refund_the_sale_that_it_belongs_to(self) -> None:
        read = read_answer(full.A_REFUND)

        assert (read.transaction_id, read.reference) == (full.REFUND_ID, full.SALE_ID)

    def test_leaves_a_bank_accounts_number_unread(self) -> None:
        assert "0888271156" not in repr(read_answer(full.AN_ACH_SALE))

    def test_finds_the_networks_advice(self) -> None:
        assert read_answer(a_decline(advice="02")).advice == "02"

    def test_finds_the_networks_own_code(self) -> None:
        assert read_answer(a_decline(network_code="05")).network_code == "05"

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
