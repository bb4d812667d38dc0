"""What a payment in Chase's words means: status and state by a table, then its amount. The rest is Unknown."""

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, assert_never

from shared.chase import codes
from shared.chase.declines import retry_of
from shared.chase.wire import Answer
from shared.payments.money import Money
from shared.payments.outcome import Approved, Declined, Pending, Transaction, TransactionState, Unknown


class Judgement(Enum):
    """What `responseStatus` and `transactionState` say together."""

    APPROVED = "approved"
    VOIDED = "approved, and undone since: an answer to a look-up, never to a sale"
    DECLINED = "declined"
    PENDING = "taken, not decided"
    UNFAMILIAR = "the two contradict each other"


_A, _V, _D, _P, _X = Judgement

# fmt: off
_STATES: Final = ("AUTHORIZED", "CLOSED", "COMPLETED", "VOIDED", "PENDING", "DECLINED", "ERROR")
_ROWS: Final = {
    "SUCCESS":   (_A,           _A,       _A,          _V,       _P,        _X,         _X),
    "PENDING":   (_P,           _X,       _X,          _X,       _P,        _X,         _X),
    "DENIED":    (_X,           _X,       _X,          _X,       _X,        _D,         _X),
    "ERROR":     (_X,           _X,       _X,          _X,       _X,        _X,         _X),
}
# fmt: on
JUDGEMENT_OF: Final[Mapping[tuple[str, TransactionState], Judgement]] = MappingProxyType(
    {
        (status, TransactionState(state)): judgement
        for status, row in _ROWS.items()
        for state, judgement in zip(_STATES, row, strict=True)
    }
)

# Not decided yet, even where the state reads as approved.
PENDING_CODES: Final = frozenset({"CUSTOMER_PENDING", "PERFORM_AUTHENTICATION"})

UNFAMILIAR: Final = Unknown(codes.UNFAMILIAR_ANSWER, "Chase answered with values that we do not know, or not together")

_TRANSACTION_ID: Final = re.compile(r"[A-Za-z0-9._:-]{4,40}")
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{2,50}")
# A card number has 12 digits or more; seven in a row, however spaced, are too many to show.
_MANY_DIGITS: Final = re.compile(r"\d(?:[ -]?\d){6}")
_MESSAGE_MAX: Final = 200
_SHORT_TEXT_MAX: Final = 50


def payment_outcome(answer: Answer) -> Approved | Declined | Pending | Unknown:
    """What the payment's values mean. A partial approval is an approval of less: the domain judges that."""
    judgement = judge(answer)
    match judgement:
        case Judgement.APPROVED | Judgement.VOIDED:
            return _approved(answer)
        case Judgement.DECLINED:
            code = shown_code(answer) or "DECLINED"
            message = shown_message(answer) or "declined"
            return Declined(code, message, retry_of(code, answer.advice), _transaction_id(answer))
        case Judgement.PENDING:
            message = shown_message(answer) or "taken by Chase, not decided yet"
            return Pending(shown_code(answer) or "PENDING", message, _transaction_id(answer))
        case Judgement.UNFAMILIAR:
            return UNFAMILIAR
        case _:  # pragma: no cover
            assert_never(judgement)


def judge(answer: Answer) -> Judgement:
    """Status and state by the table; a value that is not in it is UNFAMILIAR."""
    try:
        judgement = JUDGEMENT_OF[answer.status or "", TransactionState(answer.state or "")]
    except (KeyError, ValueError):
        return Judgement.UNFAMILIAR
    return Judgement.PENDING if judgement is Judgement.APPROVED and answer.code in PENDING_CODES else judgement


def shown_code(answer: Answer) -> str | None:
    """Chase's response code, where it looks like one."""
    code = answer.code or ""
    return code if _CODE.fullmatch(code) and not _MANY_DIGITS.search(code) else None


def shown_message(answer: Answer) -> str | None:
    """Chase's text, for callers and our log; dropped where it might hold a card number."""
    message = answer.message or ""
    return message[:_MESSAGE_MAX] if message and not _MANY_DIGITS.search(message) else None


def _approved(answer: Answer) -> Approved | Unknown:
    transaction_id, amount = _transaction_id(answer), _amount(answer)
    if transaction_id is None or amount is None:
        return UNFAMILIAR
    transaction = Transaction(
        transaction_id=transaction_id,
        state=TransactionState(answer.state or ""),
        amount=amount,
        captures_at=answer.captures_at,
        approval_code=_short(answer.approval_code),
        avs=_short(answer.avs),
        cvv=_short(answer.cvv),
        network_transaction_id=_short(answer.network_transaction_id),
    )
    return Approved(transaction, shown_code(answer) or "APPROVED", shown_message(answer) or "approved")


def _amount(answer: Answer) -> Money | None:
    try:
        return Money(-1 if answer.amount_minor is None else answer.amount_minor, answer.currency or "")
    except ValueError:
        return None


def _transaction_id(answer: Answer) -> str | None:
    return answer.transaction_id if _TRANSACTION_ID.fullmatch(answer.transaction_id or "") else None


def _short(text: str | None) -> str | None:
    return text[:_SHORT_TEXT_MAX] if text else None
