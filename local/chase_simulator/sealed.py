"""A wallet's sealed bundle: its common parts, what may be kept of it, and the answer. Nobody here can open one."""

import hashlib
import json
from typing import Final

from local.chase_simulator.card_network import card_data
from local.chase_simulator.exchange import Json
from local.chase_simulator.validation import Rule, text
from local.chase_simulator.verdicts import Verdict, card_verdict_on

# RFC 4648, section 4, padded; at least one byte.
_BASE64: Final = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)"

# The device account number that would be inside, for all of them: one of Chase's test cards.
_INSIDE: Final = "4112344112344113"


def base64_text() -> Rule:
    return text(4, None, _BASE64)


def lat_long() -> Rule:
    """Whole degrees: `42,-71`."""
    return text(3, 21, r"-?[0-9]{1,3},-?[0-9]{1,3}")


def verdict(_wallet: Json, request: Json) -> Verdict:
    """As for a card, for there is one inside."""
    return card_verdict_on(request["amount"])


def kept(wallet: Json) -> Json:
    """Only a digest of the bundle, which is sealed and long: nothing can be guessed back from it."""
    bundle = json.dumps(wallet["encryptedPaymentBundle"], sort_keys=True).encode()
    return {**wallet, "encryptedPaymentBundle": hashlib.sha256(bundle).hexdigest()}


def answered(wallet: Json, request: Json, verdict: Verdict, serial: int) -> Json:
    """Chase's `paymentMethodType.applepay` or `.googlepay`: the place, and what the network says of the card inside."""
    not_present = {"cardVerificationResult": "NOT_PRESENT"}
    return {"latLong": wallet["latLong"], **card_data(_INSIDE, not_present, request, verdict, serial)}
