"""What may go wrong around CTP's client: on the way to the service, at the existing processor, and at CTP itself."""

import json
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ctp import Attempt, AttemptStore, ExistingAnswer
from ctp.deadline import NoAnswer
from ctp.transport import Request, Response
from tests.ctp.fake_service import Answer, FakeService, problem

BASE_URL = "http://127.0.0.1:9/api/v1"

# What a request may meet. `kill_*` end CTP's process, not the service's; `meanwhile_*`: another process of CTP's is
# at work on the same bill just before the request arrives, or before its answer does.
FAULTS = (
    "drop_before",
    "drop_after",
    "deliver_late",
    "http_500",
    "proxy_502_before",
    "proxy_504_after",
    "overloaded",
    "unauthenticated",
    "forbidden",
    "in_progress",
    "garbage_after",
    "redirect",
    "kill_before",
    "kill_after",
    "meanwhile_before",
    "meanwhile_after",
)
_BEFORE: dict[str, Answer] = {
    "http_500": problem(500, "internal-error"),
    "proxy_502_before": Answer(502, {}),
    "overloaded": problem(503, "overloaded", 1),
    "unauthenticated": problem(401, "unauthenticated"),
    "forbidden": problem(403, "forbidden"),
    "in_progress": problem(409, "idempotency-in-progress", 1),
    "redirect": Answer(307, {}, {"location": "https://elsewhere.example.com"}),
}
_AFTER: dict[str, bytes] = {"proxy_504_after": b"<html>gateway time-out</html>", "garbage_after": b'{"state": "author'}


class Killed(BaseException):
    """kill -9 of CTP: nothing after it runs."""


class FaultyTransport:
    """Carries requests to the fake in this process; `fault` says what the next one meets."""

    def __init__(self, service: FakeService, fault: Callable[[], str | None] = lambda: None) -> None:
        self._service, self._fault = service, fault
        self.late: list[Request] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.within_s: list[float] = []

    def send(self, request: Request, within_s: float) -> Response:
        self.within_s.append(within_s)
        fault = self._fault()
        if fault in ("drop_before", "kill_before", "deliver_late"):
            self._never_heard(fault, request)
        if fault in _BEFORE:
            return _response(_BEFORE[fault])
        if fault == "meanwhile_before":
            self._meanwhile()
        answer = self._deliver(request)
        if fault == "meanwhile_after":
            self._meanwhile()
        if fault == "kill_after":
            raise Killed
        if fault == "drop_after":
            raise NoAnswer("dropped")
        if fault in _AFTER:
            return Response(504 if fault == "proxy_504_after" else answer.status, {}, _AFTER[fault])
        return _response(answer)

    def deliver_late(self) -> None:
        """What was on its way all the while arrives."""
        late, self.late = self.late, []
        for request in late:
            self._deliver(request)

    def _never_heard(self, fault: str, request: Request) -> None:
        if fault == "kill_before":
            raise Killed
        if fault == "deliver_late":
            self.late.append(request)
        raise NoAnswer("dropped")

    def _meanwhile(self) -> None:
        """Once, not within itself."""
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        try:
            meanwhile()
        finally:
            self.meanwhile = meanwhile

    def _deliver(self, request: Request) -> Answer:
        authorized = request.auth.headers(request.method, request.url, request.body)
        headers = {name.lower(): value for name, value in {**request.headers, **authorized}.items()}
        return self._service.handle(request.url.removeprefix(BASE_URL), headers, request.body)


class ExistingStub:
    """A processor with books of its own, idempotent by key as its interface demands. `fault` as above, or None."""

    def __init__(self, fault: Callable[[], str | None] = lambda: None, answer: str = "approved") -> None:
        self._fault, self.answer = fault, answer
        self._keys_of: defaultdict[str, set[str]] = defaultdict(set)
        self.books: dict[str, tuple[str, ExistingAnswer]] = {}

    def charge(self, *, key: str, attempt: Attempt) -> ExistingAnswer:
        fault = self._fault()
        if fault == "kill_before":
            raise Killed
        if fault == "drop_before":
            raise ConnectionError("4112344112344113 was not taken")
        answer = ExistingAnswer(self.answer, "00", f"ref-{key}")  # type: ignore[arg-type]  # the test's own word
        _, answer = self.books.setdefault(key, (attempt.bill.reference, answer))
        self._keys_of[attempt.bill.reference].add(key)
        if fault == "kill_after":
            raise Killed
        if fault == "drop_after":
            raise TimeoutError
        return answer

    def charges(self, reference: str) -> int:
        return sum(self.books[key][1].status == "approved" for key in self._keys_of[reference])


class MortalStore:
    """Another store, with CTP killed at the writes that `fault` chooses: just before one, or just after."""

    def __init__(self, store: AttemptStore, fault: Callable[[], str | None] = lambda: None) -> None:
        self._store, self._fault = store, fault
        self.last: dict[str, str] = {}  # the newest attempt of each reference

    def begin(self, attempt: Attempt) -> Attempt:
        return self._write(lambda: self._begun(attempt))

    def replace(self, before: Attempt, after: Attempt) -> None:
        self._write(lambda: self._store.replace(before, after))

    def get(self, attempt_id: str) -> Attempt | None:
        return self._store.get(attempt_id)

    def open_attempts(self, due_by: datetime, limit: int) -> Any:
        return self._store.open_attempts(due_by, limit)

    def reports_due(self, due_by: datetime, limit: int) -> Any:
        return self._store.reports_due(due_by, limit)

    def reports_due_count(self) -> int:
        return self._store.reports_due_count()

    def reports(self) -> Any:
        return self._store.reports()

    def _begun(self, attempt: Attempt) -> Attempt:
        standing = self._store.begin(attempt)
        self.last[standing.bill.reference] = standing.id
        return standing

    def _write(self, write: Callable[[], Any]) -> Any:
        fault = self._fault()
        if fault == "kill_before":
            raise Killed
        written = write()
        if fault == "kill_after":
            raise Killed
        return written


class Sales:
    """CTP's own place for instruments: here a public test card for every bill."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def sale(self, attempt: Attempt) -> dict[str, Any] | None:
        if attempt.bill.reference in self.gone:
            return None
        card = {"type": "card", "number": "4112344112344113", "expiry": {"month": 5, "year": 2029}, "cvv": "111"}
        return {"method": card, "initiator": "payer"}


def chance(rng: random.Random, share: float, faults: tuple[str, ...]) -> Callable[[], str | None]:
    """One of the faults, `share` of the time."""
    return lambda: rng.choice(faults) if rng.random() < share else None


def scripted(*faults: str | None) -> Callable[[], str | None]:
    """These in order, then none."""
    left = iter(faults)
    return lambda: next(left, None)


def _response(answer: Answer) -> Response:
    return Response(answer.status, answer.headers, json.dumps(answer.body).encode())
