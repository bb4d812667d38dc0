"""One address, two answers: the report for who may read it, the page for a browser."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

import functions
from functions._page import wants_page
from shared.auth.caller import Role
from tests.house import House

PAGE = (Path(functions.__file__).parent / "shadow_report.html").read_text("utf-8")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class TestTheReport:
    async def test_is_json_for_an_operator(self, house: House) -> None:
        answer = await house.get("/shadow/report", house.bearer(roles=[Role.OPERATE]))

        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert answer.body["strata"] == answer.body["examples"] == []
        assert len(answer.body["readiness"]) == 8
        assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Accept", "no-store")

    async def test_is_for_callers_of_every_biller_alone(self, house: House) -> None:
        answer = await house.get("/shadow/report", house.bearer(billers=["city-water"]))

        assert (answer.status, answer.body["code"]) == (403, "forbidden")

    async def test_takes_no_query(self, house: House) -> None:
        answer = await house.get("/shadow/report?since=today")

        assert (answer.status, answer.body["errors"][0]["field"]) == (400, "since")

    async def test_is_nobody_s_without_a_token_whatever_else_is_taken(self, house: House) -> None:
        answer = await house.get("/shadow/report", {"Accept": "application/json, text/html;q=0.9"})

        assert answer.status == 401


class TestThePage:
    async def test_is_anybody_s_and_the_same_for_all(self, house: House) -> None:
        stranger = await house.get("/shadow/report", {"Accept": BROWSER})
        operator = await house.get("/shadow/report", {**house.bearer(), "Accept": BROWSER})

        assert (stranger.status, stranger.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert stranger.text == operator.text == PAGE
        assert (stranger.headers["vary"], stranger.headers["cache-control"]) == ("Accept", "no-store")

    async def test_runs_nothing_but_what_stands_in_it(self, house: House) -> None:
        answer = await house.get("/shadow/report", {"Accept": BROWSER})

        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        [script] = re.findall(r"<script>(.*?)</script>", PAGE, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert policy["script-src"] == f"'sha256-{digest}'"
        assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", policy["style-src"])
        assert (policy["default-src"], policy["connect-src"]) == ("'none'", "'self'")
        assert {policy[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
        assert "unsafe" not in answer.headers["content-security-policy"]

    def test_names_no_other_host_and_writes_no_markup(self) -> None:
        addresses = set(re.findall(r"https?://[^\s\"'<>]+", PAGE))

        assert addresses == {"http://www.w3.org/2000/svg"}
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Storage|\bon[a-z]+=", PAGE)
        assert not re.search(r"<[a-z][^>]*\sstyle=", PAGE)


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML", True),
        ("text/html, application/json;q=0.9", True),
        ("text/html;charset=utf-8;q=0.5", True),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html", False),
        ("text/html;q=0", False),
        ("text/html;q=high", False),
        ("text/html;q=0.5, application/json", False),
    ],
)
def test_is_chosen_by_what_is_asked_for(accept: str, page: bool) -> None:
    assert wants_page(accept) is page
