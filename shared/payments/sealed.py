"""An instrument that waits with us, sealed: only the one place that opens it knows what is in it."""

from dataclasses import dataclass


class CannotOpen(Exception):
    """What was sealed stays so: a person must look. The text holds nothing of it."""


@dataclass(frozen=True, slots=True)
class SealedInstrument:
    """`text` is ciphertext in base64, under the key named `key_name`."""

    key_name: str
    text: str
