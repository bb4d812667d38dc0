"""What an HTTP answer of Chase means: status and body -> an outcome, by a table. What the table lacks is Unknown."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from shared.chase import codes, wire
from shared.chase.judgement import UNFAMILIAR, payment_outcome, shown_code, shown_message
from shared.chase.sending import Reply
from shared.chase.wire import Answer
from shared.payments.outcome import (
    Approved,
    Declined,
    NothingFound,
    NotSent,
    Outcome,
    TransactionState,
    Unknown,
)


class Kind(Enum):
    """What an HTTP status says of a call."""

    BY_BODY = "the body decides: declines are HTTP 200 as well"
    REFUSED = "Chase's validation refused it before processing"
    UNAUTHENTICATED = "turned away at the door"
    FORBIDDEN = "not entitled: a person must look"
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
        409: Kind.DUPLICATE,
        412: Kind.REFUSED,
        429: Kind.THROTTLED,
    }
)

_DUPLICATE: Final = Unknown(codes.DUPLICATE, "Chase has seen this request-id; what became of it is looked up")
_UNREADABLE: Final = Unknown(codes.UNREADABLE_ANSWER, "Chase answered 200 with something that is not its JSON")
# Kinds that mean the same whatever the body says, of a sale and of a look-up alike.
_WHATEVER_THE_BODY: Final[Mapping[Kind, NotSent | Unknown]] = MappingProxyType(
    {
        Kind.UNAUTHENTICATED: NotSent(codes.AUTH_REFUSED, "Chase refused a fresh token; nothing was processed"),
        Kind.FORBIDDEN: NotSent(codes.FORBIDDEN, "Chase does not let this merchant or credential do that"),
        Kind.THROTTLED: NotSent(codes.THROTTLED, "Chase turned the call away for now"),
        Kind.DUPLICATE: _DUPLICATE,
    }
)


def sale_outcome(reply: Reply) -> Outcome:
    """What the answer to a sale means. A second 401 is meant: the first is met with a fresh token."""
    kind = KIND_OF.get(reply.status, Kind.UNEXPLAINED)
    if kind in _WHATEVER_THE_BODY:
        return _WHATEVER_THE_BODY[kind]
    body = wire.read_object(reply.body)
    if kind is Kind.BY_BODY:
        return _UNREADABLE if body is None else _sold(wire.read_answer(body))
    # A refusal that is not in Chase's own words may be a gateway's, and may have come after Chase was called.
    if kind is Kind.REFUSED and body is not None:
        return _refused(wire.read_answer(body))
    return _unexplained(reply.status)


def found(reply: Reply, *, expected: "Expected") -> Outcome | NothingFound:
    """What the answer to a look-up says of the payment. NotSent and Unknown here mean: the look-up told us nothing."""
    kind = KIND_OF.get(reply.status, Kind.UNEXPLAINED)
    if kind in _WHATEVER_THE_BODY:
        return _WHATEVER_THE_BODY[kind]
    if reply.status not in (200, 404):
        return _unexplained(reply.status)
    if not reply.body.strip():
        return NothingFound()
    body = wire.read_object(reply.body)
    if reply.status == 404:
        return NothingFound() if body and _speaks_chase(wire.read_answer(body)) else _unexplained(404)
    if body is None:
        return _UNREADABLE
    return _found_in(wire.read_answer(body), expected) if body else NothingFound()


class Expected:
    """Which ids may stand in the answer to a look-up: a payment under another id is never adopted."""

    def __init__(self, *, request_ids: frozenset[str] = frozenset(), transaction_id: str | None = None) -> None:
        self._request_ids = request_ids
        self._transaction_id = transaction_id

    def admits(self, answer: Answer) -> bool:
        if self._transaction_id is not None:
            return answer.transaction_id == self._transaction_id
        return answer.request_id is None or answer.request_id in self._request_ids


def _sold(answer: Answer) -> Outcome:
    outcome = payment_outcome(answer)
    if isinstance(outcome, Approved) and outcome.transaction.state is TransactionState.VOIDED:
        return UNFAMILIAR
    return outcome


def _refused(answer: Answer) -> Outcome:
    if answer.status not in (None, "ERROR", "DENIED"):
        return UNFAMILIAR
    code = shown_code(answer) or codes.VALIDATION_ERROR
    # Whatever its status: an earlier call under this request-id may have moved money.
    if "DUPLICATE" in code.upper():
        return _DUPLICATE
    return Declined(code, shown_message(answer) or "refused by Chase's validation")


def _found_in(answer: Answer, expected: Expected) -> Outcome | NothingFound:
    if answer.transaction_id is None:
        return NothingFound() if answer.status == "SUCCESS" and answer.state is None else UNFAMILIAR
    if not expected.admits(answer):
        return Unknown(codes.OTHER_PAYMENT_FOUND, "Chase answered with another payment than was asked for")
    return payment_outcome(answer)


def _speaks_chase(answer: Answer) -> bool:
    # A wrong address must not look like "nothing there".
    return answer.status is not None or answer.code is not None


def _unexplained(status: int) -> Unknown:
    return Unknown(codes.http(status), f"Chase answered HTTP {status}, which does not say what became of the payment")
