"""The page of the report, driven in a real browser against the real service on loopback."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from local.web_server import WebServer
from shared import wiring
from shared.auth.caller import Role
from tests.browser.month import lived, told_with
from tests.house import PREFIX, House

PAIRS = 240
PATIENT_S = 20
_T = TypeVar("_T")


@dataclass
class Page:
    """The page in its browser. Every call leaves the loop free: the service answers on it."""

    driver: webdriver.Chrome
    house: House
    url: str

    async def open(self, width: int = 1280, scheme: str = "light") -> None:
        await self._out(lambda: self._sized(width, scheme))
        await self._out(lambda: self.driver.get(self.url))

    async def ask(self, token: str) -> None:
        """Type the token and wait for what comes of it: the report, or why there is none."""

        def typed() -> None:
            field = self.driver.find_element(By.ID, "token")
            field.clear()
            field.send_keys(token, Keys.ENTER)
            patience = WebDriverWait(self.driver, PATIENT_S)
            patience.until(lambda driver: self._shown("report") or self._shown("problem"))

        await self._out(typed)

    async def read_again(self) -> None:
        def pressed() -> None:
            button = self.driver.find_element(By.ID, "again")
            button.send_keys(Keys.ENTER)
            WebDriverWait(self.driver, PATIENT_S).until(lambda driver: button.is_enabled())

        await self._out(pressed)

    async def text(self, selector: str) -> str:
        """What a person reads of the first match."""
        return await self._out(lambda: self.driver.find_element(By.CSS_SELECTOR, selector).text)

    async def count(self, selector: str) -> int:
        return await self._out(lambda: len(self.driver.find_elements(By.CSS_SELECTOR, selector)))

    async def script(self, code: str) -> Any:
        return await self._out(lambda: self.driver.execute_script(code))

    async def is_shown(self, identifier: str) -> bool:
        return await self._out(lambda: self._shown(identifier))

    async def press(self, selector: str, *keys: str) -> None:
        await self._out(lambda: self.driver.find_element(By.CSS_SELECTOR, selector).send_keys(*keys))

    async def select(self, text: str) -> None:
        def chosen() -> None:
            options = Select(self.driver.find_element(By.ID, "stratum"))
            options.select_by_visible_text(next(o.text for o in options.options if o.text.startswith(text)))

        await self._out(chosen)

    async def complaints(self) -> list[str]:
        """What stands in the console since it was last asked, but for answers that are errors on purpose."""
        entries = await self._out(lambda: self.driver.get_log("browser"))
        return [entry["message"] for entry in entries if "Failed to load resource" not in entry["message"]]

    async def requested(self) -> list[str]:
        """Every address that was asked for since it was last asked."""
        entries = await self._out(lambda: self.driver.get_log("performance"))
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent]

    def _sized(self, width: int, scheme: str) -> None:
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    def _shown(self, identifier: str) -> bool:
        return self.driver.find_element(By.ID, identifier).is_displayed()

    async def _out(self, work: Callable[[], _T]) -> _T:
        return await asyncio.to_thread(work)


@pytest.fixture
async def page(house: House, chromium: webdriver.Chrome) -> AsyncIterator[Page]:
    wiring.use(replace(house.services, shadow_report=told_with(house.services)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = WebServer(house.host, listener)
        await server.start()
        page = Page(chromium, house, f"http://127.0.0.1:{listener.getsockname()[1]}/{PREFIX}/shadow/report")
        await page.requested()
        await page.complaints()
        yield page
        await asyncio.to_thread(chromium.get, "about:blank")
        await server.stop()


async def test_shows_no_data_without_a_token(page: Page) -> None:
    await lived(page.house.services.database, PAIRS)

    await page.open()

    assert "city-water" not in await page.script("return document.documentElement.outerHTML")
    assert not await page.is_shown("report")
    assert (await page.text("label"), await page.script("return document.activeElement.id")) == (
        "Access token",
        "token",
    )


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("not.a.token", "The token was not accepted."),
        ("två tecken", "That is no token: paste it whole, in one line."),
    ],
)
async def test_says_why_a_token_is_not_accepted(page: Page, token: str, said: str) -> None:
    await page.open()

    await page.ask(token)

    assert (await page.text("#problem")).startswith(said)
    assert not await page.is_shown("report")


async def test_says_which_role_a_caller_lacks(page: Page) -> None:
    await page.open()

    await page.ask(page.house.token(roles=[Role.READ]))

    said = "This caller may not read the report (the role Payments.Operate is required)."
    assert await page.text("#problem") == said


async def test_says_that_the_service_failed_with_what_to_tell_it(page: Page) -> None:
    await page.house.services.database.close()
    await page.open()

    await page.ask(page.house.token())

    assert "The service answered 500" in await page.text("#problem")
    assert "Correlation id:" in await page.text("#problem")


async def test_says_that_the_service_cannot_be_reached(page: Page) -> None:
    await page.open()
    await page.script("window.fetch = () => Promise.reject(new TypeError('gone'))")

    await page.ask(page.house.token())

    assert (await page.text("#problem")).startswith("The service could not be reached.")


class TestWithTheRightToken:
    @pytest.fixture
    async def shown(self, page: Page) -> Page:
        await lived(page.house.services.database, PAIRS)
        await page.open()
        await page.ask(page.house.token())
        return page

    async def test_shows_readiness_plots_examples_and_explanations(self, shown: Page) -> None:
        readiness = await shown.text("section[aria-labelledby=h-ready]")
        examples = await shown.text("section[aria-labelledby=h-examples]")
        explained = await shown.text("section[aria-labelledby=h-explained]")

        assert ("not ready because" in readiness, "✓ ready" in readiness) == (True, True)
        assert "more comparable pairs in all billers, card sale" in readiness
        assert await shown.count("svg path.line") == 2  # the plot and its key
        assert await shown.count("svg path.band") == 1
        assert await shown.count("section[aria-labelledby=h-coverage] rect.bar") == 4
        assert ("***" in examples, "INV-2026" in examples) == (True, False)
        assert ("E-1" in explained, "expired" in explained) == (True, True)

    async def test_shows_another_stratum_when_it_is_chosen(self, shown: Page) -> None:
        await shown.select("county-tax, card sale")

        assert "county-tax, card sale" in await shown.text("section[aria-labelledby=h-rate]")

    async def test_tells_a_day_of_the_plot_to_who_has_no_pointer(self, shown: Page) -> None:
        await shown.press("svg.plot", Keys.END)

        assert (await shown.text(".readout")).startswith("23 Nov:")

        await shown.press("svg.plot", Keys.ARROW_LEFT)

        assert (await shown.text(".readout")).startswith("22 Nov:")

    async def test_keeps_the_token_in_memory_alone(self, shown: Page) -> None:
        kept = await shown.script(
            "return [localStorage.length, sessionStorage.length, document.cookie, location.search + location.hash,"
            " document.getElementById('token').value]"
        )

        assert kept == [0, 0, "", "", ""]

    async def test_forgets_the_token_and_what_was_shown(self, shown: Page) -> None:
        await shown.press("#forget", Keys.ENTER)

        assert not await shown.is_shown("report")
        assert "city-water" not in await shown.script("return document.documentElement.outerHTML")

    async def test_asks_nobody_else_and_complains_of_nothing(self, shown: Page) -> None:
        await shown.read_again()
        await shown.select("county-tax, card sale")

        requested, complaints = await shown.requested(), await shown.complaints()

        assert requested.count(shown.url) >= 3  # the page, and the report twice
        assert {urlsplit(url).netloc for url in requested if not url.startswith("data:")} == {
            urlsplit(shown.url).netloc
        }
        assert complaints == []

    async def test_runs_no_script_but_its_own(self, shown: Page) -> None:
        await shown.script(
            "const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.body.append(s)"
        )

        assert await shown.script("return window.ran") is None
        assert any("Content Security Policy" in complaint for complaint in await shown.complaints())


@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (1280, "light")])
async def test_fits_the_screen(page: Page, width: int, scheme: str) -> None:
    await lived(page.house.services.database, PAIRS)
    await page.open(width, scheme)

    await page.ask(page.house.token())

    assert await page.script("return document.documentElement.scrollWidth") <= width


async def test_shows_what_is_to_come_where_nothing_was_compared_yet(page: Page) -> None:
    await page.open()

    await page.ask(page.house.token())

    assert "Nothing was compared yet" in await page.text("#report")
    assert await page.complaints() == []
