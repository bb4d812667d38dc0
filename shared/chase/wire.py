"""Our words <-> Chase's JSON (Online Payments API v2). The only file that knows its field names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import quote

from shared.payments.ids import merchant_order_number
from shared.payments.payment import Payment
from shared.payments.requests import Address, Card, Initiator, Merchant, Payer, SaleRequest, TokenType
from shared.payments.secret import Secret

PAYMENTS: Final = "/payments"
HEALTH: Final = "/healthcheck/payments"

# "JPMC" is what the specification asks of a merchant that integrates without a reseller.
_SOFTWARE: Final = {"companyName": "JPMC", "productName": "IC Chase Payment Processing", "version": "1"}

_INITIATOR: Final = {Initiator.PAYER: "CARDHOLDER", Initiator.BILLER: "MERCHANT"}
# A sale that the biller initiates is refused unless the card is on file.
_ON_FILE: Final = {Initiator.PAYER: "NOT_STORED", Initiator.BILLER: "STORED"}
_NUMBER_TYPE: Final = {None: "PAN", TokenType.SAFETECH: "SAFETECH_TOKEN", TokenType.NETWORK: "NETWORK_TOKEN"}

_FULL_NAME_MIN: Final = 4
_FULL_NAME_MAX: Final = 70


def headers(token: Secret, merchant_id: str, request_id: str | None = None) -> dict[str, str]:
    """A call's headers. Every call names the merchant; all but the look-up by transaction id carry a request-id."""
    named = {
        "Authorization": f"Bearer {token.reveal()}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "merchant-id": merchant_id,
    }
    return named if request_id is None else {**named, "request-id": request_id}


def payment_path(transaction_id: str) -> str:
    """Where a payment is read by Chase's own id."""
    return f"{PAYMENTS}/{quote(transaction_id, safe='')}"


def sale_body(request: SaleRequest, payment: Payment, merchant: Merchant) -> bytes:
    """The sale as Chase takes it. Amounts are minor units; fields that we have no value for are left out."""
    body = {
        "captureMethod": "DELAYED" if merchant.capture_delay else "NOW",
        "amount": request.amount.amount_minor,
        "currency": request.amount.currency,
        "merchantOrderNumber": merchant_order_number(payment.id),
        "statementDescriptor": request.statement_descriptor or merchant.statement_descriptor,
        "initiatorType": _INITIATOR[request.initiator],
        "accountOnFile": _ON_FILE[request.initiator],
        "isAmountFinal": True,
        "partialAuthorizationSupport": "NOT_SUPPORTED",
        "merchant": _merchant(merchant),
        "accountHolder": _account_holder(request.payer),
        "paymentMetadataList": [
            {"metadataAttribute": name, "metadataAttributeValue": value} for name, value in request.metadata.items()
        ],
        "paymentMethodType": {"card": _card(request.method)},
    }
    return json.dumps(_given(body), separators=(",", ":")).encode()


def _merchant(merchant: Merchant) -> dict[str, Any]:
    soft = {"name": merchant.soft_merchant_name} if merchant.soft_merchant_name else None
    return _given({"merchantSoftware": _SOFTWARE, "merchantCategoryCode": merchant.category_code, "softMerchant": soft})


def _account_holder(payer: Payer) -> dict[str, Any]:
    full_name = f"{payer.first_name} {payer.last_name}"[:_FULL_NAME_MAX].rstrip()
    return _given(
        {
            "firstName": payer.first_name,
            "lastName": payer.last_name,
            "fullName": full_name if len(full_name) >= _FULL_NAME_MIN else None,
            "email": payer.email,
            "billingAddress": _address(payer.address),
        }
    )


def _address(address: Address) -> dict[str, Any]:
    return _given(
        {
            "line1": address.line1,
            "line2": address.line2,
            "city": address.city,
            "state": address.state,
            "postalCode": address.postal_code,
            "countryCode": address.country,
        }
    )


def _card(card: Card) -> dict[str, Any]:
    return _given(
        {
            "accountNumber": card.number.reveal(),
            "accountNumberType": _NUMBER_TYPE[card.token_type],
            "expiry": {"month": card.month, "year": card.year},
            "cvv": card.cvv.reveal() if card.cvv else None,
            "isBillPayment": True,
        }
    )


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, [], "")}


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What stands in Chase's JSON, not yet judged: None where a field is missing or of another type than Chase documents.

    `advice` is the network's merchant advice code. Texts are as Chase sent them.
    """

    status: str | None
    state: str | None
    code: str | None
    message: str | None
    transaction_id: str | None
    request_id: str | None
    amount_minor: int | None
    currency: str | None
    captures_at: datetime | None
    approval_code: str | None
    avs: str | None
    cvv: str | None
    network_transaction_id: str | None
    advice: str | None


def read_answer(body: Mapping[str, Any]) -> Answer:
    """The fields of a payment, or of an error, that we use; everything else is left unread."""
    network = _within(body, "paymentMethodType", "card", "networkResponse")
    return Answer(
        status=_text(body, "responseStatus"),
        state=_text(body, "transactionState"),
        code=_text(body, "responseCode"),
        message=_text(body, "responseMessage"),
        transaction_id=_text(body, "transactionId"),
        request_id=_text(body, "requestId"),
        amount_minor=_whole_number(body, "amount"),
        currency=_text(body, "currency"),
        captures_at=_moment(_text(body, "captureTime")),
        approval_code=_text(body, "approvalCode"),
        avs=_text(network, "addressVerificationResult"),
        cvv=_text(network, "cardVerificationResult"),
        network_transaction_id=_text(network, "networkTransactionId"),
        advice=_text(_within(network, "additionalData"), "merchantAdviceCode"),
    )


def health_word(body: Mapping[str, Any]) -> str:
    """`PASS`, `WARN`, `FAIL`, or empty. Chase's schema and its own example name the field differently."""
    return (_text(body, "status") or _text(body, "interfaceResponseStatusName") or "").upper()


def read_object(body: bytes) -> Mapping[str, Any] | None:
    """The JSON object in `body`; None if there is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _within(body: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        value = body.get(name)
        body = value if isinstance(value, dict) else {}
    return body


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _whole_number(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    return value if type(value) is int else None


def _moment(text: str | None) -> datetime | None:
    # A time that cannot be read costs us a date to show, never the answer it came with.
    try:
        moment = datetime.fromisoformat(text or "")
        if moment.tzinfo is None:
            return None
        return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        return None
