"""The developer's dashboard, in a real browser: what it shows is what happened, and it fits where it is looked at."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from infra.scripts.alarm_query import alarms
from local.keys import LocalKeys, local_keys
from local.laptop import running
from local.token import claims_of, parsed, signed_token
from tests.builders import VISA, a_sale_body

PATIENT_S = 60.0
LIGHT, DARK = "rgb(244, 245, 247)", "rgb(18, 21, 27)"
_STANDS = 'document.querySelector(\'li[data-alarm="other-alarm"][data-stands="true"] code\')'


@dataclass(frozen=True)
class Laptop:
    """The laptop, and a browser that looks at it. Every call leaves the loop free: the host answers on it."""

    url: str
    control_url: str
    keys: LocalKeys
    driver: Any

    async def sale(self, reference: str) -> int:
        token = signed_token(self.keys, claims_of(parsed([]), {}, int(time.time())))
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid.uuid4().hex}
        return await _posted(f"{self.url}/api/v1/payments", a_sale_body(reference=reference), headers)

    async def fault(self, **order: Any) -> None:
        assert await _posted(f"{self.control_url}/simulator/faults", order, {}) == 200

    async def open(self, width: int = 1300, scheme: str = "light") -> None:
        """The page, once its alarms are judged."""
        size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        await self._out(self.driver.execute_cdp_cmd, "Emulation.setDeviceMetricsOverride", size)
        await self._out(self.driver.execute_cdp_cmd, "Emulation.setEmulatedMedia", media)
        await self._out(self.driver.get, f"{self.url}/dashboard")
        await self.until("document.querySelector('li[data-alarm]')")

    async def script(self, expression: str) -> Any:
        return await self._out(self.driver.execute_script, f"return {expression}")

    async def until(self, expression: str) -> None:
        async with asyncio.timeout(PATIENT_S):
            while not await self.script(f"Boolean({expression})"):
                await asyncio.sleep(0.1)

    async def figure(self, name: str) -> str:
        """What the tile of that name says."""
        tiles = await self.script(
            "[...document.querySelectorAll('.tile')].map(t => [t.children[0].innerText, t.children[1].innerText])"
        )
        return str(dict(tiles)[name])

    async def complaints(self) -> list[str]:
        entries = await self._out(self.driver.get_log, "browser")
        return [entry["message"] for entry in entries if "favicon" not in entry["message"]]

    async def requested(self) -> set[str]:
        """Every address that was asked for since it was last asked."""
        entries = await self._out(self.driver.get_log, "performance")
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
        return {each["request"]["url"] for each in sent}

    async def _out(self, work: Any, *arguments: Any) -> Any:
        return await asyncio.to_thread(work, *arguments)


async def _posted(url: str, body: Any, headers: dict[str, str]) -> int:
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        await answer.read()
        return answer.status


@pytest.fixture
async def laptop(tmp_path: Path, chromium: Any) -> AsyncIterator[Laptop]:
    environ = {"LOCAL_DATA_DIR": str(tmp_path), "PORT": "0", "CHASE_SIMULATOR_PORT": "0"}
    async with running(environ) as started:
        words = started.greeting.split()
        url, control_url = words[words.index("dashboard") + 1], words[words.index("simulator") + 1]
        found = Laptop(url.removesuffix("/dashboard"), control_url, local_keys(tmp_path), chromium)
        await found.requested()
        await found.complaints()
        yield found
        await asyncio.to_thread(chromium.get, "about:blank")


async def test_shows_what_happened_and_every_alarm_of_the_file(laptop: Laptop) -> None:
    for n in range(12):
        assert await laptop.sale(f"INV-{n}") == 201
    await laptop.open()

    assert await laptop.figure("Outcomes") == "12"
    assert (await laptop.figure("Approved")).split() == ["100", "%"]
    names = await laptop.script("[...document.querySelectorAll('li[data-alarm]')].map(one => one.dataset.alarm)")
    assert sorted(names) == sorted(alarms())
    assert await laptop.script("document.querySelectorAll('.plot svg path.curve').length") > 0
    assert await laptop.script("document.querySelectorAll('.panel.wide tbody tr').length") == 12
    assert VISA not in await laptop.script("document.documentElement.innerHTML")
    assert await laptop.complaints() == []


async def test_an_alarm_appears_by_itself_and_comes_before_those_that_are_quiet(laptop: Laptop) -> None:
    await laptop.open()
    await laptop.fault(operation="payment", fault="malformed_json", times=1)
    assert await laptop.sale("INV-1") == 202

    await laptop.until(_STANDS)

    assert "chase_unfamiliar_answer" in await laptop.script(f"{_STANDS}.innerText")
    assert "stand" in await laptop.script("document.getElementById('state').innerText")
    stand = await laptop.script("[...document.querySelectorAll('li[data-alarm]')].map(one => one.dataset.stands)")
    assert stand == sorted(stand, reverse=True)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1300, "dark")])
async def test_fits_a_phone_and_a_desk_by_day_and_by_night(laptop: Laptop, width: int, scheme: str) -> None:
    await laptop.sale("INV-1")
    await laptop.open(width, scheme)

    assert await laptop.script("document.documentElement.scrollWidth") <= width
    shown = await laptop.script("getComputedStyle(document.body).backgroundColor")
    assert shown == (DARK if scheme == "dark" else LIGHT)
    assert await laptop.complaints() == []


async def test_asks_nobody_but_the_host(laptop: Laptop) -> None:
    await laptop.open()

    asked = {url.removeprefix(laptop.url) for url in await laptop.requested()}
    assert {"/dashboard", "/dashboard/data.json"} <= asked
    assert asked <= {"/dashboard", "/dashboard/data.json", "/favicon.ico", "about:blank"}
