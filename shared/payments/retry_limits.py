"""
How often an instrument may be tried: the networks' limits as dated data, validated at load.

A limit bounds *declined* tries. Windows roll: 24 hours, not a calendar day, so no calendar day holds more either.
Codes after which there is no next try are in never_again.py; docs/decisions says where the numbers are from.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import combinations
from typing import Final

from shared.payments.networks import RULES_OF, Network
from shared.payments.requests import Initiator
from shared.payments.term import Term


class Scope(StrEnum):
    """Which tries count together; all are of one instrument."""

    INSTRUMENT = "one instrument"
    AMOUNT = "one instrument for the same amount at the same merchant"
    BILL = "one account for the same amount of the same bill"


class InvalidLimits(ValueError):
    """The limits contradict one another, or make no sense."""


@dataclass(frozen=True, slots=True)
class Limit:
    """
    At most `maximum` declined tries within `window`, on the days of `effective`.

    `name` stays the same when a rule's numbers change. `initiator` is whose tries it bounds and counts, None for all.
    Raises InvalidLimits, naming the rule.
    """

    name: str
    network: Network
    effective: Term
    window: timedelta
    maximum: int
    scope: Scope
    initiator: Initiator | None = None

    def __post_init__(self) -> None:
        if self.network not in RULES_OF[self.network]:
            raise InvalidLimits(f"{self.name}: {self.network} is under no rules of its own (networks.py)")
        if self.maximum < 1:
            raise InvalidLimits(f"{self.name}: the maximum must be 1 or more")
        if self.window <= timedelta():
            raise InvalidLimits(f"{self.name}: the window must be longer than nothing")

    def __str__(self) -> str:
        """The rule in words, for a person at the biller."""
        hours = self.window // timedelta(hours=1)
        span = f"{hours} hours" if hours <= 48 else f"{self.window.days} days"
        by = f", by the {self.initiator}" if self.initiator else ""
        return f"{self.network} allows {self.maximum} declined tries of {self.scope} in {span}{by}"


def validated(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """`limits` as they are. Raises InvalidLimits where two rows of one rule bound the same tries on the same day."""
    limits = tuple(limits)
    for one, other in combinations(limits, 2):
        if one.name != other.name:
            continue
        if one.network is not other.network:
            raise InvalidLimits(f"{one.name}: a rule is one network's")
        if _share_an_initiator(one, other) and one.effective.overlaps(other.effective):
            both = max(one.effective.since, other.effective.since)
            raise InvalidLimits(f"{one.name}: two rows are in force on {both}")
    return limits


def _share_an_initiator(one: Limit, other: Limit) -> bool:
    return one.initiator is None or other.initiator is None or one.initiator is other.initiator


_DAY_OF_20: Final = date(2025, 4, 19)
_VISA_15: Final = Term(date(2022, 4, 1), _DAY_OF_20)
_VISA_20: Final = Term(_DAY_OF_20)
_MASTERCARD: Final = Term(date(2025, 1, 1))
_NACHA: Final = Term(date(2015, 9, 18))
_24_HOURS, _30_DAYS, _180_DAYS = timedelta(hours=24), timedelta(days=30), timedelta(days=180)

# fmt: off
LIMITS: Final = validated((
    # Visa, excessive reattempts: fees since April 2022 (CardPointe, Payway).
    Limit("visa-30-days", Network.VISA, _VISA_15, _30_DAYS, 15, Scope.AMOUNT),
    # 20 since 19 April 2025, payers' and billers' tries counted apart (Checkout.com, TabaPay; Cielo says 25 May).
    Limit("visa-30-days", Network.VISA, _VISA_20, _30_DAYS, 20, Scope.AMOUNT, Initiator.PAYER),
    Limit("visa-30-days", Network.VISA, _VISA_20, _30_DAYS, 20, Scope.AMOUNT, Initiator.BILLER),
    # Mastercard, Transaction Processing Excellence: a fee per excess since 2025 (Checkout.com, Braintree, TabaPay).
    Limit("mastercard-24-hours", Network.MASTERCARD, _MASTERCARD, _24_HOURS, 10, Scope.INSTRUMENT),
    Limit("mastercard-30-days", Network.MASTERCARD, _MASTERCARD, _30_DAYS, 35, Scope.AMOUNT),
    # Nacha Operating Rules 2.12.4, reinitiation: an entry, and two more within 180 days (guides of originating banks).
    Limit("nacha-reinitiation", Network.ACH, _NACHA, _180_DAYS, 3, Scope.BILL),
))
# fmt: on

# How long a try must be remembered: the longest window, and time for what is recorded late.
KEPT_FOR: Final = max(limit.window for limit in LIMITS) + timedelta(days=20)


def limits_on(network: Network, initiator: Initiator, at: datetime) -> tuple[Limit, ...]:
    """The limits in force at `at` on a try begun by `initiator`, in the order of the table."""
    return _limits_on(network, initiator, at.date())


# A day's answers are the same for every sale of it.
@lru_cache(64)
def _limits_on(network: Network, initiator: Initiator, day: date) -> tuple[Limit, ...]:
    held_to = RULES_OF[network]
    return tuple(
        limit
        for limit in LIMITS
        if limit.network in held_to and limit.effective.holds(day) and limit.initiator in (None, initiator)
    )
