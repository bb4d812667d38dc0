"""
Two processors' codes in one set of words, so that the same answer in other letters is the same answer.

Ours are Chase's response codes; theirs are mostly those of ISO 8583 (field 39), as card networks use them.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

APPROVED: Final = "approved"

# fmt: off
_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    APPROVED:               ("0", "00", "000", "10", "85", "APPROVAL", "ACCEPTED", "SUCCESS"),
    "refer_to_issuer":      ("01", "02", "CALL", "CALL_ISSUER"),
    "pick_up_card":         ("04", "07", "41", "43", "LOST_OR_STOLEN", "LOST_STOLEN", "PICK_UP", "PICKUP_CARD"),
    "do_not_honor":         ("05", "DO_NOT_HONOUR", "DECLINED", "GENERIC_DECLINE", "PROCESSOR_DECLINE"),
    "invalid_transaction":  ("12", "57", "58", "TRANSACTION_NOT_ALLOWED", "NOT_PERMITTED"),
    "invalid_amount":       ("13",),
    "invalid_account":      ("14", "15", "46", "78", "INVALID_CARD", "INVALID_CARD_NUMBER", "INVALID_ACCOUNT_NUMBER",
                             "R03", "R04", "ACCOUNT_CLOSED"),
    "insufficient_funds":   ("51", "NSF", "R01", "R09"),
    "expired_card":         ("33", "54", "CARD_EXPIRED", "EXPIRED"),
    "over_limit":           ("61", "65", "LIMIT_EXCEEDED", "CREDIT_LIMIT_EXCEEDED", "EXCEEDS_LIMIT", "CREDIT_FLOOR",
                             "EXCEEDS_WITHDRAWAL_LIMIT", "EXCEEDS_WITHDRAWAL_FREQUENCY", "OVER_CREDIT_LIMIT"),
    "suspected_fraud":      ("34", "59", "63", "FRAUD", "FRAUD_SUSPECTED", "SECURITY_VIOLATION"),
    "cvv_failure":          ("82", "N7", "CVV2_FAILURE", "CVV_MISMATCH", "INVALID_CVV"),
    "issuer_unavailable":   ("91", "92", "ISSUER_NOT_AVAILABLE", "ISSUER_TIMEOUT", "TRY_AGAIN", "TRY_AGAIN_LATER"),
    "duplicate":            ("94", "DUPLICATE_TRANSACTION"),
    "system_error":         ("06", "96", "ERROR", "INTERNAL_ERROR"),
})
# fmt: on
_MEANING: Final = MappingProxyType(
    {spelling: meaning for meaning, spellings in _SPELLINGS.items() for spelling in (*spellings, meaning.upper())}
)
_NO_LETTER: Final = re.compile(r"[^A-Z0-9]+")


def normalised(code: str | None) -> str | None:
    """The code in our words; one that the table lacks stays itself, in lower case with single underscores."""
    if code is None:
        return None
    spelled = _NO_LETTER.sub("_", code.upper()).strip("_")
    return _MEANING.get(spelled, spelled.lower()) or None
