"""All of it together, over real sockets on free ports."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local.keys import local_keys
from local.laptop import Laptop, running
from local.ports import listening
from local.refusal import CannotStart
from local.token import claims_of, parsed, signed_token


def api_of(laptop: Laptop) -> str:
    return laptop.greeting.splitlines()[0].removeprefix("Ready: ")


def simulator_of(laptop: Laptop) -> str:
    return next(line.split()[2] for line in laptop.greeting.splitlines() if "Chase simulator" in line)


def sale_of(laptop: Laptop) -> dict[str, object]:
    """The body of the curl that a developer is offered."""
    text = laptop.greeting
    body: dict[str, object] = json.loads(text[text.index("-d '") + 4 : text.rindex("'")])
    return body


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PORT": "0", "CHASE_SIMULATOR_PORT": "0", "LOCAL_DATA_DIR": str(tmp_path)}


def authorization(environ: dict[str, str], now_s: int) -> str:
    keys = local_keys(Path(environ["LOCAL_DATA_DIR"]))
    return f"Bearer {signed_token(keys, claims_of(parsed([]), environ, now_s))}"


async def sell(laptop: Laptop, sale: dict[str, object], authorization: str) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": authorization, "Idempotency-Key": "k-1"}
    async with aiohttp.request("POST", f"{api_of(laptop)}/payments", json=sale, headers=headers) as answered:
        return answered.status, await answered.json()


async def test_the_offered_sale_is_approved_and_in_the_simulators_books(environ: dict[str, str], now_s: int) -> None:
    async with running(environ) as laptop:
        status, payment = await sell(laptop, sale_of(laptop), authorization(environ, now_s))
        async with aiohttp.request("GET", f"{simulator_of(laptop)}/simulator/books") as books:
            booked = (await books.json())["payments"]

    assert (status, payment["state"]) == (201, "authorized")
    assert [entry["amount"] for entry in booked] == [12599]


async def test_what_was_sold_is_there_after_a_restart(environ: dict[str, str], now_s: int) -> None:
    async with running(environ) as laptop:
        sale = sale_of(laptop)
        sold = await sell(laptop, sale, authorization(environ, now_s))

    async with running(environ) as laptop:
        repeated = await sell(laptop, sale, authorization(environ, now_s))

    assert sold[0] == 201
    assert repeated == sold


async def test_nothing_is_answered_without_a_token(environ: dict[str, str]) -> None:
    async with running(environ) as laptop, aiohttp.ClientSession() as session:
        async with session.post(f"{api_of(laptop)}/payments", json=sale_of(laptop)) as refused:
            assert refused.status == 401
        async with session.get(f"{api_of(laptop)}/health/live") as alive:
            assert alive.status == 200


@pytest.mark.parametrize("setting", ["PORT", "CHASE_SIMULATOR_PORT"])
async def test_a_port_in_use_stops_the_start_and_leaves_nothing_open(environ: dict[str, str], setting: str) -> None:
    with listening(0, "test") as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CannotStart, match=f"Port {port} is already in use.*{setting}") as stopped:
            async with running(environ | {setting: str(port)}):
                pass

    assert stopped.value.exit_code == 1


@pytest.mark.parametrize(
    ("setting", "value"), [("PORT", "http"), ("LOCAL_TIME_SCALE", "2"), ("MERCHANTS", "{}")], ids=lambda text: text
)
async def test_a_wrong_setting_stops_the_start_by_name(environ: dict[str, str], setting: str, value: str) -> None:
    with pytest.raises(CannotStart, match=f"^{setting}: ") as stopped:
        async with running(environ | {setting: value}):
            pass

    assert stopped.value.exit_code == 2


async def test_a_data_folder_that_cannot_be_used_stops_the_start_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotStart, match=r"^LOCAL_DATA_DIR: "):
        async with running({"LOCAL_DATA_DIR": str(tmp_path / "file")}):
            pass
