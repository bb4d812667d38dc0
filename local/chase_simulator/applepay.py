"""Apple Pay: the bundle as Chase takes it, field by field from Apple's `paymentData`."""

from typing import Final

from local.chase_simulator.sealed import base64_text, lat_long
from local.chase_simulator.validation import one_of, record, text

# `walletTransactionId` and `latLong` are required here, because the public sources differ: who sends them is safe.
RULE: Final = record(
    {
        "latLong": lat_long(),
        "encryptedPaymentBundle": record(
            {
                "encryptedPayload": base64_text(),
                "signature": base64_text(),
                "protocolVersion": one_of("EC_v1"),
                "encryptedPaymentHeader": record(
                    {
                        "ephemeralPublicKey": base64_text(),
                        "publicKeyHash": base64_text(),
                        "walletTransactionId": text(1, None, r"[0-9A-Fa-f]+"),
                    },
                    {"walletApplicationData": text(1)},
                ),
            }
        ),
    }
)
