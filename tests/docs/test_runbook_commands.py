"""Every read-only command of a runbook, run as it stands against a service, gives the answer that it promises."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.builders import a_sale_body
from tests.docs.runbooks import PAGES, Block
from tests.house import ROOT
from tests.loopback import Loopback, a_service

NEEDED = ("bash", "curl", "make")
WITH_COMMANDS = [name for name, page in PAGES.items() if any(block.language == "sh" for block in page.blocks)]
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, NEEDED)), reason=f"not all of {', '.join(NEEDED)} are on this machine"
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    """A service that is well, with one bill paid: INV-2026-000123."""
    with a_service(tmp_path_factory.mktemp("runbooks")) as running:
        headers = {**running.headers, "Idempotency-Key": "attempt-1"}
        sold = requests.post(f"{running.api_url}/payments", json=a_sale_body(), headers=headers, timeout=30)
        assert sold.status_code == 201
        yield running


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_its_read_only_commands_answer_as_it_says(service: Loopback, name: str) -> None:
    before = _held(service)
    for command, answer in _promises(PAGES[name].blocks):
        said = _run(service, command.text, name)
        assert re.fullmatch(_pattern(answer), said.strip()), f"{command.text}\nexpected\n{answer}\nsaid\n{said}"
    assert _held(service) == before


def test_a_lost_answer_is_seen_where_the_runbook_of_old_unknowns_looks(tmp_path: Path) -> None:
    with a_service(tmp_path) as ill:
        # Look-ups break too, so that it stays unknown for as long as this looks.
        for operation, fault, times in (("inquiry", "http_503", 1000), ("payment", "drop_after_processing", 1)):
            order = {"operation": operation, "fault": fault, "times": times}
            assert requests.post(f"{ill.simulator_url}/simulator/faults", json=order, timeout=30).status_code == 200
        headers = {**ill.headers, "Idempotency-Key": "attempt-1"}
        lost = requests.post(f"{ill.api_url}/payments", json=a_sale_body(), headers=headers, timeout=30).json()

        shown = [_run(ill, command.text, "") for command, _ in _promises(PAGES["unknown-too-old"].blocks)]

    assert lost["state"] == "unknown"
    assert all(lost["id"] in each for each in shown)


def test_each_promises_an_answer() -> None:
    for name in WITH_COMMANDS:
        commands = [block for block in PAGES[name].blocks if block.language == "sh"]
        assert len(_promises(PAGES[name].blocks)) == len(commands) or name == "README"


def _promises(blocks: list[Block]) -> list[tuple[Block, str]]:
    """Each command block, and the answer that stands after it."""
    return [(each, after.text) for each, after in pairwise(blocks) if each.language == "sh" and after.mark == "answer"]


def _pattern(answer: str) -> str:
    return re.escape(answer.strip()).replace("…", r"[\s\S]*")


def test_the_first_commands_give_a_token_that_opens_the_door(service: Loopback) -> None:
    assert _run(service, "get /health/live; get '/payments?state=unknown'", "README").count("{") == 2


def _run(service: Loopback, commands: str, name: str) -> str:
    """What the commands print, after those of README that say where one is; only the ports differ."""
    beginning = next(block.text for block in PAGES["README"].blocks if block.language == "sh")
    beginning = beginning.replace("http://127.0.0.1:7071/api/v1", service.api_url)
    beginning = beginning.replace("http://127.0.0.1:7072", service.simulator_url)
    if name != "README":
        # It costs a second, and each page would ask for the same.
        beginning = beginning.replace("$(make -s token)", service.token)
    done = subprocess.run(
        ["bash", "-euc", f"{beginning}\n{commands}"],
        cwd=ROOT,
        env={
            **os.environ,
            "LOCAL_DATA_DIR": str(service.data),
            "CHASE_SIMULATOR_PORT": str(urlsplit(service.simulator_url).port),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _held(service: Loopback) -> object:
    """What the service and Chase hold: nobody may change it by looking."""
    found = requests.get(
        f"{service.api_url}/payments?reference=INV-2026-000123", headers=service.headers, timeout=30
    ).json()
    return found, requests.get(f"{service.simulator_url}/simulator/books", timeout=30).json()
