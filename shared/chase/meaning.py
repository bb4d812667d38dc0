"""An answer that is judged -> the outcome it stands for, with its amount and ids; nothing secret is in its texts."""

import re
from collections.abc import Callable
from typing import Final, TypeVar, assert_never

from shared.chase import codes
from shared.chase.declines import retry_of
from shared.chase.judgement import Asked, Judgement, judge
from shared.chase.verification import Verified
from shared.chase.wire.answers import Answer
from shared.payments.money import Money
from shared.payments.outcome import Approved, Declined, Pending, Transaction, TransactionState, Unknown

T = TypeVar("T")

UNFAMILIAR: Final = Unknown(codes.UNFAMILIAR_ANSWER, "Chase answered with values that we do not know, or not together")

_TRANSACTION_ID: Final = re.compile(r"[A-Za-z0-9._:-]{4,40}")
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{2,50}")
# A card number has 12 digits or more; seven in a row, however spaced, are too many to show. So is what may be a piece
# of a token or a wallet's bundle: no word is that long, and Chase's ids are 36.
_UNSHOWN: Final = re.compile(r"\d(?:[ -]?\d){6}|[A-Za-z0-9+/=_.-]{40}")
_NETWORK_WORD: Final = re.compile(r"[A-Za-z0-9]{1,4}")
_MESSAGE_MAX: Final = 200
_SHORT_TEXT_MAX: Final = 50


def payment_outcome(answer: Answer, asked: Asked) -> Approved | Declined | Pending | Unknown:
    """What the answer's values mean. A partial approval is an approval of less: the domain judges that."""
    return _outcome(answer, asked, _approved)


def verification_outcome(answer: Answer) -> Verified | Declined | Pending | Unknown:
    """What the answer to a verification means."""
    return _outcome(answer, Asked.VERIFICATION, _verified)


def shown_code(answer: Answer) -> str | None:
    """Chase's response code, where it looks like one."""
    code = answer.code or ""
    return code if _CODE.fullmatch(code) and not _UNSHOWN.search(code) else None


def shown_message(answer: Answer) -> str | None:
    """Chase's text, for callers and our log; dropped where it might hold a card number or another secret."""
    message = answer.message or ""
    return message[:_MESSAGE_MAX] if message and not _UNSHOWN.search(message) else None


def _outcome(
    answer: Answer, asked: Asked, approved: Callable[[Answer, str], T | Unknown]
) -> T | Declined | Pending | Unknown:
    judgement, transaction_id = judge(answer, asked), _transaction_id(answer)
    match judgement:
        case Judgement.APPROVED:
            return approved(answer, transaction_id) if transaction_id else UNFAMILIAR
        case Judgement.DECLINED:
            code = shown_code(answer) or "DECLINED"
            message, retry = shown_message(answer) or "declined", retry_of(code, answer.advice)
            words = (_network_word(answer.network_code), _network_word(answer.advice))
            return Declined(code, message, retry, transaction_id, *words)
        case Judgement.PENDING:
            message = shown_message(answer) or "taken by Chase, not decided yet"
            return Pending(shown_code(answer) or "PENDING", message, transaction_id)
        case Judgement.UNFAMILIAR:
            return UNFAMILIAR
        case _:  # pragma: no cover
            assert_never(judgement)


def _approved(answer: Answer, transaction_id: str) -> Approved | Unknown:
    amount = _amount(answer)
    if amount is None:
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


def _verified(answer: Answer, transaction_id: str) -> Verified:
    return Verified(
        transaction_id=transaction_id,
        code=shown_code(answer) or "APPROVED",
        message=shown_message(answer) or "verified",
        avs=_short(answer.avs),
        cvv=_short(answer.cvv),
        network_transaction_id=_short(answer.network_transaction_id),
    )


def _amount(answer: Answer) -> Money | None:
    try:
        return Money(-1 if answer.amount_minor is None else answer.amount_minor, answer.currency or "")
    except ValueError:
        return None


def _transaction_id(answer: Answer) -> str | None:
    return answer.transaction_id if _TRANSACTION_ID.fullmatch(answer.transaction_id or "") else None


def _network_word(text: str | None) -> str | None:
    return text if _NETWORK_WORD.fullmatch(text or "") else None


def _short(text: str | None) -> str | None:
    return text[:_SHORT_TEXT_MAX] if text else None
