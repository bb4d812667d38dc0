"""What the service's answers mean to CTP, and that nothing else ends an attempt."""

import json
from typing import Any

import pytest

from ctp.answers import read_decision, read_give_up, read_report, read_sale, read_void
from ctp.attempt import Attempt
from ctp.protocol import Heard, new_attempt
from ctp.transport import Response
from tests.ctp.fake_service import Clock
from tests.ctp.town import a_bill

ATTEMPT: Attempt = new_attempt(a_bill(), "att-1", Clock().at)
PAYMENT = {
    "id": "pay_1",
    "mode": "live",
    "billerId": "city-water",
    "reference": "INV-1",
    "amountMinor": 12599,
    "currency": "USD",
}
OTHER = {**PAYMENT, "id": "pay_2", "reference": "INV-2"}
DECISION = {"attempt": "att-1", "mode": "live", "processor": "chase", "configVersion": 7}


def answered(status: int, body: Any, retry_after: str | None = None) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {} if retry_after is None else {"retry-after": retry_after}, raw)


def payment(state: str, **changed: Any) -> dict[str, Any]:
    return {**PAYMENT, "state": state, **changed}


def problem(code: str, **facts: Any) -> dict[str, Any]:
    return {"type": "about:blank", "code": code, **facts}


DECISIONS = [
    (200, DECISION, Heard.LIVE),
    (200, {**DECISION, "mode": "shadow", "processor": "existing"}, Heard.SHADOW),
    (200, {**DECISION, "mode": "off", "processor": "existing"}, Heard.OFF),
    (200, {**DECISION, "attempt": "att-2"}, Heard.NO_DECISION),
    (200, {**DECISION, "processor": "existing"}, Heard.NO_DECISION),
    (200, {**DECISION, "mode": "alive"}, Heard.NO_DECISION),
    (200, b"{", Heard.NO_DECISION),
    (200, [DECISION], Heard.NO_DECISION),
    (201, DECISION, Heard.NO_DECISION),
    (409, problem("payment-unresolved", paymentId="pay_2"), Heard.BILL_TAKEN),
    (409, problem("invalid-state"), Heard.NO_DECISION),
    (401, problem("unauthenticated"), Heard.NO_DECISION),
    (503, problem("overloaded"), Heard.NO_DECISION),
    (500, b"", Heard.NO_DECISION),
]


@pytest.mark.parametrize(("status", "body", "heard"), DECISIONS)
def test_decisions(status: int, body: Any, heard: Heard) -> None:
    assert read_decision(answered(status, body), ATTEMPT).heard is heard


SALES = [
    (201, payment("authorized"), Heard.APPROVED),
    (201, payment("captured"), Heard.APPROVED),
    (201, payment("voided"), Heard.VOIDED),
    (201, payment("authorized", mode="shadow"), Heard.NOT_YET),
    (201, payment("glorious"), Heard.NOT_YET),
    (201, {**OTHER, "state": "authorized"}, Heard.NOT_YET),
    (201, payment("authorized", amountMinor=1), Heard.NOT_YET),
    (201, b"", Heard.NOT_YET),
    (402, payment("declined"), Heard.DECLINED),
    (402, payment("authorized"), Heard.NOT_YET),
    (402, {"error": "the proxy wants paying"}, Heard.NOT_YET),
    (202, payment("unknown"), Heard.NOT_YET),
    (202, payment("submitted"), Heard.NOT_YET),
    (202, payment("submitted", mode="shadow"), Heard.NOT_YET),
    (200, {"mode": "off", "processor": "existing"}, Heard.OFF),
    (200, {"mode": "shadow", "processor": "existing", "recorded": False}, Heard.NOT_YET),
    (409, problem("payment-unresolved", paymentId="pay_2"), Heard.BILL_TAKEN),
    (409, problem("decision-expired"), Heard.EXPIRED),
    (409, problem("decision-required"), Heard.NOT_YET),
    (409, problem("idempotency-in-progress"), Heard.NOT_YET),
    (502, problem("payment-failed", payment=payment("failed")), Heard.FAILED),
    (502, problem("payment-failed", payment={**OTHER, "state": "failed"}), Heard.NOT_YET),
    (502, b"<html>bad gateway</html>", Heard.NOT_YET),
    (503, problem("processor-unavailable", paymentId="pay_1"), Heard.NOT_YET),
    (503, problem("overloaded"), Heard.NOT_YET),
    (500, problem("internal-error"), Heard.NOT_YET),
    (401, problem("unauthenticated"), Heard.NOT_YET),
    (403, problem("forbidden"), Heard.NOT_YET),
    (400, problem("invalid-request"), Heard.REFUSED),
    (400, b"a proxy's own", Heard.NOT_YET),
    (413, problem("payload-too-large"), Heard.REFUSED),
    (422, problem("idempotency-key-reused"), Heard.REFUSED),
    (307, b"", Heard.NOT_YET),
]


@pytest.mark.parametrize(("status", "body", "heard"), SALES)
def test_sales(status: int, body: Any, heard: Heard) -> None:
    assert read_sale(answered(status, body), ATTEMPT).heard is heard


OFF = {"attempt": "att-1", "mode": "off", "processor": "existing"}
GIVEN_UP = [
    (200, OFF, Heard.OFF),
    (200, {**OFF, "attempt": "att-2"}, Heard.NOT_YET),
    (200, DECISION, Heard.NOT_YET),
    (409, problem("invalid-state", payment=payment("authorized")), Heard.APPROVED),
    (409, problem("invalid-state", payment=payment("declined")), Heard.DECLINED),
    (409, problem("invalid-state", payment=payment("failed")), Heard.FAILED),
    (409, problem("invalid-state", payment=payment("voided")), Heard.VOIDED),
    (409, problem("invalid-state", payment=payment("unknown")), Heard.NOT_YET),
    (409, problem("invalid-state", payment={**OTHER, "state": "failed"}), Heard.NOT_YET),
    (409, problem("payment-unresolved", paymentId="pay_2"), Heard.BILL_TAKEN),
    (400, problem("invalid-request"), Heard.NOT_YET),
    (500, problem("internal-error"), Heard.NOT_YET),
]


@pytest.mark.parametrize(("status", "body", "heard"), GIVEN_UP)
def test_giving_up(status: int, body: Any, heard: Heard) -> None:
    assert read_give_up(answered(status, body), ATTEMPT).heard is heard


VOIDS = [
    (201, payment("voided"), Heard.VOIDED),
    (201, payment("failed"), Heard.FAILED),
    (201, payment("authorized"), Heard.NOT_YET),
    (201, {**OTHER, "state": "voided"}, Heard.NOT_YET),
    (202, payment("authorized"), Heard.NOT_YET),
    (202, payment("voided"), Heard.NOT_YET),
    (409, problem("invalid-state", state="authorized"), Heard.NOT_YET),
    (409, problem("invalid-state", state="unknown"), Heard.NOT_YET),
    (409, problem("invalid-state", state="captured"), Heard.APPROVED),
    (409, problem("invalid-state", state="declined"), Heard.DECLINED),
    (409, problem("invalid-state", state="failed"), Heard.FAILED),
    (409, problem("invalid-state", state="voided"), Heard.VOIDED),
    (409, problem("idempotency-in-progress"), Heard.NOT_YET),
    (404, problem("not-found"), Heard.NOT_YET),
    (503, b"", Heard.NOT_YET),
]


@pytest.mark.parametrize(("status", "body", "heard"), VOIDS)
def test_voids(status: int, body: Any, heard: Heard) -> None:
    assert read_void(answered(status, body), ATTEMPT).heard is heard


REPORTS = [
    (202, {"id": "pay_1", "mode": "shadow", "processor": "existing"}, Heard.REPORTED),
    (200, {"mode": "shadow", "processor": "existing", "recorded": False}, Heard.LOST),
    (200, {"mode": "off", "processor": "existing"}, Heard.LOST),
    (201, payment("authorized"), Heard.LOST),
    (400, problem("invalid-request"), Heard.LOST),
    (503, problem("overloaded"), Heard.NOT_YET),
    (401, problem("unauthenticated"), Heard.NOT_YET),
    (409, problem("idempotency-in-progress"), Heard.NOT_YET),
]


@pytest.mark.parametrize(("status", "body", "heard"), REPORTS)
def test_reports(status: int, body: Any, heard: Heard) -> None:
    assert read_report(answered(status, body)).heard is heard


def test_a_report_that_was_taken_for_a_live_sale_is_said_aloud() -> None:
    assert read_report(answered(201, payment("authorized"))).reason == "CHARGED LIVE IN SHADOW: 201 authorized"


def test_a_payment_that_chase_did_not_take_is_known_by_its_id_and_still_open() -> None:
    told = read_sale(answered(503, problem("processor-unavailable", paymentId="pay_1"), "5"), ATTEMPT)

    assert (told.payment_id, told.payment_state, told.retry_after_s) == ("pay_1", "received", 5)


@pytest.mark.parametrize("retry_after", ["soon", "-1", "1e9", "99999999", "٣"])
def test_a_retry_after_that_makes_no_sense_asks_for_nothing(retry_after: str) -> None:
    assert read_sale(answered(503, problem("overloaded"), retry_after), ATTEMPT).retry_after_s == 0


def test_a_reason_names_the_fields_and_quotes_no_text() -> None:
    errors = [{"field": "method.number", "message": "4112344112344113 is no card"}, "?", {"message": "nameless"}]

    told = read_sale(answered(400, problem("invalid-request", errors=errors, detail="4112344112344113")), ATTEMPT)

    assert told.reason == "400 invalid-request: method.number, None"
