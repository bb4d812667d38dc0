"""Chase's payment bodies: what is said once, and the whole of it as the payment stands."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from local.chase_simulator.exchange import Json
from local.chase_simulator.instruments import payment_method_answer
from local.chase_simulator.transaction import Refund, Transaction
from local.chase_simulator.verdicts import PARTLY_APPROVED, Verdict, approved_amount

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_HOST_REFERENCE_LENGTH: Final = 22

# State of a payment -> transactionStatusCode of its authorisation, paymentRequestStatus.
_STANDING: Final = {
    "AUTHORIZED": ("AUTHORIZED", "PENDING"),
    "VOIDED": ("VOIDED", "CANCELLED"),
    "CLOSED": ("CAPTURED", "CLOSED"),
    "COMPLETED": ("CAPTURED", "CLOSED"),
}


def moment(at: datetime) -> str:
    """Chase's form of a time: ISO 8601, Z, milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def what_was_said(request: Json, verdict: Verdict, *, transaction_id: UUID, request_id: str, merchant_id: str) -> Json:
    """The part of an answer to a valid payment `request` that never changes afterwards."""
    amount = approved_amount(request["amount"], verdict)
    approved = {"partialAuthorization": verdict is PARTLY_APPROVED, "totalAuthorizedAmount": amount}
    return {
        **heading(verdict, transaction_id, request_id),
        "paymentMethodType": payment_method_answer(request, verdict, transaction_id.int),
        "captureMethod": request.get("captureMethod", "NOW"),
        **initiation(request),
        "amount": amount,
        "currency": request["currency"],
        "merchant": {"merchantId": merchant_id, **request["merchant"]},
        **{name: request[name] for name in ("merchantOrderNumber", "statementDescriptor") if name in request},
        **(approved if verdict.approved else {}),
    }


def heading(verdict: Verdict, transaction_id: UUID, request_id: str) -> Json:
    """What the answer to any operation begins with."""
    approved = {"approvalCode": f"tst{transaction_id.int % 1000:03d}"}
    return {
        "transactionId": str(transaction_id),
        "requestId": request_id,
        "responseStatus": "SUCCESS" if verdict.approved else "DENIED",
        "responseCode": verdict.code,
        "responseMessage": verdict.message,
        "hostMessage": verdict.host_message,
        "hostReferenceId": _host_reference(transaction_id),
        **(approved if verdict.approved else {}),
    }


def initiation(request: Json) -> Json:
    """Who began it, and whether the account is on file, with Chase's defaults."""
    return {
        "initiatorType": request.get("initiatorType", "CARDHOLDER"),
        "accountOnFile": request.get("accountOnFile", "NOT_STORED"),
    }


def payment_body(payment: Transaction, refunds: Sequence[Refund] = ()) -> Json:
    """The whole body: what was said, and how the payment stands with its `refunds`."""
    timed: dict[str, Any] = {"transactionDate": moment(payment.recorded_at)}
    if not payment.approved:
        return {**payment.said, **timed, "transactionState": "DECLINED", "isVoid": False}
    if payment.captures_at is not None and not payment.voided:
        timed["captureTime"] = moment(payment.captures_at)
    return {
        **payment.said,
        **timed,
        "transactionState": payment.state,
        "isVoid": payment.voided,
        "remainingAuthAmount": payment.amount if payment.state == "AUTHORIZED" else 0,
        "remainingRefundableAmount": payment.refundable,
        "paymentRequest": payment_request(payment, refunds),
    }


def payment_request(payment: Transaction, refunds: Sequence[Refund]) -> Json:
    """Of a payment captured in one go, authorizationId = captureId = paymentRequestId = transactionId."""
    identifier = payment.transaction_id
    authorization_status, request_status = _STANDING[payment.state]
    authorization = {
        "authorizationId": identifier,
        "amount": payment.amount,
        "transactionStatusCode": authorization_status,
        "authorizationType": "INITIAL",
    }
    capture = {
        "captureId": identifier,
        "amount": payment.captured,
        "transactionStatusCode": payment.state,
        "captureRemainingRefundableAmount": payment.refundable,
    }
    refunded = [
        {"refundId": refund.transaction_id, "amount": refund.amount, "transactionStatusCode": "CLOSED"}
        for refund in refunds
        if refund.approved
    ]
    return {
        "paymentRequestId": identifier,
        "paymentRequestStatus": request_status,
        "authorizations": [authorization],
        **({"captures": [capture]} if authorization_status == "CAPTURED" else {}),
        **({"refunds": refunded} if refunded else {}),
    }


def _host_reference(transaction_id: UUID) -> str:
    """22 characters as an acquirer's reference has them; made from the id, so that it is the same ever after."""
    rest = int.from_bytes(hashlib.sha256(transaction_id.bytes).digest(), "big")
    characters = []
    for _ in range(_HOST_REFERENCE_LENGTH):
        rest, digit = divmod(rest, len(_BASE62))
        characters.append(_BASE62[digit])
    return "".join(characters)
