"""POST /payments and the look-ups: what Chase does with a payment, and what it says of it afterwards."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from local.chase_simulator.admission import Caller, admit
from local.chase_simulator.books import Books
from local.chase_simulator.exchange import Answer, Call, Refused
from local.chase_simulator.instruments import Json, without_secrets
from local.chase_simulator.payment_answers import payment_body, what_was_said
from local.chase_simulator.payment_rules import payment_problems
from local.chase_simulator.refusals import duplicate, invalid, not_found
from local.chase_simulator.tokens import Tokens
from local.chase_simulator.transaction import Transaction
from local.chase_simulator.validation import Problem
from local.chase_simulator.verdicts import verdict_on

# A merchant profile's default: how long a DELAYED payment waits before it captures itself.
CAPTURE_DELAY: Final = timedelta(minutes=120)

OnDuplicate = Literal["reject", "replay"]


class Payments:
    """The payment routes over the books. `now` is the local time, which a developer may move."""

    def __init__(
        self,
        books: Books,
        tokens: Tokens,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        on_duplicate: OnDuplicate,
        lookup_parameter: str,
    ) -> None:
        self._books = books
        self._tokens = tokens
        self._now = now
        self._new_id = new_id
        self._on_duplicate = on_duplicate
        self._lookup_parameter = lookup_parameter

    def create(self, call: Call) -> Answer:
        """POST /payments: HTTP 200 for approved and declined alike."""
        caller = admit(self._tokens, call)
        request = json_object(call)
        problems = [*payment_problems(request)]
        if problems:
            raise Refused(invalid(*problems))
        transaction = self._transaction(caller, request)
        if self._books.record(transaction):
            return Answer(200, transaction.first_answer)
        return self._repeated(transaction)

    def by_id(self, call: Call) -> Answer:
        """GET /payments/{id}."""
        caller = admit(self._tokens, call, request_id_required=False)
        return self._found(self._books.by_id(caller.merchant_id, call.path["transaction_id"]))

    def find(self, call: Call) -> Answer:
        """GET /payments?requestIdentifier=. A query under any other name finds nothing, as if nothing were there."""
        caller = admit(self._tokens, call)
        sought = call.query.get(self._lookup_parameter, "")
        return self._found(self._books.by_request(caller.merchant_id, sought))

    def _transaction(self, caller: Caller, request: Json) -> Transaction:
        now, verdict, transaction_id = self._now(), verdict_on(request["amount"]), self._new_id()
        said = what_was_said(
            request,
            verdict,
            transaction_id=transaction_id,
            request_id=caller.request_id,
            merchant_id=caller.merchant_id,
        )
        state, captured, captures_at = _standing(request, now) if verdict.approved else ("DECLINED", 0, None)
        transaction = Transaction(
            transaction_id=str(transaction_id),
            request_id=caller.request_id,
            merchant_id=caller.merchant_id,
            environment=caller.environment,
            fingerprint=fingerprint(request),
            approved=verdict.approved,
            state=state,
            amount=request["amount"],
            currency=request["currency"],
            merchant_order_number=request.get("merchantOrderNumber"),
            recorded_at=now,
            captures_at=captures_at,
            first_answer={},
            captured=captured,
        )
        return replace(transaction, first_answer=payment_body(said, transaction))

    def _repeated(self, repeat: Transaction) -> Answer:
        first = self._books.by_request(repeat.merchant_id, repeat.request_id)
        if first is None or first.fingerprint != repeat.fingerprint:
            raise Refused(invalid(Problem("REUSED", "was used with another body", "request-id")))
        return Answer(200, first.first_answer) if self._on_duplicate == "replay" else duplicate()

    def _found(self, transaction: Transaction | None) -> Answer:
        if transaction is None:
            raise Refused(not_found())
        return Answer(200, payment_body(transaction.first_answer, transaction.as_of(self._now())))


def json_object(call: Call) -> dict[str, Any]:
    """The body. Raises Refused for anything but a JSON object."""
    if call.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(invalid(Problem("TYPE", "must be application/json", "Content-Type")))
    try:
        body = json.loads(call.body)
    except (ValueError, RecursionError):
        raise Refused(invalid(Problem("SYNTAX", "must be JSON", "body"))) from None
    if not isinstance(body, dict):
        raise Refused(invalid(Problem("TYPE", "must be a JSON object", "body")))
    return body


def fingerprint(request: Json) -> str:
    """Of what may be kept only: a digest of the whole would let a card number be guessed back from it."""
    return hashlib.sha256(json.dumps(without_secrets(request), sort_keys=True).encode()).hexdigest()


def _standing(request: Json, now: datetime) -> tuple[str, int, datetime | None]:
    """State, captured amount and time of capture of an approved payment at its beginning."""
    method = request.get("captureMethod", "NOW")
    if method == "NOW":
        return "CLOSED", request["amount"], now
    return "AUTHORIZED", 0, now + CAPTURE_DELAY if method == "DELAYED" else None
