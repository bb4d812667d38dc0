"""Google Pay: the bundle as Chase takes it. Its payload is Google's signed message, the raw JSON string."""

import json
from collections.abc import Iterator
from typing import Final

from local.chase_simulator.exchange import Json
from local.chase_simulator.sealed import base64_text, lat_long
from local.chase_simulator.validation import Problem, one_of, record, text

RULE: Final = record(
    {
        "latLong": lat_long(),
        "encryptedPaymentBundle": record(
            {
                "encryptedPayload": text(2),
                "signature": base64_text(),
                "protocolVersion": one_of("ECv1", "ECv2"),
                "encryptedPaymentHeader": record({"ephemeralPublicKey": base64_text()}),
            }
        ),
    }
)
_SIGNED_MESSAGE: Final = record(
    {"encryptedMessage": base64_text(), "ephemeralPublicKey": base64_text(), "tag": base64_text()}
)
_BUNDLE: Final = "paymentMethodType.googlepay.encryptedPaymentBundle"


def problems(wallet: Json, _request: Json) -> Iterator[Problem]:
    """What is wrong inside the signed message, or between it and the header made from it."""
    bundle, path = wallet["encryptedPaymentBundle"], f"{_BUNDLE}.encryptedPayload"
    try:
        message = json.loads(bundle["encryptedPayload"])
    except (ValueError, RecursionError):
        yield Problem("SYNTAX", "must be JSON", path)
        return
    wrong = [*_SIGNED_MESSAGE(message, path)]
    yield from wrong
    if not wrong and message["ephemeralPublicKey"] != bundle["encryptedPaymentHeader"]["ephemeralPublicKey"]:
        key_path = f"{_BUNDLE}.encryptedPaymentHeader.ephemeralPublicKey"
        yield Problem("MISMATCH", "must be the one in the signed message", key_path)
