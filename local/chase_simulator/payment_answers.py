"""Chase's payment bodies: the first answer, and what a look-up says later."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from local.chase_simulator.instruments import payment_method_answer
from local.chase_simulator.transaction import Transaction
from local.chase_simulator.verdicts import Verdict

Json = Mapping[str, Any]

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_HOST_REFERENCE_LENGTH: Final = 22

_AUTHORIZATION_STATUS: Final = {"AUTHORIZED": "AUTHORIZED", "CLOSED": "CAPTURED", "VOIDED": "VOIDED"}
_REQUEST_STATUS: Final = {"AUTHORIZED": "PENDING", "CLOSED": "CLOSED", "VOIDED": "CANCELLED"}


def moment(at: datetime) -> str:
    """Chase's form of a time: ISO 8601, Z, milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def what_was_said(request: Json, verdict: Verdict, *, transaction_id: UUID, request_id: str, merchant_id: str) -> Json:
    """The part of an answer to a valid `request` that never changes afterwards."""
    approved = {
        "approvalCode": f"tst{transaction_id.int % 1000:03d}",
        "partialAuthorization": False,
        "totalAuthorizedAmount": request["amount"],
    }
    return {
        "transactionId": str(transaction_id),
        "requestId": request_id,
        "responseStatus": "SUCCESS" if verdict.approved else "DENIED",
        "responseCode": verdict.code,
        "responseMessage": verdict.message,
        "hostMessage": verdict.host_message,
        "hostReferenceId": _host_reference(transaction_id),
        "paymentMethodType": payment_method_answer(request, verdict, transaction_id.int),
        "captureMethod": request.get("captureMethod", "NOW"),
        "initiatorType": request.get("initiatorType", "CARDHOLDER"),
        "accountOnFile": request.get("accountOnFile", "NOT_STORED"),
        "amount": request["amount"],
        "currency": request["currency"],
        "merchant": {"merchantId": merchant_id, **request["merchant"]},
        **{name: request[name] for name in ("merchantOrderNumber", "statementDescriptor") if name in request},
        **(approved if verdict.approved else {}),
    }


def payment_body(said: Json, transaction: Transaction) -> Json:
    """The whole body: what was said, and how the transaction stands."""
    timed: dict[str, Any] = {"transactionDate": moment(transaction.recorded_at)}
    if not transaction.approved:
        return {**said, **timed, "transactionState": "DECLINED", "isVoid": False}
    if transaction.captures_at is not None:
        timed["captureTime"] = moment(transaction.captures_at)
    return {
        **said,
        **timed,
        "transactionState": transaction.state,
        "isVoid": transaction.voided,
        "remainingAuthAmount": transaction.amount if transaction.state == "AUTHORIZED" else 0,
        "remainingRefundableAmount": transaction.captured - transaction.refunded,
        "paymentRequest": _payment_request(transaction),
    }


def _payment_request(transaction: Transaction) -> Json:
    """Of a payment captured as a whole, authorizationId = captureId = paymentRequestId = transactionId."""
    identifier, state = transaction.transaction_id, transaction.state
    authorization = {
        "authorizationId": identifier,
        "amount": transaction.amount,
        "transactionStatusCode": _AUTHORIZATION_STATUS[state],
        "authorizationType": "INITIAL",
    }
    capture = {
        "captureId": identifier,
        "amount": transaction.captured,
        "transactionStatusCode": state,
        "captureRemainingRefundableAmount": transaction.captured - transaction.refunded,
    }
    return {
        "paymentRequestId": identifier,
        "paymentRequestStatus": _REQUEST_STATUS[state],
        "authorizations": [authorization],
        **({"captures": [capture]} if transaction.state == "CLOSED" else {}),
    }


def _host_reference(transaction_id: UUID) -> str:
    """22 characters as an acquirer's reference has them; made from the id, so that it is the same ever after."""
    rest = int.from_bytes(hashlib.sha256(transaction_id.bytes).digest(), "big")
    characters = []
    for _ in range(_HOST_REFERENCE_LENGTH):
        rest, digit = divmod(rest, len(_BASE62))
        characters.append(_BASE62[digit])
    return "".join(characters)
