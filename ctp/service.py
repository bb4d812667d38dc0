"""The service as the protocol uses it: one method an action, each ending in time with what was heard."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from ctp.answers import read_decision, read_give_up, read_report, read_sale, read_void
from ctp.attempt import Attempt
from ctp.auth import Auth
from ctp.deadline import NoAnswer
from ctp.protocol import Heard, Told
from ctp.trace import trace_headers
from ctp.transport import Request, Response, Transport

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Within:
    """Seconds that a call may take in all. `decide` is the contract's; a sale is answered within 25."""

    decide_s: float = 0.5
    sell_s: float = 30.0
    give_up_s: float = 10.0
    void_s: float = 30.0
    report_s: float = 5.0


class PaymentService:
    """
    `base_url` ends in `/api/v1`. Every method returns what was heard and raises nothing: no answer is an answer.

    Raises ValueError at once for a URL without TLS that leaves the machine.
    """

    def __init__(self, transport: Transport, base_url: str, auth: Auth, within: Within | None = None) -> None:
        parts = urlsplit(base_url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError("base_url: write an https URL; plain http is for loopback only")
        self._transport, self._base_url, self._auth = transport, base_url.rstrip("/"), auth
        self._within = within or Within()

    def decide(self, attempt: Attempt) -> Told:
        return self._heard(
            self._decision(attempt, {}, self._within.decide_s),
            lambda response: read_decision(response, attempt),
            Heard.NO_DECISION,
        )

    def give_up(self, attempt: Attempt) -> Told:
        return self._heard(
            self._decision(attempt, {"giveUp": True}, self._within.give_up_s),
            lambda response: read_give_up(response, attempt),
        )

    def sell(self, attempt: Attempt, sale: Mapping[str, Any]) -> Told:
        """`sale` is the contract's body; bill and amount come from the attempt, whatever it says."""
        call = self._call(attempt, "/payments", _sale_body(attempt, sale), self._within.sell_s, attempt.id)
        return self._heard(call, lambda response: read_sale(response, attempt))

    def void(self, attempt: Attempt) -> Told:
        path = f"/payments/{quote(attempt.payment_id or '', safe='')}/void"
        body = {"reason": "given up by CTP: no outcome in time"}
        call = self._call(attempt, path, body, self._within.void_s, f"{attempt.id}.void")
        return self._heard(call, lambda response: read_void(response, attempt))

    def report(self, attempt: Attempt, sale: Mapping[str, Any]) -> Told:
        """A shadow sale, with what the existing processor answered."""
        control = {"control": attempt.control.as_json()} if attempt.control else {}
        call = self._call(attempt, "/payments", _sale_body(attempt, sale) | control, self._within.report_s, attempt.id)
        return self._heard(call, read_report)

    def _decision(self, attempt: Attempt, more: Mapping[str, Any], within_s: float) -> Callable[[], Response]:
        bill = attempt.bill
        body = {"attempt": attempt.id, "billerId": bill.biller_id, "method": bill.method, "reference": bill.reference}
        return self._call(attempt, "/rollout/decisions", {**body, **more}, within_s, None)

    def _call(
        self, attempt: Attempt, path: str, body: Mapping[str, Any], within_s: float, key: str | None
    ) -> Callable[[], Response]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", **trace_headers(attempt.id)}
        if key is not None:
            headers["Idempotency-Key"] = key
        # The same bytes every time: the service compares bodies under one key.
        text = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        request = Request("POST", self._base_url + path, headers, text, self._auth)
        return lambda: self._transport.send(request, within_s)

    def _heard(
        self, call: Callable[[], Response], read: Callable[[Response], Told], silence: Heard = Heard.NOT_YET
    ) -> Told:
        try:
            return read(call())
        except NoAnswer as silent:
            return Told(silence, f"no answer of the service: {silent}")


def _sale_body(attempt: Attempt, sale: Mapping[str, Any]) -> dict[str, Any]:
    bill = attempt.bill
    ours = {
        "billerId": bill.biller_id,
        "reference": bill.reference,
        "amountMinor": bill.amount_minor,
        "currency": bill.currency,
    }
    return {**sale, **ours}
