"""The check that drives the production client through the certification flows."""

from pathlib import Path

import pytest

from local.chase_check.__main__ import main
from local.chase_check.report import NOT_CERTIFIED
from local.chase_simulator import ChaseSimulator, Credential
from local.clock import LocalClock
from local.environment import CHASE_CLIENT_ID, MERCHANTS
from local.keys import LocalKeys, local_keys

FLOWS = 18


@pytest.fixture(autouse=True)
def of_this_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_DATA_DIR", str(tmp_path))
    # A port on which nothing answers.
    monkeypatch.setenv("CHASE_SIMULATOR_PORT", "1")


def report_in(folder: Path) -> str:
    return (folder / "chase-check.md").read_text("utf-8")


def a_simulator(keys: LocalKeys) -> ChaseSimulator:
    merchant_ids = frozenset(str(merchant["merchant_id"]) for merchant in MERCHANTS.values())
    credential = Credential("live", CHASE_CLIENT_ID, keys.chase_client_secret, merchant_ids)
    return ChaseSimulator(books=":memory:", clock=LocalClock(), ends_after_s=70.0, credentials=[credential])


async def test_passes_every_flow_against_a_simulator_of_its_own_and_says_that_this_certifies_nothing(
    tmp_path: Path,
) -> None:
    assert await main() == 0

    assert NOT_CERTIFIED in report_in(tmp_path)
    assert f"{FLOWS} of {FLOWS} flows passed" in report_in(tmp_path)
    assert report_in(tmp_path).count("| passed |") == FLOWS


async def test_asks_the_simulator_that_runs_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = a_simulator(local_keys(tmp_path))
    await simulator.start()
    monkeypatch.setenv("CHASE_SIMULATOR_PORT", simulator.control_url.rpartition(":")[2])

    assert await main() == 0

    books = simulator.books()
    assert len(books) > 5
    assert f"the simulator at {simulator.base_url}" in report_in(tmp_path)
    await simulator.stop()


async def test_fails_when_a_flow_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHASE_LOOKUP_PARAMETER", "anotherName")

    assert await main() == 1

    failed = [line for line in report_in(tmp_path).splitlines() if "**FAILED**" in line]
    assert [line.split(" | ")[0] for line in failed] == [
        "| look-up by request-id",
        "| look-up of a refund by request-id",
    ]


async def test_asks_the_chase_that_is_configured_and_leaves_out_what_it_cannot_send(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = a_simulator(local_keys(tmp_path))
    await simulator.start()
    monkeypatch.setenv("CHASE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("CHASE_TOKEN_URL", simulator.token_url)

    assert await main() == 0

    assert NOT_CERTIFIED not in report_in(tmp_path)
    assert f"{FLOWS - 2} of {FLOWS - 2} flows passed" in report_in(tmp_path)
    assert "Not run: sale, Apple Pay; put a test bundle into CHASE_CHECK_APPLE_PAY." in report_in(tmp_path)
    await simulator.stop()


async def test_names_a_setting_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHASE_BASE_URL", "http://chase.example.com")

    assert await main() == 2

    assert "CHASE_BASE_URL" in capsys.readouterr().err


async def test_shows_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await main()

    shown = capsys.readouterr().out + report_in(tmp_path)
    assert "4112344112344113" not in shown
    assert local_keys(tmp_path).chase_client_secret.reveal() not in shown
