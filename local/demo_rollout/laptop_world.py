"""The demonstration's world: `python -m local` as a child process, on free ports and data of its own."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests

from local.demo_rollout.world import NO_BILL, Charges, WorldError
from local.keys import local_keys
from local.token import claims_of, parsed, signed_token
from shared.payments.ids import merchant_order_number

_ROOT: Final = Path(__file__).parents[2]
# Longer than the client waits for a decision, shorter than the service waits for Chase.
_DELAY_MS: Final = 700
_CALL_WITHIN_S: Final = 30
# The document is cached for seconds, by design.
_IN_FORCE_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.1
_ENDS_WITHIN_S: Final = 15


class LaptopWorld:
    """A World. Its token is for every role, so that it may set the rollout too."""

    def __init__(self, api_url: str, simulator_url: str, data: Path) -> None:
        self.api_url, self._simulator_url = api_url, simulator_url
        claims = claims_of(parsed([]), {}, int(time.time()))
        self._token = signed_token(local_keys(data), claims)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {self._token}"

    def close(self) -> None:
        self._session.close()

    def token(self) -> str:
        return self._token

    def set_rollout(self, mode: str, percentage: int, reason: str) -> None:
        rule = {
            "billerId": "*",
            "method": "*",
            "mode": mode,
            "percentage": percentage,
            "otherwise": "shadow",
            "allow": [],
            "deny": [],
            "minimumDwellHours": 0,
        }
        body = {
            "document": {"rules": [rule], "killSwitch": False, "holdAll": False},
            "reason": reason,
            # No demonstration has the weeks that readiness asks for.
            "force": True,
        }
        version = self._called("GET", "/rollout/config").headers.get("ETag", "")
        changed = self._called("PUT", "/rollout/config", json=body, headers={"If-Match": version})
        self._until_in_force(changed.headers.get("ETag", ""))

    def order_fault(self, fault: str) -> None:
        delay_ms = _DELAY_MS if fault == "delay" else 0
        self._control("faults", {"operation": "payment", "fault": fault, "times": 1, "delayMs": delay_ms})

    def advance(self, seconds: int) -> None:
        self._control("clock", {"advanceSeconds": seconds})

    def charges(self, references: Sequence[str]) -> Charges:
        bill_of: dict[str, str] = {}
        for reference in references:
            found = self._called("GET", "/payments", params={"reference": reference, "limit": "100"}).json()
            bill_of |= {merchant_order_number(payment["id"]): reference for payment in found["items"]}
        charged: dict[str, list[int]] = {}
        books = self._session.get(f"{self._simulator_url}/simulator/books", timeout=_CALL_WITHIN_S).json()
        for entry in books["payments"]:
            net_minor = 0 if entry["voided"] else entry["amount"] - entry["refunded"]
            if entry["environment"] == "live" and net_minor:
                charged.setdefault(bill_of.get(entry["merchantOrderNumber"], NO_BILL), []).append(net_minor)
        return charged

    def _until_in_force(self, etag: str) -> None:
        """Until a decision about no bill is made by that version."""
        ends_at = time.monotonic() + _IN_FORCE_WITHIN_S
        while time.monotonic() < ends_at:
            probe = f"probe-{uuid.uuid4().hex}"
            body = {"attempt": probe, "billerId": "city-water", "method": "card", "reference": probe}
            decision = self._called("POST", "/rollout/decisions", json=body).json()
            if str(decision["configVersion"]) == etag.strip('W/"'):
                return
            time.sleep(_LOOK_EVERY_S)
        raise WorldError(f"version {etag} of the rollout is not in force after {_IN_FORCE_WITHIN_S:g} s")

    def _called(self, method: str, path: str, **how: Any) -> requests.Response:
        answer = self._session.request(method, self.api_url + path, timeout=_CALL_WITHIN_S, **how)
        if not answer.ok:
            raise WorldError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def _control(self, what: str, body: dict[str, Any]) -> None:
        url = f"{self._simulator_url}/simulator/{what}"
        self._session.post(url, json=body, timeout=_CALL_WITHIN_S).raise_for_status()


@contextmanager
def laptop_world(data: Path, settings: Mapping[str, str] | None = None) -> Iterator[LaptopWorld]:
    """
    Started and ready; ended with what it wrote to stderr kept in `data`. `settings` go before the demonstration's own.

    Raises WorldError: it did not start.
    """
    chosen = {
        "PORT": "0",
        "CHASE_SIMULATOR_PORT": "0",
        "LOCAL_TIME_SCALE": "0.01",
        "LOCAL_DATA_DIR": str(data),
        "ROLLOUT_DECISION_REQUIRED": "true",
        # Some faults leave nothing at Chase; by default only a person may say so, and there is none here.
        "ON_NOT_FOUND": "resend_same_request_id",
    }
    stderr_file = data / "stderr"
    with stderr_file.open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=_ROOT,
            env={**os.environ, **chosen, **(settings or {})},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        yield from _ready(child, data, stderr_file)
    finally:
        _end(child)


def _ready(child: "subprocess.Popen[str]", data: Path, stderr_file: Path) -> Iterator[LaptopWorld]:
    api_url, simulator_url = (_word_after(child, beginning) for beginning in ("Ready:", "  Chase simulator"))
    if not simulator_url:
        raise WorldError(f"the service did not start: {stderr_file.read_text()[-2000:]}")
    world = LaptopWorld(api_url, simulator_url, data)
    try:
        yield world
    finally:
        world.close()


def _word_after(child: "subprocess.Popen[str]", beginning: str) -> str:
    """The first word after `beginning`, from the first line that begins so; empty if it ended before."""
    for line in child.stdout or ():
        if line.startswith(beginning):
            return line.removeprefix(beginning).split()[0]
    return ""


def _end(child: "subprocess.Popen[str]") -> None:
    child.terminate()
    try:
        child.communicate(timeout=_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
