"""
Chase without sockets: our own wire and our own judgement of answers, the simulator's own work between them.

What a fault does is what the simulator's door does (test_chase_desk.py holds it against the real client and the real
listener). Every request that moves money and gets there is noted, whether it is then processed or not.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from local.chase_simulator.books import Books
from local.chase_simulator.credentials import Credential
from local.chase_simulator.desk import Desk
from local.chase_simulator.exchange import Answer, Call, Refused, Work
from local.chase_simulator.payments import Payments
from local.chase_simulator.refunds import Refunds
from local.chase_simulator.refusals import duplicate, refusal
from local.chase_simulator.tokens import Tokens
from local.chase_simulator.voids import Voids
from shared.chase import classification, codes, requests
from shared.chase.classification import Expected
from shared.chase.judgement import Asked
from shared.chase.requests import Request
from shared.chase.sending import Reply
from shared.chase.wire import addressing
from shared.payments.outcome import Inquiry, NoAnswer, NotSent, Outcome, Unknown
from shared.payments.payment import Operation, Payment
from shared.payments.requests import Merchant, SaleRequest
from shared.payments.secret import Secret
from shared.use_cases.ports import Clock
from tests.builders import NOW

PARAMETER: Final = "requestIdentifier"
CLIENT: Final = "live"


class Fault(StrEnum):
    """What the first call that moves money meets; `decline` is the issuer's, by an amount, and no fault of Chase."""

    NONE = "none"
    NOT_SENT = "not_sent"
    DROP_BEFORE_PROCESSING = "drop_before_processing"
    DROP_AFTER_PROCESSING = "drop_after_processing"
    HTTP_500 = "http_500"
    MALFORMED_JSON = "malformed_json"
    HTTP_409 = "http_409"
    DECLINE = "decline"
    # Of inquiries: none of the first is answered; or all look where nothing can be found, for ever.
    NO_ANSWER = "no_answer"
    BLIND = "blind"


_INSTEAD: Final[Mapping[Fault, Answer]] = {
    Fault.HTTP_500: refusal(500, "SERVER_ERROR", "Internal server error"),
    Fault.HTTP_409: duplicate(),
}
_LOST: Final = Unknown(codes.CONNECTION_LOST, "sent, and the connection failed before the answer")
# How many inquiries in a row are not answered.
_UNANSWERED: Final = 3


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that moves money, got to Chase at `at_s` (boot time)."""

    operation: str
    request_id: str
    at_s: float


class ChaseDesk:
    """Fits ports.Chase, over the books in a file. `fault` is met once (an inquiry's a few times, `blind` always)."""

    def __init__(self, books: Path, arrivals: Path, clock: Clock, *, fault: Fault = Fault.NONE) -> None:
        self.books = Books(books)
        self._arrivals, self._clock = arrivals, clock
        self.meet(fault)
        credential = Credential("live", CLIENT, Secret("secret"), _AnyMerchant())
        tokens = Tokens(self.books, [credential], real_now=lambda: NOW, lifetime_s=3600)
        self._token = Secret(tokens.grant(credential))
        desk = Desk(self.books, tokens, clock.now, uuid.uuid4, "reject", PARAMETER, "404")
        payments, refunds = Payments(desk), Refunds(desk)
        self._work: dict[tuple[str, str, bool], Work] = {
            ("POST", addressing.PAYMENTS, False): payments.create,
            ("PATCH", addressing.PAYMENTS, True): Voids(desk).change,
            ("POST", addressing.REFUNDS, False): refunds.create,
            ("GET", addressing.PAYMENTS, False): payments.find,
            ("GET", addressing.PAYMENTS, True): payments.by_id,
            ("GET", addressing.REFUNDS, False): refunds.find,
        }

    def meet(self, fault: Fault) -> None:
        """From now on, instead of what was to be met before."""
        self.fault = fault
        self._unanswered = _UNANSWERED if fault is Fault.NO_ANSWER else 0

    def close(self) -> None:
        self.books.close()

    async def sale(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        reply = self._moving("sale", requests.sale(request, payment, merchant), send_before_s)
        return _meaning(reply, lambda it: classification.sale_outcome(it, request_id=payment.sale.request_id))

    async def void(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        reply = self._moving("void", requests.void(payment, operation, merchant), send_before_s)
        known = {"transaction_id": requests.transaction_id(payment), "amount": operation.amount}
        return _meaning(reply, lambda it: classification.void_outcome(it, **known))

    async def refund(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, full: bool, send_before_s: float
    ) -> Outcome:
        reply = self._moving("refund", requests.refund(payment, operation, merchant, full=full), send_before_s)
        reference = requests.transaction_id(payment)
        return _meaning(reply, lambda it: classification.refund_outcome(it, reference=reference))

    async def find_sale(self, request_id: str, merchant: Merchant) -> Inquiry:
        return self._found(addressing.PAYMENTS, Asked.PAYMENT, request_id, merchant)

    async def find_refund(self, request_id: str, merchant: Merchant) -> Inquiry:
        return self._found(addressing.REFUNDS, Asked.REFUND, request_id, merchant)

    async def get_payment(self, transaction_id: str, merchant: Merchant) -> Inquiry:
        request = requests.get(addressing.payment(transaction_id), transaction_id, merchant)
        return self._asked(request, Asked.PAYMENT, Expected(transaction_id=transaction_id))

    def _found(self, collection: str, asked: Asked, request_id: str, merchant: Merchant) -> Inquiry:
        own = str(uuid.uuid4())
        parameter = "wrongName" if self.fault is Fault.BLIND else PARAMETER
        request = requests.find(collection, merchant, sought=request_id, parameter=parameter, own=own)
        return self._asked(request, asked, Expected(request_ids=frozenset({request_id, own})))

    def _asked(self, request: Request, asked: Asked, expected: Expected) -> Inquiry:
        if self._unanswered:
            self._unanswered -= 1
            return NoAnswer("HTTP_503", "not now")
        found = classification.found(self._done(request), asked, expected=expected)
        return NoAnswer(found.code, found.message) if isinstance(found, NotSent | Unknown) else found

    def _moving(self, operation: str, request: Request, send_before_s: float) -> Reply | NotSent | Unknown:
        fault = self.fault
        if fault not in (Fault.BLIND, Fault.NO_ANSWER):
            self.fault = Fault.NONE
        if self._clock.boot_s() >= send_before_s:
            return NotSent(codes.SEND_DEADLINE_PASSED, "came to the wire after its deadline; nothing was sent")
        if fault is Fault.NOT_SENT:
            return NotSent(codes.NOT_CONNECTED, "no connection to Chase; nothing was sent")
        self._note(operation, str(request.request_id))
        if fault in _INSTEAD:
            return _reply(_INSTEAD[fault])
        if fault is Fault.DROP_BEFORE_PROCESSING:
            return _LOST
        reply = self._done(request)
        if fault is Fault.DROP_AFTER_PROCESSING:
            return _LOST
        return Reply(reply.status, b"{") if fault is Fault.MALFORMED_JSON else reply

    def _note(self, operation: str, request_id: str) -> None:
        with self._arrivals.open("a", encoding="utf-8") as arrivals:
            arrivals.write(f"{operation} {request_id} {self._clock.boot_s()}\n")

    def _done(self, request: Request) -> Reply:
        message = request.message("", self._token)
        collection, _, rest = message.url.removeprefix("/").partition("/")
        work = self._work[message.method, f"/{collection}", bool(rest)]
        call = Call({"transaction_id": rest}, message.query, message.headers, message.body or b"")
        try:
            return _reply(work(call))
        except Refused as refused:
            return _reply(refused.answer)


def arrivals_in(path: Path) -> list[Arrival]:
    """All that got to Chase so far, in order."""
    if not path.exists():
        return []
    lines = (line.split() for line in path.read_text("utf-8").splitlines())
    return [Arrival(operation, request_id, float(at_s)) for operation, request_id, at_s in lines]


class _AnyMerchant(frozenset[str]):
    """Every merchant is ours here."""

    def __contains__(self, _: object) -> bool:
        return True


def _reply(answer: Answer) -> Reply:
    return Reply(answer.status, answer.text().encode())


def _meaning(reply: Reply | NotSent | Unknown, judged: Callable[[Reply], Outcome]) -> Outcome:
    return judged(reply) if isinstance(reply, Reply) else reply
