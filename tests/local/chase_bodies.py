"""Builders of what is paid with besides cards, and of the bodies that follow a payment."""

import base64
import json
from typing import Any

from tests.local.chase_calls import a_card, a_payment

ROUTING_NUMBER = "122000247"
ACCOUNT_NUMBER = "0888271156"
MERCHANT = {"merchantSoftware": {"companyName": "JPMC", "productName": "Bill Payments"}}


def sealed(text: str) -> str:
    """Base64, as what a wallet seals looks."""
    return base64.b64encode(text.encode()).decode()


def an_account(**more: Any) -> dict[str, Any]:
    return {
        "accountNumber": ACCOUNT_NUMBER,
        "financialInstitutionRoutingNumber": ROUTING_NUMBER,
        "accountType": "CHECKING",
        "paymentType": "WEB",
        **more,
    }


def an_ach_payment(*, account: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """125.99 USD from a bank account, with all that the ACH side needs."""
    return {
        **a_payment(),
        "captureMethod": "NOW",
        "statementDescriptor": "CITY WATER*BILL",
        "merchant": {**MERCHANT, "softMerchant": {"merchantPurchaseDescription": "Water bill"}},
        "accountHolder": {"firstName": "Jane", "lastName": "Doe"},
        "paymentMethodType": {"ach": account or an_account()},
        **more,
    }


def an_apple_pay_payment(**more: Any) -> dict[str, Any]:
    header = {
        "ephemeralPublicKey": sealed("an ephemeral public key"),
        "publicKeyHash": sealed("the hash of a public key"),
        "walletTransactionId": "2686f5297f123ec7fd9d31074d43d201953ca75f098890375f13aed2737d92f2",
        "walletApplicationData": "94ee059335e587e501cc4bf90613e0814f00a7b08bc7c648fd865a2af6a22cc2",
    }
    bundle = {
        "encryptedPayload": sealed("what Apple sealed"),
        "signature": sealed("Apple's signature"),
        "protocolVersion": "EC_v1",
        "encryptedPaymentHeader": header,
    }
    wallet = {"latLong": "42,-71", "encryptedPaymentBundle": bundle}
    return {**a_payment(), "paymentMethodType": {"applepay": wallet}, **more}


def a_google_pay_payment(**more: Any) -> dict[str, Any]:
    key = sealed("an ephemeral public key")
    message = {"encryptedMessage": sealed("what Google sealed"), "ephemeralPublicKey": key, "tag": sealed("a tag")}
    bundle = {
        "encryptedPayload": json.dumps(message),
        "signature": sealed("Google's signature"),
        "protocolVersion": "ECv2",
        "encryptedPaymentHeader": {"ephemeralPublicKey": key},
    }
    wallet = {"latLong": "1,1", "encryptedPaymentBundle": bundle}
    return {**a_payment(), "paymentMethodType": {"googlepay": wallet}, **more}


def a_refund(transaction_id: str, amount: int | None = None, **more: Any) -> dict[str, Any]:
    """Of all that is left, or of an `amount` in US cents."""
    part = {} if amount is None else {"amount": amount, "currency": "USD"}
    reference = {"transactionReference": {"transactionReferenceId": transaction_id}}
    return {"merchant": MERCHANT, "paymentMethodType": reference, **part, **more}


def a_verification(**more: Any) -> dict[str, Any]:
    return {"merchant": MERCHANT, "currency": "USD", "paymentMethodType": {"card": a_card(cvv="111")}, **more}


def an_account_verification(**more: Any) -> dict[str, Any]:
    account = an_account(achVerificationType="ACCOUNT_OWNER", last4SSN="7654", individualBirthDate="1815-12-10")
    return {**a_verification(), "paymentMethodType": {"ach": account}, **more}
