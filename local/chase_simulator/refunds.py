"""POST /refunds and the look-ups: money that was captured goes back, in parts until nothing is left."""

from dataclasses import replace
from typing import Final

from local.chase_simulator.admission import Caller
from local.chase_simulator.desk import Desk, Write
from local.chase_simulator.exchange import Answer, Call, Json, Refused
from local.chase_simulator.payment_answers import heading, moment, payment_request
from local.chase_simulator.payments import approved_payment
from local.chase_simulator.refund_rules import refund_problems
from local.chase_simulator.refusals import invalid, over_refund, wrong_state
from local.chase_simulator.transaction import Refund, Transaction
from local.chase_simulator.validation import Problem
from local.chase_simulator.verdicts import APPROVED, Verdict, refund_verdict_on

_WRITE: Final = Write("refund", refund_problems)


class Refunds:
    """The refund routes over the books."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, call: Call) -> Answer:
        """POST /refunds: no amount means all that is left. HTTP 200 for approved and declined alike."""
        return self._desk.write(call, _WRITE, self._refund)

    def by_id(self, call: Call) -> Answer:
        """GET /refunds/{id}."""
        return self._desk.by_id(call, lambda *sought: self._stands(self._desk.books.refund(*sought)))

    def find(self, call: Call) -> Answer:
        """GET /refunds?requestIdentifier=."""
        return self._desk.find(call, lambda *sought: self._stands(self._desk.books.refund_by_request(*sought)))

    def _refund(self, caller: Caller, request: Json) -> Json:
        payment_id = request["paymentMethodType"]["transactionReference"]["transactionReferenceId"]
        payment = approved_payment(self._desk, caller.merchant_id, payment_id)
        amount = _amount(request, payment)
        verdict = refund_verdict_on(request["amount"]) if "amount" in request else APPROVED
        refund = self._recorded(caller, request, payment, amount, verdict)
        if refund.approved:
            payment = replace(payment, refunded=payment.refunded + amount)
            self._desk.books.change_payment(payment)
        self._desk.books.add_refund(refund)
        return self._body(refund, payment)

    def _recorded(self, caller: Caller, request: Json, payment: Transaction, amount: int, verdict: Verdict) -> Refund:
        transaction_id = self._desk.new_id()
        said = {
            **heading(verdict, transaction_id, caller.request_id),
            "paymentMethodType": _method(payment),
            "amount": amount,
            "currency": payment.currency,
            "transactionReferenceId": payment.transaction_id,
            "merchant": {"merchantId": caller.merchant_id, **request["merchant"]},
        }
        return Refund(
            transaction_id=str(transaction_id),
            request_id=caller.request_id,
            merchant_id=caller.merchant_id,
            payment_id=payment.transaction_id,
            approved=verdict.approved,
            amount=amount,
            currency=payment.currency,
            recorded_at=self._desk.now(),
            said=said,
        )

    def _stands(self, refund: Refund | None) -> Json | None:
        if refund is None:
            return None
        return self._body(refund, approved_payment(self._desk, refund.merchant_id, refund.payment_id))

    def _body(self, refund: Refund, payment: Transaction) -> Json:
        """AUTHORIZED at first, for Chase has a refund authorized too; COMPLETED after the next day's clearing."""
        return {
            **refund.said,
            "transactionState": refund.state(self._desk.now()),
            "transactionDate": moment(refund.recorded_at),
            "remainingRefundableAmount": payment.refundable,
            "paymentRequest": payment_request(payment, self._desk.books.refunds(payment.transaction_id)),
        }


def _amount(request: Json, payment: Transaction) -> int:
    """What is to be given back, in minor units. Raises Refused for what cannot be."""
    if payment.state not in ("CLOSED", "COMPLETED"):
        raise Refused(wrong_state("The payment has not been captured: there is nothing to refund"))
    if request.get("currency", payment.currency) != payment.currency:
        raise Refused(invalid(Problem("MISMATCH", "must be the payment's", "currency")))
    amount: int = request.get("amount", payment.refundable)
    if not 0 < amount <= payment.refundable:
        raise Refused(over_refund())
    return amount


def _method(payment: Transaction) -> Json:
    """The payment's method, without what the network said of the payment."""
    return {
        name: {field: value for field, value in answered.items() if field != "networkResponse"}
        for name, answered in payment.said["paymentMethodType"].items()
    }
