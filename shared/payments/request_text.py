"""A sale's request as JSON values and back: for one that must wait. It holds what its instrument holds: seal it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from shared.payments.money import Money
from shared.payments.requests import (
    AccountType,
    Ach,
    AchAuthorization,
    Address,
    ApplePay,
    Card,
    GooglePay,
    Initiator,
    Instrument,
    MethodType,
    Payer,
    SaleRequest,
    TokenType,
)
from shared.payments.secret import Secret

_KINDS: Final[Mapping[str, type[Instrument]]] = {
    MethodType.CARD: Card,
    MethodType.ACH: Ach,
    MethodType.APPLE_PAY: ApplePay,
    MethodType.GOOGLE_PAY: GooglePay,
}
# What is not a plain text or number, by the name of its field.
_TYPES: Final[Mapping[str, type]] = {
    "number": Secret,
    "cvv": Secret,
    "account_number": Secret,
    "data": Secret,
    "signature": Secret,
    "signed_message": Secret,
    "token_type": TokenType,
    "account_type": AccountType,
    "authorization": AchAuthorization,
}


def plain_request(request: SaleRequest) -> dict[str, Any]:
    """Every secret of it in clear."""
    payer, address = request.payer, request.payer.address
    return {
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


def read_request(told: Mapping[str, Any]) -> SaleRequest:
    """The request that `plain_request` wrote. Raises KeyError or ValueError for anything else."""
    first_name, last_name, email = told["payer"]
    line1, city, state, postal_code, country, line2 = told["address"]
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


def _plain_instrument(instrument: Instrument) -> dict[str, Any]:
    kind = next(name for name, kind in _KINDS.items() if isinstance(instrument, kind))
    values = {each.name: getattr(instrument, each.name) for each in fields(instrument)}
    shown = {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}
    return {"type": kind, **shown}


def _instrument(told: Mapping[str, Any]) -> Instrument:
    values = {name: value for name, value in told.items() if name != "type"}
    typed = {
        name: _TYPES[name](value) if name in _TYPES and value is not None else value for name, value in values.items()
    }
    return _KINDS[told["type"]](**typed)
