"""The smoke script, against the service on a laptop: it says yes to a healthy one, and no to one that is not."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local.keys import local_keys
from local.token import claims_of, parsed, signed_token
from tests.infra.bicep import INFRA
from tests.journeys.process import Process, a_process

SMOKE = INFRA / "scripts" / "smoke.sh"
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    async with a_process(tmp_path) as process:
        yield process


def _smoke(api: str, token: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "API": api, "TOKEN": token}
    return subprocess.run(
        ["sh", str(SMOKE), *arguments], capture_output=True, text=True, check=False, timeout=60, env=environment
    )


def _token(data: Path) -> str:
    return signed_token(local_keys(data), claims_of(parsed([]), {}, int(time.time())))


async def test_a_healthy_service_passes_and_is_charged_only_when_asked(process: Process, tmp_path: Path) -> None:
    token = _token(tmp_path)

    looked = await asyncio.to_thread(_smoke, process.api_url, token)
    books_after_looking = await process.books()
    sold = await asyncio.to_thread(_smoke, process.api_url, token, "--sale")

    assert (looked.returncode, sold.returncode) == (0, 0), looked.stdout + looked.stderr + sold.stdout + sold.stderr
    assert "nothing was charged" in looked.stdout
    assert books_after_looking == []
    assert [charge["amount"] for charge in await process.books()] == [100]


@pytest.mark.parametrize(("mode", "charged"), [("live", True), ("off", False)])
async def test_a_sale_that_needs_a_decision_asks_for_one_and_charges_only_when_it_is_live(
    mode: str, charged: bool
) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path}")
        body = await request.text()
        if request.path == "/payments" and request.method == "GET":
            return web.json_response({"items": []}, status=200 if "Authorization" in request.headers else 401)
        if request.path == "/rollout/decisions":
            return web.json_response({"mode": mode})
        if request.path == "/payments":
            if '"amountMinor": 0' in body:
                return web.json_response({"code": "invalid-request"}, status=400)
            if "POST /rollout/decisions" not in asked:
                return web.json_response({"code": "decision-required"}, status=409)
            return web.json_response({"outcome": {"status": "approved"}}, status=201)
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        ran = await asyncio.to_thread(_smoke, str(server.make_url("")).rstrip("/"), "token", "--sale")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ("charged 1.00 USD" in ran.stdout) is charged
    assert asked.count("POST /payments") == (4 if charged else 2)


async def test_a_token_that_is_not_good_fails_it(process: Process) -> None:
    ran = await asyncio.to_thread(_smoke, process.api_url, "not-a-token")

    assert ran.returncode == 1
    assert "WRONG the caller gets in: 401 instead of 200" in ran.stderr


def test_a_service_that_is_not_there_fails_it() -> None:
    assert _smoke("http://127.0.0.1:9/api/v1", "token").returncode == 1


def test_an_argument_that_it_does_not_know_charges_nothing() -> None:
    assert _smoke("http://127.0.0.1:9/api/v1", "token", "--sell").returncode == 2
