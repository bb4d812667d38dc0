"""POST /payments/{id}/captures: an authorisation's money is taken, all of it or a part; the rest is given up."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from local.chase_simulator.admission import Caller
from local.chase_simulator.desk import Desk, Write
from local.chase_simulator.exchange import Answer, Call, Json, Refused
from local.chase_simulator.payment_answers import moment, payment_body
from local.chase_simulator.payment_rules import AMOUNT_MAX
from local.chase_simulator.payments import approved_payment
from local.chase_simulator.refusals import not_simulated, wrong_state
from local.chase_simulator.transaction import Transaction
from local.chase_simulator.validation import Problem, anything, boolean, integer, one_of, record
from local.chase_simulator.verdicts import APPROVED

_CAPTURE: Final = record(
    {},
    {
        "captureMethod": one_of("NOW"),
        "amount": integer(1, AMOUNT_MAX),
        "isAmountFinal": boolean(),
        "multiCapture": anything(dict),
    },
)
_ACCEPTED: Final[Json] = {"responseCode": "ACCEPTED", "responseMessage": "Transaction accepted"}
_APPROVED: Final[Json] = {"responseCode": APPROVED.code, "responseMessage": APPROVED.message}


def capture_problems(body: Mapping[str, object]) -> Iterator[Problem]:
    """Each thing wrong with a capture. Its `captureMethod` is NOW, whatever the payment's own was."""
    return _CAPTURE(body, "")


_WRITE: Final = Write("capture", capture_problems)


class Captures:
    """The capture routes over the books. The one capture of a payment has the payment's transaction id."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, call: Call) -> Answer:
        """A MANUAL authorisation, or a DELAYED one before its time."""
        return self._desk.write(call, _WRITE, lambda caller, request: self._capture(caller, call, request))

    def by_id(self, call: Call) -> Answer:
        """GET /captures/{id}: only what was captured by a request."""
        return self._desk.by_id(call, self._stands)

    def find(self, call: Call) -> Answer:
        """GET /captures?requestIdentifier=."""
        return self._desk.find(call, self._found)

    def _capture(self, caller: Caller, call: Call, request: Json) -> Json:
        payment = approved_payment(self._desk, caller.merchant_id, call.path["transaction_id"])
        _refuse(request, payment)
        captured = replace(
            payment, state="CLOSED", captured=request.get("amount", payment.amount), captures_at=self._desk.now()
        )
        self._desk.books.change_payment(captured)
        return self._body(captured, caller.request_id)

    def _found(self, merchant_id: str, request_id: str) -> Json | None:
        record = self._desk.books.request(merchant_id, request_id)
        if record is None or record.operation != _WRITE.operation:
            return None
        return self._stands(merchant_id, record.transaction_id)

    def _stands(self, merchant_id: str, transaction_id: str) -> Json | None:
        record = self._desk.books.request_of(merchant_id, transaction_id, _WRITE.operation)
        if record is None:
            return None
        payment = approved_payment(self._desk, merchant_id, transaction_id)
        return self._body(payment, record.request_id)

    def _body(self, payment: Transaction, request_id: str) -> Json:
        assert payment.captures_at is not None
        body: dict[str, Any] = {
            **payment_body(payment, self._desk.books.refunds(payment.transaction_id)),
            **(_ACCEPTED if payment.captured == payment.amount else _APPROVED),
            "requestId": request_id,
            "captureMethod": "NOW",
            "amount": payment.captured,
            "transactionDate": moment(payment.captures_at),
        }
        return body


def _refuse(request: Json, payment: Transaction) -> None:
    """Whatever cannot be captured so. Raises Refused."""
    if "multiCapture" in request or request.get("isAmountFinal") is False:
        raise Refused(
            not_simulated("This simulator captures a payment once: no multiCapture, no amount that is not final")
        )
    if payment.state != "AUTHORIZED":
        raise Refused(wrong_state("The payment is not, or no longer, an authorisation"))
    if request.get("amount", 0) > payment.amount:
        raise Refused(not_simulated("This simulator captures no more than was authorized"))
