"""A house whose every sink is watched, and callers that remember each secret they use."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import pytest

from tests.builders import MASTERCARD, VISA, a_sale_body, an_ach_method
from tests.conftest import OpenHouse
from tests.house import Answer, House
from tests.journeys.hunt import Hunt
from tests.journeys.sinks import Listening, Sinks
from tests.journeys.token_tap import TokenTap

T = TypeVar("T")
Watching = Callable[..., AbstractAsyncContextManager["Watch"]]

# Chase's public test numbers. The CVV has four digits, so that it is not met by chance as often.
CARDS = {"visa": VISA, "mastercard": MASTERCARD, "amex": "371144371144376", "discover": "6011016011016011"}
CVV = "7391"
# Chase's sample account, and a token of the form that Chase gives.
ACCOUNT = an_ach_method()["accountNumber"]
TOKEN = "9112344112348761"


def a_hunt() -> Hunt:
    hunt = Hunt()
    for brand, number in CARDS.items():
        hunt.card_number(f"the {brand} number", number)
    hunt.code("the CVV", CVV)
    hunt.card_number("the account number", ACCOUNT)
    hunt.card_number("the token", TOKEN)
    return hunt


def a_card(number: str = VISA, **changed: Any) -> dict[str, Any]:
    return {"type": "card", "number": number, "expiry": {"month": 5, "year": 2029}, "cvv": CVV, **changed}


class Watch:
    """Calls as House does; what it sends in secret is hunted for in all that is said and stored."""

    def __init__(self, house: House, tap: TokenTap, sinks: Sinks) -> None:
        self.house, self.tap, self.sinks = house, tap, sinks
        self.hunt = a_hunt()
        self._bills = 0
        keys = house.keys
        self.hunt.key("the HMAC key", keys.hmac_key.reveal())
        self.hunt.key("the fingerprint key", keys.fingerprint_key.reveal())
        self.hunt.key("the audit key", keys.audit_key.reveal())
        self.hunt.key("the instrument key", keys.instrument_key.reveal())
        self.hunt.key("the token signing key", keys.signing_key.reveal())
        self.hunt.key("Chase's client secret", keys.chase_client_secret.reveal())

    @property
    def statuses(self) -> set[int]:
        return {int(answer.status) for answer in self.sinks.answers}

    def leaks(self) -> list[str]:
        """What became of the secrets: a sentence for each that was found."""
        for token in filter(None, self.tap.issued):
            self.hunt.key("Chase's access token", token)
        return self.hunt.leaks(self.sinks.texts())

    async def call(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        for name, value in (headers or {}).items():
            if name.lower() == "authorization":
                self._keep_secret(value)
        answer = await self.house.call(method, path, body, headers)
        self.sinks.answers.append(answer)
        return answer

    async def sale(
        self, key: str | None = None, *, headers: Mapping[str, str] | None = None, number: str = VISA, **changed: Any
    ) -> Answer:
        """Of a new bill, under a new key, unless they are given."""
        self._bills += 1
        body = a_sale_body(**{"method": a_card(number), "reference": f"INV-{self._bills}", **changed})
        return await self.sent(json.dumps(body).encode(), key or f"attempt-{self._bills}", headers)

    async def sent(self, body: bytes, key: str = "attempt", headers: Mapping[str, str] | None = None) -> Answer:
        """Whatever `body` is, to the route of sales."""
        named = {**self.house.bearer(), "Idempotency-Key": key, "Content-Type": "application/json", **(headers or {})}
        return await self.call("POST", "/payments", body, named)

    async def signed_sale(self, key: str, **signing: Any) -> Answer:
        body = json.dumps(a_sale_body(method=a_card(), reference=key)).encode()
        signature = self.house.signature("POST", "/payments", body, **signing)
        return await self.call("POST", "/payments", body, {**signature, "Idempotency-Key": key})

    async def void(self, payment_id: str, **changed: Any) -> Answer:
        return await self.follow_up(f"/payments/{payment_id}/void", {"reason": "billed twice", **changed})

    async def refund(self, payment_id: str, **changed: Any) -> Answer:
        return await self.follow_up(f"/payments/{payment_id}/refunds", {"reason": "billed twice", **changed})

    async def report(self, payment_id: str, event: str, **changed: Any) -> Answer:
        """Against the payment's present version."""
        usual = {"event": event, "reason": "so says the bank", "evidence": {}, "occurredAt": "2026-11-23T18:00:00.000Z"}
        payment = await self.house.services.payments.get(payment_id)
        version = 1 if payment is None else payment.version
        return await self.follow_up(f"/payments/{payment_id}/state", {**usual, **changed}, version)

    async def follow_up(self, path: str, body: Mapping[str, Any], version: int = 1) -> Answer:
        """Under a new key."""
        self._bills += 1
        named = {"Idempotency-Key": f"follow-up-{self._bills}", "If-Match": f'"{version}"'}
        return await self.call("POST", path, json.dumps(body).encode(), {**self.house.bearer(), **named})

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.call("GET", path, b"", {**self.house.bearer(), **(headers or {})})

    async def meanwhile(self, work: Awaitable[T]) -> T:
        """What comes of `work`, while time passes for it: it may wait before it tries again."""
        task = asyncio.ensure_future(work)
        while not task.done():
            # What is on its way to Chase gets real time, so that the moved clock does not overtake it.
            await asyncio.wait({task}, timeout=0.02)
            await self.house.clock.advance(0.5)
        return task.result()

    async def captured(self, **changed: Any) -> str:
        """A payment that Chase has captured."""
        sold = await self.sale(**changed)
        await self.house.clock.advance(120 * 60 + 121)
        await self.meanwhile(self.house.services.reconciliation.run_once())
        return str(sold.body["id"])

    async def time_passes(self) -> None:
        """Long enough for an inquiry that counts, and for the sweep."""
        await self.house.clock.advance(95)
        await self.meanwhile(self.house.services.outbox_sweep.run_once())
        await self.meanwhile(self.house.bus.idle())
        await self.meanwhile(self.house.services.reconciliation.run_once())

    def _keep_secret(self, authorization: str) -> None:
        scheme, _, credential = authorization.partition(" ")
        if scheme == "Bearer":
            # The header of a JWT is the same for all, and no secret.
            credential = credential.partition(".")[2].replace(".", "\n")
        self.hunt.key(f"a {scheme} credential", credential.rpartition("signature=")[2])


@asynccontextmanager
async def watched(
    opened: OpenHouse, printed: pytest.CaptureFixture[str], *, chatty: bool = True, **settings: str
) -> AsyncIterator[Watch]:
    """
    A house as `opened` opens it. When it is closed, `leaks` tells what became of the secrets.

    Where it is `chatty`, the event loop is in debug mode and tells of every call it makes, with arguments and results.
    """
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        tap = await stack.enter_async_context(TokenTap())
        async with opened(CHASE_TOKEN_URL=tap.url, **settings) as house:
            tap.target = house.simulator.token_url
            sinks = Sinks(house.data, house.telemetry)
            stack.enter_context(Listening(sinks))
            loop.set_exception_handler(sinks.complaint)
            loop.set_debug(chatty)
            loop.slow_callback_duration = 0.0
            watch = Watch(house, tap, sinks)
            yield watch
            sinks.files()
            # What still waits for a time that stands would hold up the end.
            await watch.meanwhile(house.services.close())
        sinks.files()
        loop.set_debug(False)
    sinks.printed += zip(("stdout", "stderr"), printed.readouterr(), strict=True)
