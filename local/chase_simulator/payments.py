"""POST /payments and the look-ups: what Chase does with a payment, and what it says of it afterwards."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from local.chase_simulator.admission import Caller
from local.chase_simulator.desk import Desk, Write
from local.chase_simulator.exchange import Answer, Call, Json, Refused
from local.chase_simulator.instruments import verdict_on, without_secrets
from local.chase_simulator.payment_answers import payment_body, what_was_said
from local.chase_simulator.payment_rules import payment_problems
from local.chase_simulator.refusals import not_found, wrong_state
from local.chase_simulator.transaction import Transaction

# A merchant profile's default: how long a DELAYED payment waits before it captures itself.
CAPTURE_DELAY: Final = timedelta(minutes=120)

_PAYMENT: Final = Write("payment", payment_problems, without_secrets)


class Payments:
    """The payment routes over the books."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, call: Call) -> Answer:
        """POST /payments: HTTP 200 for approved and declined alike."""
        return self._desk.write(call, _PAYMENT, self._create)

    def by_id(self, call: Call) -> Answer:
        """GET /payments/{id}."""
        return self._desk.by_id(call, lambda *sought: self._body(self._desk.books.payment(*sought)))

    def find(self, call: Call) -> Answer:
        """GET /payments?requestIdentifier=, which finds a payment by its own request-id only, not by its void's."""
        return self._desk.find(call, lambda *sought: self._body(self._desk.books.payment_by_request(*sought)))

    def _create(self, caller: Caller, request: Json) -> Json:
        now, verdict, transaction_id = self._desk.now(), verdict_on(request), self._desk.new_id()
        said = what_was_said(
            request,
            verdict,
            transaction_id=transaction_id,
            request_id=caller.request_id,
            merchant_id=caller.merchant_id,
        )
        payment = Transaction(
            transaction_id=str(transaction_id),
            request_id=caller.request_id,
            merchant_id=caller.merchant_id,
            environment=caller.environment,
            approved=verdict.approved,
            state="DECLINED",
            amount=said["amount"],
            currency=request["currency"],
            merchant_order_number=request.get("merchantOrderNumber"),
            recorded_at=now,
            captures_at=None,
            said=said,
        )
        if verdict.approved:
            payment = _begun(payment, now)
        self._desk.books.add_payment(payment)
        return payment_body(payment)

    def _body(self, payment: Transaction | None) -> Json | None:
        if payment is None:
            return None
        return payment_body(payment.as_of(self._desk.now()), self._desk.books.refunds(payment.transaction_id))


def approved_payment(desk: Desk, merchant_id: str, transaction_id: str) -> Transaction:
    """The merchant's payment as it stands, to do something with. Raises Refused: there is none, or it was declined."""
    payment = desk.books.payment(merchant_id, transaction_id)
    if payment is None:
        raise Refused(not_found())
    if not payment.approved:
        raise Refused(wrong_state("The payment was declined"))
    return payment.as_of(desk.now())


def _begun(payment: Transaction, now: datetime) -> Transaction:
    """An approved payment at its beginning, by its capture method."""
    method = payment.said["captureMethod"]
    if method == "NOW":
        return replace(payment, state="CLOSED", captured=payment.amount, captures_at=now)
    return replace(payment, state="AUTHORIZED", captures_at=now + CAPTURE_DELAY if method == "DELAYED" else None)
