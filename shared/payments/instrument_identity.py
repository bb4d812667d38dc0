"""What tells an instrument apart from every other: the text that its keyed fingerprint is made of."""

from typing import Final

from shared.payments.requests import Ach, Card, Instrument
from shared.payments.secret import Secret

# Keeps the fingerprints of instruments apart from those of bodies, which are made with the same keys: a body is JSON.
_DOMAIN: Final = "instrument:"


def identity_of(instrument: Instrument) -> Secret | None:
    """
    The whole card number, or its token and the token's kind; the routing and account number. Never to be stored.

    A card and a token for it are two instruments: only Chase knows that they are one. None for a wallet: its bundle is
    sealed, and another one each time.
    """
    match instrument:
        case Card(token_type=None):
            return Secret(f"{_DOMAIN}card:{instrument.number.reveal()}")
        case Card():
            return Secret(f"{_DOMAIN}token:{instrument.token_type}:{instrument.number.reveal()}")
        case Ach():
            return Secret(f"{_DOMAIN}ach:{instrument.routing_number}:{instrument.account_number.reveal()}")
    return None
