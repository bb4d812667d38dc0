"""PATCH /payments/{id}: an authorisation is given up before it is captured."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from local.chase_simulator.desk import Desk, Write
from local.chase_simulator.exchange import Answer, Call, Json, Refused
from local.chase_simulator.payment_answers import moment, payment_body
from local.chase_simulator.payment_rules import AMOUNT_MAX
from local.chase_simulator.payments import approved_payment
from local.chase_simulator.refusals import not_simulated, wrong_state
from local.chase_simulator.transaction import Transaction
from local.chase_simulator.validation import Problem, boolean, integer, one_of, record
from local.chase_simulator.verdicts import APPROVED

_PATCH: Final = record(
    {},
    {
        "isVoid": boolean(),
        "captureMethod": one_of("NOW", "DELAYED", "MANUAL"),
        "amount": integer(0, AMOUNT_MAX),
        "isTaxable": boolean(),
        "taxAmount": integer(0, AMOUNT_MAX),
        "gratuityAmount": integer(0, AMOUNT_MAX),
    },
)


def patch_problems(body: Mapping[str, object]) -> Iterator[Problem]:
    """Each thing wrong with a change of a payment; one that changes nothing is wrong too."""
    yield from _PATCH(body, "")
    if not body:
        yield Problem("REQUIRED", "must say what to change", "isVoid")


_VOID: Final = Write("void", patch_problems)


class Voids:
    """The route over the books."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def change(self, call: Call) -> Answer:
        """`{"isVoid": true}` and nothing else: the other changes that Chase takes are not simulated."""
        return self._desk.write(
            call, _VOID, lambda caller, request: self._void(caller.merchant_id, caller.request_id, call, request)
        )

    def _void(self, merchant_id: str, request_id: str, call: Call, request: Json) -> Json:
        payment = approved_payment(self._desk, merchant_id, call.path["transaction_id"])
        if request != {"isVoid": True}:
            raise Refused(not_simulated("This simulator only takes the change isVoid: true, with nothing beside it"))
        voided = _voided(payment)
        self._desk.books.change_payment(voided)
        told = {
            "responseCode": APPROVED.code,
            "responseMessage": APPROVED.message,
            "hostMessage": APPROVED.host_message,
        }
        return {
            **payment_body(voided),
            **told,
            "requestId": request_id,
            "transactionDate": moment(self._desk.now()),
        }


def _voided(payment: Transaction) -> Transaction:
    """What is voided stays so: a void is repeatable by nature, under a new request-id too. Raises Refused."""
    if payment.state not in ("AUTHORIZED", "VOIDED"):
        raise Refused(wrong_state("The payment has been captured: it can only be refunded"))
    return replace(payment, state="VOIDED", voided=True)
