"""What every operation does alike: admit the caller, check the body, do a request-id's work once, look things up."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from local.chase_simulator.admission import Caller, admit
from local.chase_simulator.books import Books
from local.chase_simulator.exchange import Answer, Call, Json, Refused
from local.chase_simulator.records import RequestRecord
from local.chase_simulator.refusals import duplicate, invalid, not_found
from local.chase_simulator.tokens import Tokens
from local.chase_simulator.validation import Problem

OnDuplicate = Literal["reject", "replay"]
EmptyLookup = Literal["404", "empty", "braces"]


@dataclass(frozen=True, slots=True)
class Write:
    """
    A kind of request that changes the books.

    `problems` is each thing wrong with a body; `kept` is what of a valid one a digest may be made of.
    """

    operation: str
    problems: Callable[[Mapping[str, object]], Iterator[Problem]]
    kept: Callable[[Json], Json] = lambda request: request


@dataclass(frozen=True, slots=True)
class Desk:
    """
    What the operations work with. `now` is the local time, which a developer may move.

    `on_duplicate` is what a repeated request-id gets; `lookup_parameter` and `empty_lookup` are the query name of a
    look-up by request-id and its answer when nothing is there, since the published sources differ.
    """

    books: Books
    tokens: Tokens
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    on_duplicate: OnDuplicate
    lookup_parameter: str
    empty_lookup: EmptyLookup

    def write(self, call: Call, kind: Write, work: Callable[[Caller, Json], Json]) -> Answer:
        """
        HTTP 200 with what `work` makes of a valid request, approved or declined; its request-id is taken from then on.

        If `work` raises Refused, nothing was processed, and the request-id is free.
        """
        caller = admit(self.tokens, call)
        request = json_object(call)
        problems = [*kind.problems(request)]
        if problems:
            raise Refused(invalid(*problems))
        fingerprint = _fingerprint({**call.path, **kind.kept(request)})
        with self.books.writing():
            first = self.books.request(caller.merchant_id, caller.request_id)
            if first is not None:
                return self._repeated(first, kind.operation, fingerprint)
            answered = work(caller, request)
            record = (kind.operation, fingerprint, answered["transactionId"], answered)
            self.books.add_request(RequestRecord(caller.merchant_id, caller.request_id, *record))
        return Answer(200, answered)

    def by_id(self, call: Call, found: Callable[[str, str], Json | None]) -> Answer:
        """What `found` tells for the merchant and the id in the path."""
        caller = admit(self.tokens, call, request_id_required=False)
        body = found(caller.merchant_id, call.path["transaction_id"])
        return not_found() if body is None else Answer(200, body)

    def find(self, call: Call, found: Callable[[str, str], Json | None]) -> Answer:
        """
        What `found` tells for the merchant and the request-id asked for.

        A query under any other name finds nothing, as if nothing were there.
        """
        caller = admit(self.tokens, call)
        body = found(caller.merchant_id, call.query.get(self.lookup_parameter, ""))
        return self._nothing() if body is None else Answer(200, body)

    def _repeated(self, first: RequestRecord, operation: str, fingerprint: str) -> Answer:
        if (first.operation, first.fingerprint) != (operation, fingerprint):
            raise Refused(invalid(Problem("REUSED", "was used with another body or operation", "request-id")))
        return Answer(200, first.answered) if self.on_duplicate == "replay" else duplicate()

    def _nothing(self) -> Answer:
        if self.empty_lookup == "404":
            return not_found()
        return Answer(200, None if self.empty_lookup == "empty" else {})


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


def _fingerprint(kept: Json) -> str:
    """Of what may be kept only: a digest of the whole would let a card number be guessed back from it."""
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
