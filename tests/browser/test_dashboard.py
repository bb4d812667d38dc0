"""The developer's dashboard, in a real browser: what it shows is what happened, and it fits where it is looked at."""

import shutil
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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

playwright = pytest.importorskip("playwright.async_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="There is no Chromium on this machine")


@dataclass(frozen=True)
class Seen:
    """The laptop, and a browser that looks at it."""

    url: str
    control_url: str
    keys: LocalKeys
    browser: Any

    async def sale(self, reference: str) -> int:
        token = signed_token(self.keys, claims_of(parsed([]), {}, int(time.time())))
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid.uuid4().hex}
        body = a_sale_body(reference=reference)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/api/v1/payments", json=body, headers=headers) as answer,
        ):
            await answer.read()
            return answer.status

    async def fault(self, **order: Any) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.control_url}/simulator/faults", json=order) as answer,
        ):
            assert answer.status == 200

    async def page(self, **of: Any) -> Any:
        """Open and judged. Whatever its console says fails the test that closes it."""
        page = await self.browser.new_page(**of)
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        await page.goto(f"{self.url}/dashboard")
        await page.wait_for_selector("li[data-alarm]", timeout=60_000)
        return page


@asynccontextmanager
async def looked_at(data: Path) -> AsyncIterator[Seen]:
    environ = {"LOCAL_DATA_DIR": str(data), "PORT": "0", "CHASE_SIMULATOR_PORT": "0"}
    async with running(environ) as laptop, playwright.async_playwright() as driver:
        lines = {line.split()[0]: line.split()[-1] for line in laptop.greeting.splitlines() if "dashboard" in line}
        control = next(line for line in laptop.greeting.splitlines() if "Chase simulator" in line).split()[2]
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield Seen(lines["dashboard"].removesuffix("/dashboard"), control, local_keys(data), browser)
        finally:
            await browser.close()


async def figure(page: Any, name: str) -> str:
    tile = page.locator(".tile", has=page.get_by_text(name, exact=True))
    return str(await tile.locator("b").inner_text())


async def test_shows_what_happened_and_every_alarm_of_the_file(tmp_path: Path) -> None:
    async with looked_at(tmp_path) as seen:
        for n in range(12):
            assert await seen.sale(f"INV-{n}") == 201
        page = await seen.page(viewport={"width": 1300, "height": 900})

        assert await figure(page, "Outcomes") == "12"
        assert (await figure(page, "Approved")).split() == ["100", "%"]
        names = await page.locator("li[data-alarm]").evaluate_all("all => all.map(one => one.dataset.alarm)")
        assert sorted(names) == sorted(alarms())
        assert await page.locator(".plot svg path.curve").count() > 0
        rows = page.locator(".panel.wide tbody tr")
        assert await rows.count() == 12
        assert VISA not in await page.content()
        assert page.complaints == []


async def test_an_alarm_appears_by_itself_and_comes_first(tmp_path: Path) -> None:
    async with looked_at(tmp_path) as seen:
        page = await seen.page()
        await seen.fault(operation="payment", fault="malformed_json", times=1)
        assert await seen.sale("INV-1") == 202

        await page.wait_for_selector('li[data-alarm="other-alarm"][data-stands="true"]', timeout=30_000)

        row = page.locator('li[data-alarm="other-alarm"] code')
        assert "chase_unfamiliar_answer" in await row.inner_text()
        assert "stand" in await page.locator("#state").inner_text()
        quiet_first = await page.locator("li[data-alarm]").evaluate_all(
            "all => all.map(one => one.dataset.stands).join().includes('false,true')"
        )
        assert quiet_first is False


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1300, "dark")])
async def test_fits_a_phone_and_a_desk_by_day_and_by_night(tmp_path: Path, width: int, scheme: str) -> None:
    async with looked_at(tmp_path) as seen:
        await seen.sale("INV-1")
        page = await seen.page(viewport={"width": width, "height": 844}, color_scheme=scheme)

        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        light, dark = "rgb(244, 245, 247)", "rgb(18, 21, 27)"
        shown = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert shown == (dark if scheme == "dark" else light)
        await page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert page.complaints == []


async def test_asks_nobody_but_the_host(tmp_path: Path) -> None:
    async with looked_at(tmp_path) as seen:
        page = await seen.browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(f"{seen.url}/dashboard")
        await page.wait_for_selector(".tile")

        assert {url.removeprefix(seen.url) for url in asked} <= {"/dashboard", "/dashboard/data.json", "/favicon.ico"}
