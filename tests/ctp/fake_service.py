"""
The service's side of the rollout protocol, as its contract tells it: decisions, sales, giving up, voids.

It stands in for the service where thousands of bills must be proven in seconds. What Chase does is scripted by `fate`.
"""

import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

DECISION_LIVES = timedelta(minutes=15)
OPEN_STATES = {"received", "submitted", "unknown"}
FATES = ("approved", "declined", "not_reached", "unknown_charged", "unknown_not_charged", "live_disabled")


@dataclass
class Clock:
    """Stands, until it is moved."""

    at: datetime = datetime(2026, 11, 23, 18, 0, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Answer:
    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def problem(status: int, code: str, retry_after_s: int | None = None, **facts: Any) -> Answer:
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    return Answer(status, {"type": f"urn:{code}", "title": code, "status": status, "code": code, **facts}, headers)


class FakeService:
    """One request at a time, each whole: what is refused has changed nothing."""

    def __init__(self, now: Callable[[], datetime], fate: Callable[[], str] = lambda: "approved") -> None:
        self.now, self.fate = now, fate
        self.slow_void: Callable[[], bool] = lambda: False
        self.voiding: set[str] = set()  # keys whose void Chase has not answered
        self.mode, self.percentage, self.otherwise = "live", 100, "off"
        self.authorization: str | None = None
        self.decisions: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.refusals: dict[str, str] = {}
        self.shadows: dict[str, dict[str, Any]] = {}
        self.at_chase: set[str] = set()  # keys whose charge Chase holds
        self.calls: list[tuple[str, str]] = []
        self._bodies: dict[str, Any] = {}
        self._keys_of: defaultdict[str, list[str]] = defaultdict(list)
        self._lock = threading.Lock()

    def handle(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """`path` below the base path; header names in lower case. Every route here is a POST."""
        with self._lock:
            key = headers.get("idempotency-key", "")
            self.calls.append((path, key))
            if self.authorization is not None and headers.get("authorization") != self.authorization:
                return problem(401, "unauthenticated")
            sent = json.loads(body)
            if path == "/rollout/decisions":
                return self._decide(sent)
            if path == "/payments":
                return self._sale(key, sent)
            return self._void(path.split("/")[2])

    def charges(self, reference: str) -> int:
        """What Chase's books hold of a bill."""
        return sum(key in self.at_chase for key in self._keys_of[reference])

    def resolve(self) -> None:
        """Every unknown payment becomes what it is at Chase, and every void that is under way is done."""
        while self.voiding:
            self._voided(self.voiding.pop())
        for key, payment in self.payments.items():
            if payment["state"] == "unknown":
                payment["state"] = "authorized" if key in self.at_chase else "failed"

    def _decide(self, sent: Mapping[str, Any]) -> Answer:
        attempt = sent["attempt"]
        if attempt in self.decisions:
            decision = self.decisions[attempt]
            if any(decision["of"][name] != sent[name] for name in ("billerId", "method", "reference")):
                return problem(422, "idempotency-key-reused")
            return self._give_up(attempt, decision) if sent.get("giveUp") else Answer(200, _shown(decision))
        if blocking := self._open_payment(sent["billerId"], sent["reference"], attempt):
            return problem(409, "payment-unresolved", paymentId=blocking["id"], retry="never")
        mode = "off" if sent.get("giveUp") else self._mode(sent["billerId"], sent["reference"])
        self.decisions[attempt] = self._decision(attempt, mode, sent)
        return Answer(200, _shown(self.decisions[attempt]))

    def _give_up(self, attempt: str, decision: dict[str, Any]) -> Answer:
        if attempt in self.payments:
            return problem(409, "invalid-state", payment=self.payments[attempt])
        if attempt in self.refusals:
            return problem(409, "payment-unresolved", paymentId=self.refusals[attempt], retry="never")
        decision.update(mode="off", processor="existing")
        return Answer(200, _shown(decision))

    def _mode(self, biller_id: str, reference: str) -> str:
        share = int(hashlib.sha256(f"{biller_id}\n{reference}".encode()).hexdigest(), 16) % 10_000
        return self.mode if share < self.percentage * 100 else self.otherwise

    def _decision(self, attempt: str, mode: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "attempt": attempt,
            "mode": mode,
            "processor": "chase" if mode == "live" else "existing",
            "configVersion": 1,
            "decidedAt": self.now().isoformat(),
            "expiresAt": (self.now() + DECISION_LIVES).isoformat(),
            "of": {name: sent[name] for name in ("billerId", "method", "reference")},
        }

    def _sale(self, key: str, sent: dict[str, Any]) -> Answer:
        control = sent.pop("control", None)
        if key in self._bodies and self._bodies[key] != sent:
            return problem(422, "idempotency-key-reused")
        if key in self.payments:
            return self._repeated(key)
        decision = self.decisions.get(key)
        if decision is None:
            return problem(409, "decision-required")
        of = {"billerId": sent["billerId"], "method": sent["method"]["type"], "reference": sent["reference"]}
        if decision["of"] != of:
            return problem(422, "idempotency-key-reused")
        if decision["mode"] == "shadow":
            return self._shadow(key, sent, control)
        return self._first_sale(key, sent, decision)

    def _first_sale(self, key: str, sent: dict[str, Any], decision: dict[str, Any]) -> Answer:
        if key in self.refusals:
            return problem(409, "payment-unresolved", paymentId=self.refusals[key], retry="never")
        if decision.get("expired"):
            return problem(409, "decision-expired")
        if decision["mode"] == "off":
            return Answer(200, {"mode": "off", "processor": "existing"})
        if self.now() > datetime.fromisoformat(decision["expiresAt"]):
            decision.update(mode="off", processor="existing", expired=True)
            return problem(409, "decision-expired")
        if blocking := self._open_payment(sent["billerId"], sent["reference"], key):
            self.refusals[key] = blocking["id"]
            return problem(409, "payment-unresolved", paymentId=blocking["id"], retry="never")
        self._bodies[key] = sent
        self._keys_of[sent["reference"]].append(key)
        self.payments[key] = {"id": f"pay_{len(self.payments)}", "mode": "live", "processor": "chase", **sent}
        return self._charge(key)

    def _shadow(self, key: str, sent: dict[str, Any], control: Any) -> Answer:
        self._bodies[key] = sent
        self.shadows.setdefault(key, {"reference": sent["reference"], "control": control})
        return Answer(202, {"id": f"pay_{key}", "state": "submitted", "mode": "shadow", "processor": "existing"})

    def _charge(self, key: str) -> Answer:
        payment, fate = self.payments[key], self.fate()
        if fate in ("approved", "unknown_charged"):
            assert key not in self.at_chase, "the fake charged one key twice"
            self.at_chase.add(key)
        payment["state"] = {
            "approved": "authorized",
            "declined": "declined",
            "not_reached": "received",
            "live_disabled": "failed",
        }.get(fate, "unknown")
        return self._told(payment)

    def _repeated(self, key: str) -> Answer:
        return self._charge(key) if self.payments[key]["state"] == "received" else self._told(self.payments[key])

    def _told(self, payment: dict[str, Any]) -> Answer:
        match payment["state"]:
            case "declined":
                return Answer(402, dict(payment))
            case "unknown":
                return Answer(202, dict(payment), {"retry-after": "2"})
            case "received":
                return problem(503, "processor-unavailable", 5, paymentId=payment["id"], processorCalled=False)
            case "failed":
                return problem(502, "payment-failed", payment=dict(payment), retry="new_key")
        return Answer(201, dict(payment))

    def _void(self, payment_id: str) -> Answer:
        found = [(key, payment) for key, payment in self.payments.items() if payment["id"] == payment_id]
        if not found:
            return problem(404, "not-found")
        [(key, payment)] = found
        if payment["state"] == "received":
            payment["state"] = "failed"
        elif key in self.voiding:
            return problem(409, "invalid-state", 2, state="authorized", allowedActions=[])
        elif payment["state"] == "authorized" and self.slow_void():
            self.voiding.add(key)
            return Answer(202, dict(payment), {"retry-after": "2"})
        elif payment["state"] == "authorized":
            self._voided(key)
        elif payment["state"] != "voided":
            return problem(409, "invalid-state", 2, state=payment["state"], allowedActions=[])
        return Answer(201, dict(payment))

    def _voided(self, key: str) -> None:
        self.payments[key]["state"] = "voided"
        self.at_chase.discard(key)

    def _open_payment(self, biller_id: str, reference: str, but: str) -> dict[str, Any] | None:
        for key in self._keys_of[reference]:
            payment = self.payments[key]
            if payment["billerId"] == biller_id and key != but and payment["state"] in OPEN_STATES:
                return payment
        return None


def _shown(decision: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in decision.items() if name not in ("of", "expired")}
