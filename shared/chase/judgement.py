"""What Chase's words say together: what was asked, status and state, by a table."""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from shared.chase.wire.answers import Answer
from shared.payments.outcome import TransactionState


class Asked(Enum):
    """What the answer is to: the same words do not mean the same of everything."""

    SALE = "sale"
    PAYMENT = "what a payment is now"
    VOID = "void"
    CAPTURE = "capture"
    REFUND = "refund, or what a refund is now"
    VERIFICATION = "verification"


class Judgement(Enum):
    """What `responseStatus` and `transactionState` say together."""

    APPROVED = "done as asked"
    DECLINED = "declined"
    PENDING = "taken, not decided"
    UNFAMILIAR = "the two contradict each other, or do not answer what was asked"


_A, _D, _P, _X = Judgement

# fmt: off
_STATES: Final = ("AUTHORIZED", "CLOSED", "COMPLETED", "VOIDED", "PENDING", "DECLINED", "ERROR")
_SUCCESS: Final = {
    Asked.SALE:         (_A,       _A,       _A,          _X,       _P,        _X,         _X),
    Asked.PAYMENT:      (_A,       _A,       _A,          _A,       _P,        _X,         _X),
    Asked.VOID:         (_X,       _X,       _X,          _A,       _P,        _X,         _X),
    Asked.CAPTURE:      (_X,       _A,       _A,          _X,       _P,        _X,         _X),
    # Chase authorizes a refund like a charge: any state but a refusal's is that of a refund that was taken.
    Asked.REFUND:       (_A,       _A,       _A,          _A,       _P,        _X,         _X),
    Asked.VERIFICATION: (_A,       _A,       _A,          _X,       _P,        _X,         _X),
}
_OTHERWISE: Final = {
    "PENDING":          (_P,       _X,       _X,          _X,       _P,        _X,         _X),
    "DENIED":           (_X,       _X,       _X,          _X,       _X,        _D,         _X),
    # Said of HTTP 4xx and 5xx alone.
    "ERROR":            (_X,       _X,       _X,          _X,       _X,        _X,         _X),
}
# By the published schema a verification has a status and no state.
_STATELESS: Final = {"SUCCESS": _A, "PENDING": _P, "DENIED": _D, "ERROR": _X}
# fmt: on

Words = tuple[Asked, str, TransactionState | None]


def _rows() -> Iterator[tuple[Words, Judgement]]:
    for asked, success in _SUCCESS.items():
        for status, row in {"SUCCESS": success, **_OTHERWISE}.items():
            for state, judgement in zip(_STATES, row, strict=True):
                yield (asked, status, TransactionState(state)), judgement
    for status, judgement in _STATELESS.items():
        yield (Asked.VERIFICATION, status, None), judgement


JUDGEMENT_OF: Final[Mapping[Words, Judgement]] = MappingProxyType(dict(_rows()))

# Not decided yet, even where the state reads as approved.
PENDING_CODES: Final = frozenset({"CUSTOMER_PENDING", "PERFORM_AUTHENTICATION"})


def judge(answer: Answer, asked: Asked) -> Judgement:
    """Status and state by the table; a value that is not in it is UNFAMILIAR."""
    try:
        state = TransactionState(answer.state) if answer.state else None
        judgement = JUDGEMENT_OF[asked, answer.status or "", state]
    except (KeyError, ValueError):
        return Judgement.UNFAMILIAR
    return Judgement.PENDING if judgement is Judgement.APPROVED and answer.code in PENDING_CODES else judgement
