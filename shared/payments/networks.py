"""Whose retry rules an instrument is under."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.payments.payment import Method


class Network(StrEnum):
    """A card network, or the ACH network (whose rules Nacha writes)."""

    VISA = "visa"
    MASTERCARD = "mastercard"
    AMEX = "amex"
    DISCOVER = "discover"
    DINERS = "diners"
    JCB = "jcb"
    UNIONPAY = "unionpay"
    # A token, a wallet, or a number outside the ranges that we know: the network behind it is not told.
    UNIDENTIFIED = "unidentified"
    ACH = "ach"


# Every brand that cards.brand() gives. Maestro is a brand of Mastercard's.
NETWORK_OF_BRAND: Final[Mapping[str, Network]] = MappingProxyType(
    {
        "visa": Network.VISA,
        "mastercard": Network.MASTERCARD,
        "maestro": Network.MASTERCARD,
        "amex": Network.AMEX,
        "discover": Network.DISCOVER,
        "diners": Network.DINERS,
        "jcb": Network.JCB,
        "unionpay": Network.UNIONPAY,
        "unknown": Network.UNIDENTIFIED,
    }
)

# Whose rules a network's instruments are held to. No rule of the five others is public: their declines are remembered,
# so that a rule added later knows the past. What is not identified is held to the rules of all, for it may be either's.
RULES_OF: Final[Mapping[Network, frozenset[Network]]] = MappingProxyType(
    {
        Network.VISA: frozenset({Network.VISA}),
        Network.MASTERCARD: frozenset({Network.MASTERCARD}),
        Network.AMEX: frozenset(),
        Network.DISCOVER: frozenset(),
        Network.DINERS: frozenset(),
        Network.JCB: frozenset(),
        Network.UNIONPAY: frozenset(),
        Network.UNIDENTIFIED: frozenset({Network.VISA, Network.MASTERCARD}),
        Network.ACH: frozenset({Network.ACH}),
    }
)


def network_of(method: Method) -> Network:
    """The network of what a payment was made with, by what is kept of it."""
    if method.type == "ach":
        return Network.ACH
    return NETWORK_OF_BRAND.get(method.brand or "unknown", Network.UNIDENTIFIED)
