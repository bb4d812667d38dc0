"""What the issuer says, told by the amount: a reason code x 100 declines, any other amount approves, one in part."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Verdict:
    """`code` and `message` are Chase's responseCode and responseMessage; `network_code` is the network's own word."""

    approved: bool
    code: str
    message: str
    host_message: str
    network_code: str


APPROVED: Final = Verdict(True, "APPROVED", "Transaction approved by Issuer", "Approved", "00")
PARTLY_APPROVED: Final = Verdict(True, "PARTIAL_APPROVAL", "Transaction partially approved", "Partial approval", "10")

# 777.00 of the currency: approved in part although the merchant asked for no such thing, as Chase might. Ours.
PARTIAL_AMOUNT: Final = 77700


def _declined(code: str, host_message: str, network_code: str = "05") -> Verdict:
    return Verdict(False, code, "Transaction declined by Issuer", host_message, network_code)


# fmt: off
# Reason code -> verdict. Chase's test page names 521 and 530; the other words follow the public list of reason codes.
DECLINES: Final[Mapping[int, Verdict]] = MappingProxyType({
    201: _declined("INVALID_ACCOUNT",          "Invalid account", "14"),
    302: _declined("CREDIT_FLOOR",             "Credit floor", "61"),
    303: _declined("PROCESSOR_DECLINE",        "Processor decline"),
    304: _declined("NOT_ON_FILE",              "Not on file", "14"),
    401: _declined("CALL",                     "Call", "01"),
    402: _declined("DEFAULT_CALL",             "Default call", "02"),
    501: _declined("PICKUP",                   "Pickup", "04"),
    502: _declined("LOST_STOLEN",              "Lost or stolen", "43"),
    503: _declined("SECURITY_VIOLATION",       "Security violation", "63"),
    505: _declined("NEGATIVE_FILE",            "Negative file"),
    509: _declined("OVER_LIMIT",               "Over the limit", "61"),
    510: _declined("OVER_FREQUENCY",           "Over the frequency limit", "65"),
    521: _declined("INSUFFICIENT_FUNDS",       "Insufficient funds", "51"),
    522: _declined("CARD_EXPIRED",             "Card is expired", "54"),
    530: _declined("DO_NOT_HONOR",             "Do not honor", "05"),
    531: _declined("CVV2_FAILURE",             "CVV2 failure", "N7"),
    550: _declined("CLOSED_ACCOUNT",           "Closed account", "46"),
    570: _declined("STOP_PAYMENT",             "Stop payment order", "R0"),
    571: _declined("REVOCATION",               "Revocation of authorization", "R1"),
    591: _declined("BAD_ACCOUNT",              "Bad account number", "14"),
    594: _declined("OTHER",                    "Other error", "06"),
    596: _declined("SUSPECTED_FRAUD",          "Suspected fraud", "59"),
    605: _declined("BAD_EXPIRY",               "Invalid expiration date", "54"),
    606: _declined("INVALID_TRANSACTION_TYPE", "Invalid transaction type", "12"),
    806: _declined("RESTRAINT",                "Restraint", "62"),
    825: _declined("NO_ACCOUNT",               "No account", "14"),
})
# fmt: on


# Reasons that only a card can have: an ACH payment of such an amount is approved. Ours, as Chase's are not public.
_CARDS_ONLY: Final = frozenset({302, 401, 402, 501, 502, 522, 531, 605})


def card_verdict_on(amount: int) -> Verdict:
    """`amount` in minor units; of a card, or of a wallet, where a card is behind it."""
    return PARTLY_APPROVED if amount == PARTIAL_AMOUNT else _verdict_on(amount)


def ach_verdict_on(amount: int) -> Verdict:
    """`amount` in minor units. Approved means accepted: a return may come days later, by other ways."""
    return APPROVED if amount // 100 in _CARDS_ONLY else _verdict_on(amount)


def refund_verdict_on(amount: int) -> Verdict:
    """`amount` in minor units, as asked for: a refund that names no amount is approved."""
    return _verdict_on(amount)


def approved_amount(requested: int, verdict: Verdict) -> int:
    """Half of it where it is approved in part. Minor units."""
    return requested // 2 if verdict is PARTLY_APPROVED else requested


def _verdict_on(amount: int) -> Verdict:
    reason, rest = divmod(amount, 100)
    return APPROVED if rest else DECLINES.get(reason, APPROVED)
