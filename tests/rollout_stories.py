"""Calls that bring about what the contract promises of the rollout and of shadow's report, by routes alone."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from functions._json import BODY_BYTES_MAX
from shared.shadow.decision import Why
from shared.shadow.document import Mode
from tests.browser.month import lived
from tests.follow_up_stories import Story
from tests.house import Answer, House
from tests.shadow.at_rest import a_decision, stored

BILL = {"billerId": "city-water", "method": "card", "reference": "INV-2026-000123"}
OFF = {"rules": [], "killSwitch": False, "holdAll": False}


def a_rule() -> dict[str, Any]:
    return {"billerId": "city-water", "method": "card", "mode": "live", "percentage": 1}


def a_document() -> dict[str, Any]:
    return {**OFF, "rules": [a_rule()]}


async def decide(house: House, headers: Mapping[str, str] | None = None, **changed: Any) -> Answer:
    body = json.dumps({"attempt": "attempt-1", **BILL, **changed}).encode()
    return await house.call("POST", "/rollout/decisions", body, house.bearer() if headers is None else headers)


async def read_config(house: House, headers: Mapping[str, str] | None = None) -> Answer:
    return await house.get("/rollout/config", headers)


async def change(
    house: House, headers: Mapping[str, str] | None = None, *, version: int | None = 0, **changed: Any
) -> Answer:
    body = json.dumps({"document": OFF, "reason": "not yet", **changed}).encode()
    matched = {} if version is None else {"If-Match": f'"{version}"'}
    return await house.call(
        "PUT", "/rollout/config", body, {**(house.bearer() if headers is None else headers), **matched}
    )


async def report(house: House, headers: Mapping[str, str] | None = None) -> Answer:
    return await house.get("/shadow/report", headers)


async def _given_up(house: House) -> Answer:
    return await decide(house, giveUp=True)


async def _another_is_open(house: House) -> Answer:
    house.simulator.fault("payment", "drop_after_processing")
    await house.sale("attempt-1")
    return await decide(house, attempt="attempt-2")


async def _sold_already(house: House) -> Answer:
    await house.sale("attempt-1")
    return await decide(house, giveUp=True)


async def _decided_otherwise(house: House) -> Answer:
    await stored(house.services.database, a_decision(1, Mode.OFF, Why.NO_RULE))
    return await decide(house)


async def _with_history(house: House) -> Answer:
    await change(house)
    await change(house, version=1, reason="still not")
    return await read_config(house)


async def _forced(house: House) -> Answer:
    await change(house)
    return await change(house, version=1, document=a_document(), force=True)


async def _beyond_the_evidence(house: House) -> Answer:
    await change(house)
    return await change(house, version=1, document=a_document())


async def _a_month(house: House) -> Answer:
    await lived(house.services.database, 200)
    return await report(house)


def _too_large(method: str, path: str) -> Story:
    body = b" " * (BODY_BYTES_MAX + 1)
    return lambda house: house.call(method, path, body, house.bearer())


CALLS: dict[str, Callable[[House, dict[str, str]], Awaitable[Answer]]] = {
    "DecideRollout": decide,
    "RolloutConfig": read_config,
    "ChangeRolloutConfig": change,
    "ShadowReport": report,
}
STORIES: list[tuple[str, int, Story]] = [
    ("DecideRollout", 200, decide),
    ("DecideRollout", 200, _given_up),
    ("DecideRollout", 400, lambda house: decide(house, method="cash")),
    ("DecideRollout", 400, lambda house: decide(house, billerId="nobody")),
    ("DecideRollout", 409, _another_is_open),
    ("DecideRollout", 409, _sold_already),
    ("DecideRollout", 413, _too_large("POST", "/rollout/decisions")),
    ("DecideRollout", 422, _decided_otherwise),
    ("RolloutConfig", 200, read_config),
    ("RolloutConfig", 200, _with_history),
    ("RolloutConfig", 400, lambda house: house.get("/rollout/config?version=1")),
    ("ChangeRolloutConfig", 200, change),
    ("ChangeRolloutConfig", 200, _forced),
    ("ChangeRolloutConfig", 400, lambda house: change(house, document={"rules": [{"billerId": "nobody"}]})),
    ("ChangeRolloutConfig", 409, _beyond_the_evidence),
    ("ChangeRolloutConfig", 412, lambda house: change(house, version=7)),
    ("ChangeRolloutConfig", 413, _too_large("PUT", "/rollout/config")),
    ("ChangeRolloutConfig", 428, lambda house: change(house, version=None)),
    ("ShadowReport", 200, report),
    ("ShadowReport", 200, _a_month),
    ("ShadowReport", 400, lambda house: house.get("/shadow/report?since=today")),
]
