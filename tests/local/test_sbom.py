"""The bill of materials: what is deployed and nothing else, the same bytes each time, and no place of this machine."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from local.sbom import NAME, deployed, main
from tests.house import ROOT


def written(folder: Path) -> bytes:
    assert main({"LOCAL_DATA_DIR": str(folder)}, lambda _line: None) == 0
    return (folder / NAME).read_bytes()


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return json.loads(written(tmp_path_factory.mktemp("sbom")))


def test_is_cyclonedx_with_the_version_of_each_package(bill: Any) -> None:
    versions = {each["name"].lower(): each["version"] for each in bill["components"]}

    assert bill["bomFormat"] == "CycloneDX"
    assert versions["aiohttp"] == version("aiohttp")
    assert all(each["purl"].startswith("pkg:pypi/") for each in bill["components"])


def test_holds_what_is_deployed_with_what_it_needs_and_nothing_of_a_developers_machine(bill: Any) -> None:
    names = {each["name"].lower() for each in bill["components"]}

    # yarl is aiohttp's, cryptography is needed by PyJWT's extra and by ourselves.
    assert {"aiohttp", "yarl", "pyodbc", "cryptography", "pydantic"} <= names
    assert {"pytest", "mypy", "hypothesis", "duckdb", "pip", "uvicorn"} & names == set()


def test_knows_of_each_package_what_it_needs(bill: Any) -> None:
    known = {each["bom-ref"] for each in bill["components"]}
    needs = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}

    assert set(needs) == known
    assert {ref for each in needs.values() for ref in each} <= known
    assert any(ref.startswith("yarl==") for ref in needs[f"aiohttp=={version('aiohttp')}"])


def test_every_line_of_requirements_is_in_it() -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8")
    wanted = {line.partition("==")[0].lower() for line in lines.splitlines() if line and line[0] not in "#-"}

    assert {name.replace("_", "-") for name in wanted} <= set(deployed(lines))


def test_says_the_same_each_time_and_nothing_of_when_or_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")

    first, second = (written(tmp_path / folder) for folder in ("one", "two"))

    assert first == second
    assert b"timestamp" not in first
    assert b"serialNumber" not in first
    assert str(ROOT).encode() not in first
    assert b"file:" not in first
