"""The whole house in one process: the service behind its doors, the simulator on loopback, one clock that stands."""

import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jwt

import function_app
from local.bus import Bus
from local.bus_publisher import BusPublisher
from local.chase_simulator import ChaseSimulator
from local.clock import ManualClock
from local.environment import HMAC_KEY_ID, local_environment, simulated_clients
from local.host import Host
from local.host_signals import HostSignals
from local.http_messages import Scope
from local.keys import LocalKeys
from local.registered import Registered, registered
from shared import wiring
from shared.auth.caller import Role
from shared.auth.hmac_signature import sign, string_to_sign
from shared.settings import Settings
from shared.telemetry import RecordedTelemetry
from shared.telemetry.memory import MemoryTelemetry
from shared.wiring import Services
from shared.wiring.build import build
from tests.builders import NOW, a_sale_body

ROOT = Path(__file__).parents[1]
PREFIX = json.loads((ROOT / "host.json").read_text())["extensions"]["http"]["routePrefix"]


@dataclass(frozen=True)
class Answer:
    """What a caller hears."""

    status: HTTPStatus
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class House:
    """The service and what is around it. `sale` and `get` call as the caller `ctp`, with every role."""

    services: Services
    simulator: ChaseSimulator
    clock: ManualClock
    telemetry: Any
    publisher: BusPublisher
    signals: HostSignals
    functions: Registered
    host: Host
    bus: Bus
    keys: LocalKeys
    settings: Settings
    data: Path
    signed: dict[str, str] = field(default_factory=dict, repr=False)

    async def sale(self, key: str | None = None, *, headers: Mapping[str, str] | None = None, **changed: Any) -> Answer:
        body = json.dumps(a_sale_body(**changed)).encode()
        named = {} if key is None else {"Idempotency-Key": key}
        return await self.call("POST", "/payments", body, {**self.bearer(), **named, **(headers or {})})

    async def signed_sale(self, key: str, *, nonce: str | None = None, **changed: Any) -> Answer:
        """The same by a caller that signs its requests."""
        body = json.dumps(a_sale_body(**changed)).encode()
        headers = self.signature("POST", "/payments", body, nonce=nonce)
        return await self.call("POST", "/payments", body, {**headers, "Idempotency-Key": key})

    async def void(self, payment_id: str, key: str = "void-1", **changed: Any) -> Answer:
        return await self.write(f"/payments/{payment_id}/void", key, {"reason": "the payer asked for it", **changed})

    async def refund(self, payment_id: str, key: str = "refund-1", **changed: Any) -> Answer:
        body = {"reason": "the payer asked for it", **changed}
        return await self.write(f"/payments/{payment_id}/refunds", key, body)

    async def report(self, payment_id: str, event: str, *, version: int | None = None, **changed: Any) -> Answer:
        """What happened to a payment, as an operator reports it; against its present version unless told another."""
        if version is None:
            version = (await self.payment(payment_id)).get("version", 1)
        usual = {"event": event, "reason": "so says the bank", "evidence": {}, "occurredAt": "2026-11-23T18:00:00.000Z"}
        headers = {**self.bearer(), "If-Match": f'"{version}"'}
        body = json.dumps({**usual, **changed}).encode()
        return await self.call("POST", f"/payments/{payment_id}/state", body, headers)

    async def write(self, path: str, key: str, body: Mapping[str, Any]) -> Answer:
        return await self.call("POST", path, json.dumps(body).encode(), {**self.bearer(), "Idempotency-Key": key})

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.call("GET", path, b"", self.bearer() if headers is None else headers)

    async def payment(self, payment_id: str) -> Any:
        return (await self.get(f"/payments/{payment_id}")).body

    async def call(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Over ASGI, as the web server would: `path` is below the route prefix, with its query."""
        route, _, query = f"/{PREFIX}{path}".partition("?")
        scope: Scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": route,
            "raw_path": route.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()],
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.host(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        text = b"".join(message.get("body", b"") for message in sent[1:]).decode()
        return Answer(HTTPStatus(sent[0]["status"]), told, text)

    def bearer(self, **claims: Any) -> dict[str, str]:
        """The Authorization header of a token with these claims; each is signed once, for signing takes 30 ms."""
        known = repr(sorted(claims.items()))
        if known not in self.signed:
            self.signed[known] = self.token(**claims)
        return {"Authorization": f"Bearer {self.signed[known]}"}

    def token(self, *, signing_key: str | None = None, algorithm: str = "RS256", **claims: Any) -> str:
        """As the issuer would sign it; `claims` replace the usual ones."""
        now_s = int(time.time())
        usual = {
            "iss": self.settings.jwt_issuer,
            "aud": self.settings.jwt_audience,
            "azp": "ctp",
            "roles": list(Role),
            "billers": "*",
            "nbf": now_s - 5,
            "exp": now_s + 600,
        }
        key = self.keys.signing_key.reveal() if signing_key is None else signing_key
        return jwt.encode({**usual, **claims}, key, algorithm=algorithm, headers={"kid": self.keys.key_id})

    def signature(
        self, method: str, path: str, body: bytes = b"", *, nonce: str | None = None, timestamp: int | None = None
    ) -> dict[str, str]:
        """The Authorization header of the caller `ctp`'s HMAC key."""
        nonce = nonce or uuid.uuid4().hex
        timestamp = int(time.time()) if timestamp is None else timestamp
        route, _, query = f"/{PREFIX}{path}".partition("?")
        signed = sign(self.keys.hmac_key, string_to_sign(method, route, query, timestamp, nonce, body))
        parts = {"keyId": HMAC_KEY_ID, "timestamp": timestamp, "nonce": nonce, "signature": signed}
        return {"Authorization": "IC-HMAC-SHA256 " + ",".join(f"{name}={value}" for name, value in parts.items())}

    async def fire(self, timer: str) -> None:
        """The function of that timer, as the host calls it."""
        [function] = [each.function for each in self.functions.timers if each.function.name == timer]
        await function.call(None)

    def books(self) -> list[dict[str, Any]]:
        return self.simulator.books()


@asynccontextmanager
async def open_house(data: Path, keys: LocalKeys, *, in_memory: bool = False, **settings: str) -> AsyncIterator[House]:
    """
    A house on the files in `data` (a second one on the same files is a restart). `settings` by their names.

    Its telemetry is RecordedTelemetry; `in_memory` that of a laptop.
    """
    clock = ManualClock(NOW)
    telemetry = MemoryTelemetry(clock.now) if in_memory else RecordedTelemetry()
    signals = HostSignals(clock.now)
    given = local_environment(data, keys, "http://127.0.0.1", "http://127.0.0.1", {})
    unaddressed = Settings.from_environment({**given, **settings})
    simulator = ChaseSimulator(
        books=data / "chase-books.sqlite3", clock=clock, ends_after_s=70.0, credentials=simulated_clients(unaddressed)
    )
    await simulator.start()
    at = {
        f"{prefix}CHASE_{name}": url
        for prefix in ("", "SHADOW_")
        for name, url in (("BASE_URL", simulator.base_url), ("TOKEN_URL", simulator.token_url))
        if f"{prefix}CHASE_{name}" in given
    }
    read = Settings.from_environment({**given, **at, **settings})
    publisher = BusPublisher()
    services = build(read, publisher=publisher, clock=clock, telemetry=telemetry)
    wiring.use(services)
    functions = registered(function_app.app, given, watched_by=signals)
    bus = Bus(functions.bus, clock=clock)
    publisher.attach(bus)
    try:
        await bus.start()
        host = Host(functions.http, route_prefix=PREFIX)
        at_hand = (clock, telemetry, publisher, signals, functions, host, bus, keys, read, data)
        yield House(services, simulator, *at_hand)
    finally:
        await bus.stop()
        wiring.use(None)
        await services.close()
        await simulator.stop()
