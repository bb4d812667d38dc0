"""Values that tests need, each with sensible defaults: say only what the test is about."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.payments.audit import Chain, Keyring
from shared.payments.facts import Occasion
from shared.payments.ids import chase_request_id
from shared.payments.lifecycle import submitted_sale
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import IN_PROGRESS, Approved, Outcome, Transaction, TransactionState
from shared.payments.payment import Operation, Payment
from shared.payments.requests import (
    AccountType,
    Ach,
    AchAuthorization,
    Address,
    Card,
    Initiator,
    Merchant,
    Payer,
    SaleRequest,
    kept_of,
)
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.secret import Secret

NOW = datetime(2026, 11, 23, 18, 0, 0, tzinfo=UTC)

# Chase's public test numbers.
VISA = "4112344112344113"
MASTERCARD = "5112345112345114"

CITY_WATER = Merchant("city-water", "998482157630", frozenset({"USD"}), statement_descriptor="CITY WATER*BILL")
COUNTY_TAX = Merchant("county-tax", "998482157631", frozenset({"USD"}))
KEYRING = Keyring({"a1": b"a" * 32})
CHAIN = Chain(KEYRING)

MERCHANTS = {merchant.biller_id: merchant for merchant in (CITY_WATER, COUNTY_TAX)}


def a_card(number: str = VISA, **changed: Any) -> Card:
    return Card(**{"number": Secret(number), "month": 5, "year": 2029, "cvv": Secret("111"), **changed})


def a_bank_account(**changed: Any) -> Ach:
    """Chase's sample bank account."""
    usual: dict[str, Any] = {
        "routing_number": "122000247",
        "account_number": Secret("0888271156"),
        "account_type": AccountType.CHECKING,
        "authorization": AchAuthorization.WEB,
    }
    return Ach(**{**usual, **changed})


def a_payer() -> Payer:
    return Payer("Ada", "Byron", "ada@example.com", Address("1 Main St", "Boston", "MA", "02110", "USA"))


def a_sale_request(amount_minor: int = 125_99, **changed: Any) -> SaleRequest:
    values: dict[str, Any] = {
        "biller_id": "city-water",
        "reference": "INV-2026-000123",
        "amount": Money(amount_minor, "USD"),
        "method": a_card(),
        "payer": a_payer(),
        "initiator": Initiator.PAYER,
    }
    return SaleRequest(**{**values, **changed})


def a_submitted_payment(amount_minor: int = 125_99, *, number: int = 1, **changed: Any) -> Payment:
    """A payment as commit 1 leaves it; `number` tells several apart."""
    request = a_sale_request(amount_minor, **changed)
    return submitted_sale(
        request,
        kept_of(request.method),
        CITY_WATER,
        payment_id=f"pay_{number:032x}",
        operation_id=f"op_{number:032x}",
        caller="ctp",
        idempotency_key=f"attempt-{number}",
        now=NOW,
    )


def sold(payment: Payment, outcome: Outcome, now: datetime = NOW, **changed: Any) -> Payment:
    """The payment once `outcome` of its sale is in it; `changed` goes into the occasion."""
    found = with_sale_outcome(payment, outcome, occasion=an_occasion(now, **changed), actor="chase")
    assert found is not None
    return found


def an_authorized_payment(amount_minor: int = 125_99, **changed: Any) -> Payment:
    """Chase captures it two hours from NOW."""
    payment = a_submitted_payment(amount_minor, **changed)
    return sold(payment, approved(amount_minor, captures_at=NOW + timedelta(minutes=120)))


def a_captured_payment(amount_minor: int = 125_99, **changed: Any) -> Payment:
    payment = a_submitted_payment(amount_minor, **changed)
    return sold(payment, approved(amount_minor, TransactionState.CLOSED))


def claimed(
    payment: Payment, kind: OperationKind, amount_minor: int | None = None, *, number: int = 2, **changed: Any
) -> Payment:
    """The payment as the claim of a void or refund leaves it: no entry in its history yet."""
    amount = payment.amount if amount_minor is None else Money(amount_minor, payment.amount.currency)
    operation = Operation(
        **{
            "id": f"op_{number:032x}",
            "kind": kind,
            "state": OperationState.SUBMITTED,
            "amount": amount,
            "request_id": chase_request_id(f"op_{number:032x}"),
            "created_at": NOW,
            "claimed_at": NOW,
            "outcome": IN_PROGRESS,
            "actor": "ctp",
            "reason": "the payer asked for it",
            **changed,
        }
    )
    reserved_minor = amount.amount_minor if kind is OperationKind.REFUND else 0
    return replace(
        payment,
        version=payment.version + 1,
        refund_reserved_minor=payment.refund_reserved_minor + reserved_minor,
        operations=(*payment.operations, operation),
    )


def an_occasion(now: datetime = NOW, **changed: Any) -> Occasion:
    """A moment whose waits are of production's length."""
    usual: dict[str, Any] = {
        "now": now,
        "inquire_at": now + timedelta(seconds=2),
        "send_at": now + timedelta(seconds=10),
        "ask_again_at": now + timedelta(minutes=10),
        "confirm_after": timedelta(seconds=120),
        "operation_id": f"op_{9:032x}",
    }
    return Occasion(**{**usual, **changed})


def approved(
    amount_minor: int = 125_99, state: TransactionState = TransactionState.AUTHORIZED, **changed: Any
) -> Approved:
    values = {"transaction_id": "b1f7c0de-0000-4000-8000-000000000001", "approval_code": "tst123", **changed}
    return Approved(Transaction(state=state, amount=Money(amount_minor, values.pop("currency", "USD")), **values))


def a_sale_body(**changed: Any) -> dict[str, Any]:
    """The sale of the contract, as a caller sends it."""
    return {
        "billerId": "city-water",
        "reference": "INV-2026-000123",
        "amountMinor": 12599,
        "currency": "USD",
        "method": {"type": "card", "number": VISA, "expiry": {"month": 5, "year": 2029}, "cvv": "111"},
        "payer": {
            "firstName": "Ada",
            "lastName": "Byron",
            "email": "ada@example.com",
            "address": {
                "line1": "1 Main St",
                "city": "Boston",
                "state": "MA",
                "postalCode": "02110",
                "country": "USA",
            },
        },
        "initiator": "payer",
        "statementDescriptor": "CITY WATER*BILL",
        "metadata": {"channel": "web"},
        **changed,
    }


def an_ach_method(**changed: Any) -> dict[str, Any]:
    """Chase's sample bank account, as a caller sends it."""
    return {
        "type": "ach",
        "routingNumber": "122000247",
        "accountNumber": "0888271156",
        "accountType": "checking",
        "authorization": "web",
        **changed,
    }


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def an_apple_pay_method(**changed: Any) -> dict[str, Any]:
    """A bundle of the right shape; nothing in it was ever sealed by Apple. `changed` goes into paymentData."""
    header = {
        "ephemeralPublicKey": _base64("an ephemeral public key of Apple's"),
        "publicKeyHash": _base64("the hash of our public key......"),
        "transactionId": "31ab" * 16,
    }
    data = {"version": "EC_v1", "data": _base64("sealed " * 20), "signature": _base64("signed " * 20)}
    return {"type": "applePay", "paymentData": {**data, "header": header, **changed}}


def a_google_pay_token(**changed: Any) -> str:
    """A token of the right shape; nothing in it was ever sealed by Google."""
    message = {
        "encryptedMessage": _base64("sealed " * 20),
        "ephemeralPublicKey": _base64("an ephemeral public key of Google's"),
        "tag": _base64("a tag of thirty-two bytes......."),
    }
    token = {
        "protocolVersion": "ECv2",
        "signature": _base64("signed by the intermediate key"),
        "intermediateSigningKey": {"signedKey": "{}", "signatures": [_base64("signed by a root key of Google's")]},
        "signedMessage": json.dumps(message),
    }
    return json.dumps({**token, **changed})


def a_google_pay_method(**changed: Any) -> dict[str, Any]:
    return {"type": "googlePay", "token": a_google_pay_token(**changed)}
