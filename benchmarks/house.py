"""The service in this process, behind its doors: for what its engine counts, and for what a profile may look into."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import function_app
from benchmarks.candidates import our_token
from benchmarks.chase_stub import API_PATH, TOKEN_PATH
from benchmarks.processes import ROOT, Stub
from local.environment import local_environment
from local.host import Host
from local.http_messages import Scope
from local.keys import local_keys
from local.registered import registered
from shared import wiring
from shared.payments.messages import Message, NotPublished
from shared.settings import Settings
from shared.wiring import Services
from shared.wiring.build import build

PREFIX: Final = json.loads((ROOT / "host.json").read_text())["extensions"]["http"]["routePrefix"]

# One whose sales Chase captures at once, so that a refund needs no two hours.
_MERCHANTS: Final = {
    "city-water": {"merchant_id": "998482157630", "currencies": ["USD"], "capture_method": "DELAYED"},
    "county-tax": {"merchant_id": "998482157631", "currencies": ["USD"], "capture_method": "NOW"},
}


class TakesAll:
    """A Publisher whose broker is always there and costs nothing. `published` counts."""

    def __init__(self) -> None:
        self.published = 0

    async def publish(self, messages: Sequence[Message]) -> None:
        self.published += len(messages)


class Away(TakesAll):
    """A Publisher whose broker takes nothing: what follows a publication does not happen."""

    async def publish(self, messages: Sequence[Message]) -> None:
        raise NotPublished(f"{len(messages)} messages: the broker is away")


@dataclass(frozen=True, slots=True)
class House:
    """`call` answers as the web server would be answered: status and body."""

    services: Services
    publisher: TakesAll
    host: Host
    token: str

    async def sale(self, number: int, biller_id: str = "city-water") -> dict[str, Any]:
        """A sale that must be approved. Raises RuntimeError otherwise."""
        return await self.write("/payments", f"bench-{number:010d}", a_sale_body(number, biller_id))

    async def write(self, path: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """A write that must be done. Raises RuntimeError otherwise."""
        status, answer = await self.call("POST", path, json.dumps(body).encode(), key)
        if status != 201:
            raise RuntimeError(f"POST {path}: {status} {answer}")
        return answer

    async def call(self, method: str, path: str, body: bytes = b"", key: str = "") -> tuple[int, dict[str, Any]]:
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        if key:
            headers["idempotency-key"] = key
        scope: Scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": f"/{PREFIX}{path}",
            "raw_path": f"/{PREFIX}{path}".encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.host(scope, receive, send)
        return int(sent[0]["status"]), json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


def a_sale_body(number: int, biller_id: str = "city-water") -> dict[str, Any]:
    """As sale_requests.py sends it, with one of Chase's public test cards."""
    address = {"line1": "1 Main St", "city": "Boston", "state": "MA", "postalCode": "02110", "country": "USA"}
    return {
        "billerId": biller_id,
        "reference": f"BENCH-{number:010d}",
        "amountMinor": 12_599,
        "currency": "USD",
        "method": {
            "type": "card",
            "number": "4112344112344113",
            "expiry": {"month": 5, "year": 2029},
            "cvv": "111",
        },
        "payer": {"firstName": "Ada", "lastName": "Byron", "email": "ada@example.com", "address": address},
        "initiator": "payer",
        "metadata": {"channel": "web"},
    }


@asynccontextmanager
async def open_house(
    folder: Path, stub: Stub, publisher: TakesAll | None = None, settings: Mapping[str, str] | None = None
) -> AsyncIterator[House]:
    """On the data in `folder`, charging at `stub`; closed at the end. `settings` beside those of a laptop."""
    keys, (base_url, token_url) = local_keys(folder), (stub.url + API_PATH, stub.url + TOKEN_PATH)
    given = local_environment(
        folder, keys, base_url, token_url, {"MERCHANTS": json.dumps(_MERCHANTS), **(settings or {})}
    )
    publisher = publisher or TakesAll()
    services = build(Settings.from_environment(given), publisher=publisher)
    wiring.use(services)
    try:
        yield House(
            services, publisher, Host(registered(function_app.app, given).http, route_prefix=PREFIX), our_token(folder)
        )
    finally:
        wiring.use(None)
        await services.close()
