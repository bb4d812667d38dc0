"""An instrument that waits with us while Chase is down: sealed with AES-GCM, for its own payment alone."""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from shared.payments.request_text import plain_request, read_request
from shared.payments.requests import Card, SaleRequest, keepable
from shared.payments.sealed import CannotOpen, SealedInstrument
from shared.payments.secret import Secret

# What AES-GCM asks for: never used twice under one key, which 96 random bits see to for some billions of sales.
_NONCE_BYTES: Final = 12


class InstrumentSealing:
    """
    Fits `use_cases.ports.Sealing`. `keys` are base64 of 32 bytes by name: the first seals, all open.

    The payment's id is bound to the ciphertext: moved to another payment, it does not open.
    """

    def __init__(self, keys: Mapping[str, Secret]) -> None:
        self._keys = keys

    def seal(self, request: SaleRequest, payment_id: str) -> SealedInstrument:
        """Raises ValueError for an instrument that may not be kept (a card number, a wallet's bundle)."""
        if keepable(request.method) is None:
            raise ValueError("this kind of instrument is never kept")
        # A CVV is kept by nobody (PCI DSS 3.3.1).
        method = replace(request.method, cvv=None) if isinstance(request.method, Card) else request.method
        kept = replace(request, method=method)
        key_name = next(iter(self._keys))
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(key_name).encrypt(nonce, json.dumps(plain_request(kept)).encode(), payment_id.encode())
        return SealedInstrument(key_name, base64.b64encode(nonce + sealed).decode("ascii"))

    def open(self, sealed: SealedInstrument, payment_id: str) -> SaleRequest:
        """Raises CannotOpen."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only who opens needs it

        if sealed.key_name not in self._keys:
            raise CannotOpen(f"the key {sealed.key_name} is not among INSTRUMENT_KEYS any more")
        try:
            data = base64.b64decode(sealed.text.encode("ascii"), validate=True)
            plain = self._cipher(sealed.key_name).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], payment_id.encode())
        except (ValueError, InvalidTag):
            raise CannotOpen("it is damaged, or was sealed for another payment") from None
        return read_request(json.loads(plain))

    def _cipher(self, key_name: str) -> Any:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - it costs a cold start 50 ms

        return AESGCM(base64.b64decode(self._keys[key_name].reveal()))
