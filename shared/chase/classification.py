"""What an HTTP answer of Chase means: status and body -> an outcome, by a table. What the table lacks is Unknown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Final, TypeVar

from shared.chase import codes
from shared.chase.judgement import Asked
from shared.chase.meaning import UNFAMILIAR, payment_outcome, shown_code, shown_message, verification_outcome
from shared.chase.sending import Reply
from shared.chase.verification import Verification
from shared.chase.wire.answers import Answer, read_answer, read_object
from shared.payments.money import Money
from shared.payments.outcome import Approved, Declined, NothingFound, NotSent, Outcome, Unknown

T = TypeVar("T")


class Kind(Enum):
    """What an HTTP status says of a call."""

    BY_BODY = "the body decides: declines are HTTP 200 as well"
    REFUSED = "Chase's validation refused it before processing"
    UNAUTHENTICATED = "turned away at the door"
    FORBIDDEN = "not entitled: a person must look"
    NOT_FOUND = "what the path or the body refers to is not there; or our address is wrong"
    THROTTLED = "turned away for now"
    DUPLICATE = "this request-id was seen before: look it up and adopt what is found"
    UNEXPLAINED = "nothing says that nothing happened"


# Every other status is UNEXPLAINED: 5xx because it may come after processing, 3xx because we follow none.
KIND_OF: Final[Mapping[int, Kind]] = MappingProxyType(
    {
        200: Kind.BY_BODY,
        400: Kind.REFUSED,
        401: Kind.UNAUTHENTICATED,
        403: Kind.FORBIDDEN,
        404: Kind.NOT_FOUND,
        409: Kind.DUPLICATE,
        412: Kind.REFUSED,
        429: Kind.THROTTLED,
    }
)

# What acts on a payment that is at Chase already: there may be none of that id.
REFERS: Final = frozenset({Asked.VOID, Asked.CAPTURE, Asked.REFUND})

_DUPLICATE: Final = Unknown(codes.DUPLICATE, "Chase has seen this request-id; what became of it is looked up")
_UNREADABLE: Final = Unknown(codes.UNREADABLE_ANSWER, "Chase answered 200 with something that is not its JSON")
_OTHER: Final = Unknown(codes.OTHER_PAYMENT_FOUND, "Chase answered with another payment than was asked for")
# Kinds that mean the same whatever the body says, and whatever was asked.
_WHATEVER_THE_BODY: Final[Mapping[Kind, NotSent | Unknown]] = MappingProxyType(
    {
        Kind.UNAUTHENTICATED: NotSent(codes.AUTH_REFUSED, "Chase refused a fresh token; nothing was processed"),
        Kind.FORBIDDEN: NotSent(codes.FORBIDDEN, "Chase does not let this merchant or credential do that"),
        Kind.THROTTLED: NotSent(codes.THROTTLED, "Chase turned the call away for now"),
        Kind.DUPLICATE: _DUPLICATE,
    }
)


@dataclass(frozen=True, slots=True)
class Expected:
    """Which ids may stand in an answer: another payment's is never adopted. None: any may."""

    request_ids: frozenset[str] | None = None
    transaction_id: str | None = None
    reference: str | None = None

    def admits(self, answer: Answer) -> bool:
        if self.transaction_id is not None and answer.transaction_id != self.transaction_id:
            return False
        if self.reference is not None and answer.reference not in (None, self.reference):
            return False
        return self.request_ids is None or answer.request_id is None or answer.request_id in self.request_ids


def sale_outcome(reply: Reply, *, request_id: str) -> Outcome:
    """What the answer to the sale `request_id` means. A second 401 is meant: the first is met with a fresh token."""
    return _answered(reply, Asked.SALE, _approved(Asked.SALE, Expected(request_ids=frozenset({request_id}))))


def void_outcome(reply: Reply, *, transaction_id: str, amount: Money) -> Outcome:
    """What the answer to a void means. What is undone is the whole, `amount`, whether the answer repeats it or not."""
    judged = _approved(Asked.VOID, Expected(transaction_id=transaction_id))
    return _answered(
        reply,
        Asked.VOID,
        lambda answer: judged(replace(answer, amount_minor=amount.amount_minor, currency=amount.currency)),
    )


def capture_outcome(reply: Reply, *, request_id: str) -> Outcome:
    """What the answer to the capture `request_id` means; its transaction id may be the capture's own."""
    return _answered(reply, Asked.CAPTURE, _approved(Asked.CAPTURE, Expected(request_ids=frozenset({request_id}))))


def refund_outcome(reply: Reply, *, reference: str) -> Outcome:
    """What the answer to a refund of the sale `reference` means; its transaction id is the refund's own."""
    return _answered(reply, Asked.REFUND, _approved(Asked.REFUND, Expected(reference=reference)))


def verification_outcome_of(reply: Reply) -> Verification:
    """What the answer to a verification means."""
    return _answered(reply, Asked.VERIFICATION, verification_outcome)


def found(reply: Reply, asked: Asked, *, expected: Expected) -> Outcome | NothingFound:
    """What a look-up says of a payment or a refund. NotSent and Unknown here mean: the look-up told us nothing."""
    kind = KIND_OF.get(reply.status, Kind.UNEXPLAINED)
    if kind in _WHATEVER_THE_BODY:
        return _WHATEVER_THE_BODY[kind]
    if kind not in (Kind.BY_BODY, Kind.NOT_FOUND):
        return _unexplained(reply.status)
    if not reply.body.strip():
        return NothingFound()
    body = read_object(reply.body)
    if kind is Kind.NOT_FOUND:
        return NothingFound() if body and _speaks_chase(read_answer(body)) else _unexplained(reply.status)
    if body is None:
        return _UNREADABLE
    return _found_in(read_answer(body), asked, expected) if body else NothingFound()


def _answered(reply: Reply, asked: Asked, judged: Callable[[Answer], T]) -> T | Declined | NotSent | Unknown:
    kind = KIND_OF.get(reply.status, Kind.UNEXPLAINED)
    if kind in _WHATEVER_THE_BODY:
        return _WHATEVER_THE_BODY[kind]
    body = read_object(reply.body)
    if kind is Kind.BY_BODY:
        return _UNREADABLE if body is None else judged(read_answer(body))
    # A refusal that is not in Chase's own words may be a gateway's, and may have come after Chase was called.
    if kind is Kind.REFUSED and body is not None and _speaks_chase(read_answer(body)):
        return _refused(read_answer(body))
    if kind is Kind.NOT_FOUND and asked in REFERS and body is not None and _speaks_chase(read_answer(body)):
        return _refused(read_answer(body))
    return _unexplained(reply.status)


def _approved(asked: Asked, expected: Expected) -> Callable[[Answer], Outcome]:
    def judged(answer: Answer) -> Outcome:
        outcome = payment_outcome(answer, asked)
        # A decline of another call says nothing of ours either, where the answer tells whose it is.
        told = isinstance(outcome, Approved) or expected.request_ids is not None
        return _OTHER if told and not expected.admits(answer) else outcome

    return judged


def _refused(answer: Answer) -> Declined | Unknown:
    if answer.status not in (None, "ERROR", "DENIED"):
        return UNFAMILIAR
    code = shown_code(answer) or codes.VALIDATION_ERROR
    # Whatever its status: an earlier call under this request-id may have moved money.
    if "DUPLICATE" in code.upper():
        return _DUPLICATE
    return Declined(code, shown_message(answer) or "refused by Chase's validation")


def _found_in(answer: Answer, asked: Asked, expected: Expected) -> Outcome | NothingFound:
    if answer.transaction_id is None:
        return NothingFound() if answer.status == "SUCCESS" and answer.state is None else UNFAMILIAR
    return payment_outcome(answer, asked) if expected.admits(answer) else _OTHER


def _speaks_chase(answer: Answer) -> bool:
    # A wrong address must not look like "nothing there".
    return answer.status is not None or answer.code is not None


def _unexplained(status: int) -> Unknown:
    return Unknown(codes.http(status), f"Chase answered HTTP {status}, which does not say what became of the payment")
