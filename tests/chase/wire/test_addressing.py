"""Where each operation is found, and what its headers say."""

import pytest

from shared.chase.wire import addressing
from shared.chase.wire.addressing import headers
from shared.payments.secret import Secret


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


def test_each_operation_has_its_path() -> None:
    assert (addressing.payment("t-1"), addressing.captures("t-1"), addressing.refund("t-1")) == (
        "/payments/t-1",
        "/payments/t-1/captures",
        "/refunds/t-1",
    )


@pytest.mark.parametrize(
    ("path", "escaped"),
    [
        (addressing.payment, "/payments/..%2Frefunds%2F1%3Fx"),
        (addressing.captures, "/payments/..%2Frefunds%2F1%3Fx/captures"),
        (addressing.refund, "/refunds/..%2Frefunds%2F1%3Fx"),
    ],
)
def test_a_transaction_id_cannot_lead_to_another_path(path: object, escaped: str) -> None:
    assert path("../refunds/1?x") == escaped
