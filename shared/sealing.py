"""An instrument that waits with us while Chase is down: sealed with AES-GCM, for its own payment alone."""

import base64
import json
import os
from collections.abc import Mapping
from typing import Any, Final

from shared.payments.money import Money
from shared.payments.requests import (
    AccountType,
    Ach,
    AchAuthorization,
    Address,
    Card,
    Initiator,
    Instrument,
    Payer,
    SaleRequest,
    TokenType,
    keepable,
)
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
        key_name = next(iter(self._keys))
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(key_name).encrypt(nonce, _plain(request), payment_id.encode())
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
        return _request(json.loads(plain))

    def _cipher(self, key_name: str) -> Any:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - it costs a cold start 50 ms

        return AESGCM(base64.b64decode(self._keys[key_name].reveal()))


def _plain(request: SaleRequest) -> bytes:
    payer, address = request.payer, request.payer.address
    told = {
        "billerId": request.biller_id,
        "reference": request.reference,
        "amountMinor": request.amount.amount_minor,
        "currency": request.amount.currency,
        "method": _plain_instrument(request.method),
        "payer": [payer.first_name, payer.last_name, payer.email],
        "address": [address.line1, address.city, address.state, address.postal_code, address.country, address.line2],
        "initiator": request.initiator,
        "statementDescriptor": request.statement_descriptor,
        "metadata": dict(request.metadata),
    }
    return json.dumps(told, separators=(",", ":")).encode()


def _plain_instrument(instrument: Instrument) -> dict[str, object]:
    match instrument:
        case Ach():
            return {
                "routingNumber": instrument.routing_number,
                "accountNumber": instrument.account_number.reveal(),
                "accountType": instrument.account_type,
                "authorization": instrument.authorization,
            }
        case Card(token_type=TokenType()):
            return {
                "token": instrument.number.reveal(),
                "tokenType": instrument.token_type,
                "month": instrument.month,
                "year": instrument.year,
            }
        case _:
            raise ValueError("this kind of instrument is never kept")


def _request(told: Mapping[str, Any]) -> SaleRequest:
    line1, city, state, postal_code, country, line2 = told["address"]
    first_name, last_name, email = told["payer"]
    return SaleRequest(
        biller_id=told["billerId"],
        reference=told["reference"],
        amount=Money(told["amountMinor"], told["currency"]),
        method=_instrument(told["method"]),
        payer=Payer(first_name, last_name, email, Address(line1, city, state, postal_code, country, line2)),
        initiator=Initiator(told["initiator"]),
        statement_descriptor=told["statementDescriptor"],
        metadata=told["metadata"],
    )


def _instrument(told: Mapping[str, Any]) -> Instrument:
    if "token" in told:
        # Its CVV was not kept: nobody may keep one.
        return Card(Secret(told["token"]), told["month"], told["year"], token_type=TokenType(told["tokenType"]))
    return Ach(
        told["routingNumber"],
        Secret(told["accountNumber"]),
        AccountType(told["accountType"]),
        AchAuthorization(told["authorization"]),
    )
