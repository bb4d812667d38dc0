"""A house under a rollout document of the test's own, whose bus is delivered when told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.conftest import OpenHouse
from tests.house import Answer, House

CONTROL = {
    "status": "approved",
    "code": "00",
    "amountMinor": 12599,
    "latencyMs": 200,
    "processorReference": "existing-1",
}
DAY_S = 86_400


def document(mode: str, percentage: int = 100, **changed: Any) -> dict[str, Any]:
    """One rule for all; `changed` goes into the rule."""
    rule = {"billerId": "*", "method": "*", "mode": mode, "percentage": percentage, **changed}
    return {"rules": [rule], "killSwitch": False, "holdAll": False}


async def governed(house: House, written: dict[str, Any], *, version: str | None = None) -> Answer:
    """PUT /rollout/config, against the version that stands unless told another."""
    etag = version or (await house.get("/rollout/config")).headers["etag"]
    body = json.dumps({"document": written, "reason": "a step of the rollout", "force": True}).encode()
    return await house.call("PUT", "/rollout/config", body, {**house.bearer(), "If-Match": etag})


async def decided(house: House, attempt: str, reference: str = "INV-2026-000123", **changed: Any) -> Answer:
    body = {"attempt": attempt, "billerId": "city-water", "method": "card", "reference": reference, **changed}
    return await house.write("/rollout/decisions", "no-key-is-needed", body)


async def reported(house: House, payment_id: str, control: dict[str, Any], **named: Any) -> Answer:
    body = {
        "event": "control_reported",
        "reason": "the existing processor answered",
        "evidence": {},
        "occurredAt": "2026-11-23T18:00:00.000Z",
        "control": control,
        **named,
    }
    return await house.call("POST", f"/payments/{payment_id}/state", json.dumps(body).encode(), house.bearer())


async def mirrored(house: House) -> None:
    """Return when everything that is due was delivered and done, while the time passes that it waits for."""
    await house.bus.deliver_due()
    done = asyncio.ensure_future(house.bus.idle())
    async with asyncio.timeout(20):
        # What is on its way to Chase gets real time, so that the moved clock does not overtake it.
        while not (await asyncio.wait({done}, timeout=0.1))[0]:
            await house.clock.advance(0.5)


async def compared(house: House) -> list[dict[str, Any]]:
    """The comparisons as they stand, in the order in which the operations were taken."""
    from shared.database.unit_of_work import Query  # noqa: PLC0415 - for this alone

    [rows] = await house.services.database.read([Query("SELECT comparison FROM shadow_operations ORDER BY id")])
    return [json.loads(text) for (text,) in rows if text]


@asynccontextmanager
async def in_shadow(opened: OpenHouse, **settings: str) -> AsyncIterator[House]:
    """Every bill is in shadow, and a decision must be asked for before."""
    async with opened(ROLLOUT_DECISION_REQUIRED="true", **settings) as house:
        written = await governed(house, document("shadow"))
        assert written.status == 200, written.text
        yield house
