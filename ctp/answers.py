"""
What an answer of the service means, as tables. What is not in them is not known yet: the attempt stays open.

A status alone proves nothing: a proxy has a 402 and a 502 of its own. A word that ends an attempt must be the
service's (its problem code, or a payment about this very bill).
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from ctp.attempt import Attempt
from ctp.protocol import Heard, Told
from ctp.transport import Response

_DECISIONS: Final = {
    ("live", "chase"): Heard.LIVE,
    ("shadow", "existing"): Heard.SHADOW,
    ("off", "existing"): Heard.OFF,
}
# Problems that say something for good, by status and code.
_FINAL_PROBLEMS: Final = {
    (409, "payment-unresolved"): Heard.BILL_TAKEN,
    (409, "decision-expired"): Heard.EXPIRED,
    (502, "payment-failed"): Heard.FAILED,
}
# The same body would be refused again: the attempt can only be given up.
_REFUSALS: Final = frozenset(
    {
        (400, "invalid-request"),
        (400, "idempotency-key-missing"),
        (413, "payload-too-large"),
        (422, "idempotency-key-reused"),
    }
)
_CHARGED: Final = frozenset(
    {"authorized", "captured", "settled", "partially_refunded", "refunded", "returned", "charged_back"}
)
_BY_STATE: Final = {
    **dict.fromkeys(_CHARGED, Heard.APPROVED),
    "declined": Heard.DECLINED,
    "failed": Heard.FAILED,
    "voided": Heard.VOIDED,
}
# Which status may bring which state with it.
_SALE_STATES: Final = {201: _CHARGED | {"voided"}, 402: frozenset({"declined"})}
# Statuses that shadow never waits behind: nothing is charged by a report, so anything else is simply lost.
_REPORT_AGAIN: Final = frozenset({401, 403, 409, 500, 502, 503, 504})


def read_decision(response: Response, attempt: Attempt) -> Told:
    """A decision, a bill that is taken, or NO_DECISION: production goes on without one."""
    body = _body(response)
    if response.status == 409 and body.get("code") == "payment-unresolved":
        return Told(Heard.BILL_TAKEN, _words(response, body), payment_id=_text(body.get("paymentId")))
    heard = _DECISIONS.get((str(body.get("mode")), str(body.get("processor"))))
    if response.status != 200 or heard is None or body.get("attempt") != attempt.id:
        return Told(Heard.NO_DECISION, f"no decision: {_words(response, body)}")
    return Told(heard, f"decided {heard}, configuration version {body.get('configVersion')}")


def read_sale(response: Response, attempt: Attempt) -> Told:
    body = _body(response)
    if response.status == 200 and (body.get("mode"), body.get("processor")) == ("off", "existing"):
        return Told(Heard.OFF, "the decision is off for ever")
    payment = _payment(body, attempt)
    state = str(payment.get("state"))
    if payment.get("mode") == "live" and state in _SALE_STATES.get(response.status, ()):
        return _told(response, body, payment, _BY_STATE[state])
    return _problem(response, body, payment)


def read_give_up(response: Response, attempt: Attempt) -> Told:
    """`off` for ever, or the payment that there is under the key."""
    body = _body(response)
    if response.status == 200 and body.get("mode") == "off" and body.get("attempt") == attempt.id:
        return Told(Heard.OFF, "given up: the decision is off for ever")
    payment = _payment(body, attempt)
    if (response.status, body.get("code")) == (409, "invalid-state") and payment:
        return _told(response, body, payment, _BY_STATE.get(str(payment.get("state")), Heard.NOT_YET))
    # No repeat is useless here: a refusal of this request says nothing about the payment.
    told = _problem(response, body, payment)
    return told if told.heard is not Heard.REFUSED else Told(Heard.NOT_YET, told.reason)


def read_void(response: Response, attempt: Attempt) -> Told:
    """
    Done, or why not. A void refused while the payment is authorized decides nothing: ours may still be under way.
    """
    body = _body(response)
    payment = _payment(body, attempt) if response.status == 201 else _payment(body, attempt) or body
    state = str(payment.get("state"))
    heard = _BY_STATE.get(state, Heard.NOT_YET)
    done = response.status == 201 and heard in (Heard.VOIDED, Heard.FAILED)
    refused = (response.status, body.get("code")) == (409, "invalid-state") and state != "authorized"
    if done or refused:
        return Told(heard, _words(response, body), attempt.payment_id, state, _retry_after_s(response))
    return Told(Heard.NOT_YET, f"void: {_words(response, body)}", retry_after_s=_retry_after_s(response))


def read_report(response: Response) -> Told:
    """Whether the service has a shadow sale. `recorded: false` is a loss: its backlog is full."""
    body = _body(response)
    if response.status == 202 and body.get("mode") == "shadow":
        return Told(Heard.REPORTED, "reported", payment_id=_text(body.get("id")))
    if response.status in _REPORT_AGAIN:
        return Told(Heard.NOT_YET, _words(response, body), retry_after_s=_retry_after_s(response))
    # Live under a decision for shadow: the one thing that must never be, so it is said as loudly as a reason can.
    alarm = "CHARGED LIVE IN SHADOW: " if body.get("mode") == "live" else ""
    return Told(Heard.LOST, alarm + _words(response, body))


def _problem(response: Response, body: Mapping[str, Any], payment: Mapping[str, Any]) -> Told:
    named = (response.status, str(body.get("code")))
    if named == (502, "payment-failed") and payment.get("state") != "failed":
        return _told(response, body, payment, Heard.NOT_YET)
    if named in _FINAL_PROBLEMS:
        return _told(response, body, payment, _FINAL_PROBLEMS[named])
    return _told(response, body, payment, Heard.REFUSED if named in _REFUSALS else Heard.NOT_YET)


def _told(response: Response, body: Mapping[str, Any], payment: Mapping[str, Any], heard: Heard) -> Told:
    payment_id = _text(payment.get("id")) or _text(body.get("paymentId"))
    # 503 processor-unavailable names the payment and nothing else; what it stands in is part of that code.
    state = _text(payment.get("state")) or ("received" if body.get("code") == "processor-unavailable" else None)
    return Told(heard, _words(response, body), payment_id, state, _retry_after_s(response))


def _payment(body: Mapping[str, Any], attempt: Attempt) -> Mapping[str, Any]:
    """The payment in the answer, if it is one and about this bill; else nothing."""
    inner = body.get("payment")
    payment = inner if isinstance(inner, dict) else body
    bill = attempt.bill
    told = tuple(payment.get(name) for name in ("billerId", "reference", "amountMinor", "currency"))
    ours = told == (bill.biller_id, bill.reference, bill.amount_minor, bill.currency)
    return payment if ours and isinstance(payment.get("id"), str) else {}


def _words(response: Response, body: Mapping[str, Any]) -> str:
    """Status, code or state, and the names of refused fields: never a text, which might quote what was sent."""
    word = _text(body.get("code")) or _text(body.get("state")) or _text(body.get("mode")) or "not the service's answer"
    errors = body.get("errors")
    fields = (
        [str(error.get("field")) for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    )
    return f"{response.status} {word}{': ' if fields else ''}{', '.join(fields)}"[:200]


def _body(response: Response) -> Mapping[str, Any]:
    try:
        value = json.loads(response.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _retry_after_s(response: Response) -> float:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdecimal() and len(value) <= 6 else 0.0
