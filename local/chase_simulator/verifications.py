"""POST /verifications and the look-ups: whether an account is good, without an amount. Here every account is."""

from collections.abc import Iterator, Mapping
from typing import Final

from local.chase_simulator import ach, card
from local.chase_simulator.admission import Caller
from local.chase_simulator.desk import Desk, Write
from local.chase_simulator.exchange import Answer, Call, Json
from local.chase_simulator.instruments import payment_method_answer, without_secrets
from local.chase_simulator.payment_answers import heading, initiation, moment
from local.chase_simulator.payment_rules import ACCOUNT_HOLDER, MERCHANT, RECURRING
from local.chase_simulator.validation import Problem, exactly_one, one_of, record, text
from local.chase_simulator.verdicts import Verdict

_VERIFICATION: Final = record(
    {
        "merchant": MERCHANT,
        "currency": text(3, 3, r"[A-Z]{3}"),
        "paymentMethodType": exactly_one({"card": card.RULE, "ach": ach.VERIFICATION_RULE}),
    },
    {
        "merchantOrderNumber": text(1, 40, r"[A-Za-z0-9 .-]*"),
        "initiatorType": one_of("CARDHOLDER", "MERCHANT"),
        "accountOnFile": one_of("NOT_STORED", "STORED", "TO_BE_STORED"),
        "accountHolder": ACCOUNT_HOLDER,
        "recurring": RECURRING,
    },
)
_VALIDATED: Final = Verdict(True, "APPROVED", "Transaction approved by Issuer", "Validated", "85")


def verification_problems(body: Mapping[str, object]) -> Iterator[Problem]:
    """Each thing wrong with a verification request; a bank account is one of the United States."""
    wrong = [*_VERIFICATION(body, "")]
    yield from wrong or _account_problems(body)


def _account_problems(request: Json) -> Iterator[Problem]:
    account = request["paymentMethodType"].get("ach")
    if account is None:
        return
    if request["currency"] != "USD":
        yield Problem("ENUM", "must be USD for ACH", "currency")
    yield from ach.routing_problems(account, request)


_WRITE: Final = Write("verification", verification_problems, without_secrets)


class Verifications:
    """The verification routes over the books."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, call: Call) -> Answer:
        """POST /verifications: AVS and CVV results are told and decide nothing."""
        return self._desk.write(call, _WRITE, self._verify)

    def by_id(self, call: Call) -> Answer:
        """GET /verifications/{id}."""
        return self._desk.by_id(call, self._stands)

    def find(self, call: Call) -> Answer:
        """GET /verifications?requestIdentifier=."""
        return self._desk.find(call, self._found)

    def _verify(self, caller: Caller, request: Json) -> Json:
        transaction_id = self._desk.new_id()
        return {
            **heading(_VALIDATED, transaction_id, caller.request_id),
            "paymentMethodType": payment_method_answer(request, _VALIDATED, transaction_id.int),
            **initiation(request),
            "currency": request["currency"],
            "transactionDate": moment(self._desk.now()),
            "merchant": {"merchantId": caller.merchant_id, **request["merchant"]},
            **{name: request[name] for name in ("merchantOrderNumber",) if name in request},
        }

    def _stands(self, merchant_id: str, transaction_id: str) -> Json | None:
        record = self._desk.books.request_of(merchant_id, transaction_id, _WRITE.operation)
        return None if record is None else record.answered

    def _found(self, merchant_id: str, request_id: str) -> Json | None:
        record = self._desk.books.request(merchant_id, request_id)
        return record.answered if record is not None and record.operation == _WRITE.operation else None
