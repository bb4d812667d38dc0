"""
What a network says with a no: whether it counts as a declined try, and whether there may be a next one.

Chase tells the network's own code where it has it (`networkResponse.networkResponseCode`); where it does not, its
response code is all we know, and each network code is given with the words that Chase's platform uses for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import combinations
from typing import Final

from shared.payments.networks import RULES_OF, Network
from shared.payments.term import Term


class Blocks(StrEnum):
    """What a no blocks from then on, weakest first: `value` is what is stored."""

    NOTHING = "nothing"
    # Sales at this merchant that rest on a standing authorization: it is gone, and only the payer can give a new one.
    AUTHORIZATION = "authorization"
    # Every sale from the instrument at this merchant.
    MERCHANT = "merchant"
    # Every sale from the instrument, at whichever merchant.
    INSTRUMENT = "instrument"


_WEAKEST_FIRST: Final = tuple(Blocks)


@dataclass(frozen=True, slots=True)
class Said:
    """
    A no in the network's words: `code` is Chase's response code, or an ACH return code (`R01`).

    `network_code` is the card network's own (`05`), `advice` its merchant advice code (`03`); None where not told.
    """

    code: str
    network_code: str | None = None
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """`counted`: whether it is a declined try in the sense of the limits."""

    counted: bool
    blocks: Blocks


class InvalidCodes(ValueError):
    """One code has two meanings on one day."""


@dataclass(frozen=True, slots=True)
class Never:
    """Codes of one network that mean the same, on the days of `effective`; `words` are Chase's for `codes`."""

    network: Network
    effective: Term
    blocks: Blocks
    codes: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    advice: frozenset[str] = frozenset()

    def says(self, said: Said) -> bool:
        """The network's own code outranks Chase's word for it: several codes may share a word."""
        if (said.advice or "").zfill(2) in self.advice:
            return True
        if said.network_code is not None:
            return said.network_code in self.codes
        return said.code in self.words or said.code in self.codes


def validated(rows: Iterable[Never]) -> tuple[Never, ...]:
    """`rows` as they are. Raises InvalidCodes where one network's code, word or advice means two things."""
    rows = tuple(rows)
    for one, other in combinations(rows, 2):
        twice = (one.codes & other.codes) | (one.words & other.words) | (one.advice & other.advice)
        if one.network is other.network and twice and one.effective.overlaps(other.effective):
            raise InvalidCodes(f"{one.network}: {', '.join(sorted(twice))} stands in two rows of the same days")
    return rows


# Visa's fees on reattempts after category 1 (CardPointe, Payway); the list is that of Checkout.com and TabaPay. Others
# differ: Forte and retries.com leave 14 out, TabaPay dates 57 to 25 October 2026.
_VISA: Final = Term(date(2022, 4, 1))
# The fees on excess tries. No sale was made here before.
_MASTERCARD: Final = Term(date(2025, 1, 1))
# Since then R11 has its present meaning, an entry in error, which may be corrected: it is not among them.
_NACHA: Final = Term(date(2020, 4, 1))


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# fmt: off
NEVER: Final = validated((
    # Visa category 1, the card: pick up (04, 07), no such number (14) or issuer (15), lost (41), stolen (43),
    # closed (46), every authorization revoked (R3).
    Never(Network.VISA, _VISA, Blocks.INSTRUMENT, codes=_set("04 07 14 15 41 43 46 R3"), words=_set(
        "PICKUP PICKUP_CARD PICK_UP_CARD LOST_STOLEN LOST_CARD STOLEN_CARD INVALID_ACCOUNT INVALID_ACCOUNT_NUMBER "
        "INVALID_CARD_NUMBER BAD_ACCOUNT NO_ACCOUNT NOT_ON_FILE NO_SUCH_ISSUER INVALID_ISSUER CLOSED_ACCOUNT "
        "ACCOUNT_CLOSED REVOCATION_OF_ALL_AUTHORIZATIONS"
    )),
    # Visa category 1, what this merchant asked for: invalid transaction (12), not permitted to the cardholder (57),
    # this payment stopped (R0), this merchant's authorization revoked (R1). Another merchant may still be paid. No
    # word for 12: an "invalid transaction type" may be Chase's own, and our mistake.
    Never(Network.VISA, _VISA, Blocks.MERCHANT, codes=_set("12 57 R0 R1"), words=_set(
        "TRANSACTION_NOT_PERMITTED NOT_PERMITTED_TO_CARDHOLDER STOP_PAYMENT STOP_PAYMENT_ORDER REVOCATION "
        "REVOCATION_OF_AUTHORIZATION"
    )),
    # Mastercard's merchant advice (Everonet, Braintree): 03 do not try again; 21 cancelled, at this merchant.
    Never(Network.MASTERCARD, _MASTERCARD, Blocks.INSTRUMENT, advice=_set("03")),
    Never(Network.MASTERCARD, _MASTERCARD, Blocks.MERCHANT, advice=_set("21")),
    # Nacha, the account: closed (R02), none (R03), invalid number (R04), sold to another bank (R12), no such routing
    # number (R13), takes no debits (R20).
    Never(Network.ACH, _NACHA, Blocks.INSTRUMENT, codes=_set("R02 R03 R04 R12 R13 R20")),
    # Nacha, the authorization: unauthorized (R05, R10, R29, R51), revoked (R07), payment stopped (R08).
    Never(Network.ACH, _NACHA, Blocks.AUTHORIZATION, codes=_set("R05 R07 R08 R10 R29 R51")),
))
# fmt: on

# The returns that may be presented again, and so count: insufficient and uncollected funds (Nacha 2.12.4).
PRESENTED_AGAIN: Final = frozenset({"R01", "R09"})


def never_again(network: Network, said: Said, at: datetime) -> Blocks:
    """What `said` blocks, by the rules in force at `at`; the strongest where several networks' rules apply."""
    held_to, day = RULES_OF[network], at.date()
    found = [row.blocks for row in NEVER if row.network in held_to and row.effective.holds(day) and row.says(said)]
    return max(found, key=_WEAKEST_FIRST.index, default=Blocks.NOTHING)


def meaning_of(network: Network, said: Said, at: datetime) -> Meaning:
    """What a no of the network means, said at `at`. Every decline of a card counts, of ACH returns those for funds."""
    counted = network is not Network.ACH or said.code in PRESENTED_AGAIN
    return Meaning(counted, never_again(network, said, at))
