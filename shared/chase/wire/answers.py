"""What stands in Chase's JSON, not yet judged (judgement)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

# Whichever the sale was made with; the network's words stand in the same place of each.
_INSTRUMENTS: Final = ("card", "applepay", "googlepay", "ach")


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What stands in Chase's JSON: None where a field is missing or of another type than Chase documents.

    `reference` is the sale that a refund belongs to, `advice` the network's merchant advice code, `network_code` its
    own response code. Texts are as Chase sent them. Account numbers that Chase repeats (ACH: unmasked) are never read.
    """

    status: str | None
    state: str | None
    code: str | None
    message: str | None
    transaction_id: str | None
    request_id: str | None
    reference: str | None
    amount_minor: int | None
    currency: str | None
    captures_at: datetime | None
    approval_code: str | None
    avs: str | None
    cvv: str | None
    network_transaction_id: str | None
    advice: str | None
    network_code: str | None


def read_answer(body: Mapping[str, Any]) -> Answer:
    """The fields of a payment, a refund, a verification or an error that we use; everything else is left unread."""
    network = _network(body)
    return Answer(
        status=_text(body, "responseStatus"),
        state=_text(body, "transactionState"),
        code=_text(body, "responseCode"),
        message=_text(body, "responseMessage"),
        transaction_id=_text(body, "transactionId"),
        request_id=_text(body, "requestId"),
        reference=_text(body, "transactionReferenceId"),
        amount_minor=_whole_number(body, "amount"),
        currency=_text(body, "currency"),
        captures_at=_moment(_text(body, "captureTime")),
        approval_code=_text(body, "approvalCode"),
        avs=_text(network, "addressVerificationResult"),
        cvv=_text(network, "cardVerificationResult"),
        network_transaction_id=_text(network, "networkTransactionId"),
        advice=_text(_within(network, "additionalData"), "merchantAdviceCode"),
        network_code=_text(network, "networkResponseCode"),
    )


def health_word(body: Mapping[str, Any]) -> str:
    """`PASS`, `WARN`, `FAIL`, or empty. Chase's schema and its own example name the field differently."""
    return (_text(body, "status") or _text(body, "interfaceResponseStatusName") or "").upper()


def read_object(body: bytes) -> Mapping[str, Any] | None:
    """
    The JSON object in `body`; None if there is none.

    Nothing is mended: where a wallet's answer is no JSON, as Chase's mock sends it, we do not know what it says.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _network(body: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (_within(body, "paymentMethodType", name, "networkResponse") for name in _INSTRUMENTS)
    return next((network for network in found if network), {})


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
