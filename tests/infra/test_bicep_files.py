"""Every Bicep file holds against each checker that there is without Azure: grammar, types, and checkov's rules."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.bicep import FILES, INFRA, read, text, walk

ROOT = INFRA.parent
CHECK = Path(os.environ.get("BICEP_CHECK") or ROOT.parent / "shared" / "tools" / "bicep_check.py")
INSTALLED = ROOT / ".tools" / "checkov" / "bin" / "checkov"
CHECKOV = os.environ.get("CHECKOV") or (str(INSTALLED) if INSTALLED.exists() else shutil.which("checkov"))
HAND_WRITTEN = json.loads((Path(__file__).parent / "hand_written_types.json").read_text("utf-8"))
HAND_WRITTEN_TYPES = {name: objects for name, objects in HAND_WRITTEN.items() if name != "about"}

with_schema = pytest.mark.skipif(not CHECK.exists(), reason="needs the type check and its schema: BICEP_CHECK")
with_checkov = pytest.mark.skipif(CHECKOV is None, reason="needs checkov: infra/scripts/install_checkers.sh")
NAMES = [path.relative_to(INFRA).as_posix() for path in FILES]


def test_there_is_something_to_check() -> None:
    assert "main.bicep" in NAMES
    assert len(NAMES) > 8


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_parses_without_an_error(path: Path) -> None:
    wrong = [node for node in walk(read(path).root) if node.type == "ERROR" or node.is_missing]

    assert [(node.start_point[0] + 1, text(node)[:60]) for node in wrong] == []


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_says_what_it_is_for(path: Path) -> None:
    assert path.read_text("utf-8").startswith("// ")


class TestTypes:
    @with_schema
    def test_every_resource_has_the_properties_of_its_type(self, tmp_path: Path) -> None:
        checked = _types_checked(tmp_path, INFRA)

        assert checked.returncode == 0, checked.stdout
        assert re.search(r"^(\d+) resources checked; 0 findings$", checked.stdout, re.M)

    @with_schema
    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            ("skipQueryValidation: true", "skipQueryValidatoin: true"),
            ("timeAggregation: 'Count'", "timeAggregation: 'Sometimes'"),
            ("severity: alarm.severity", "severity: 'high'"),
            ("    windowSize: alarm.window\n    autoMitigate: true\n    targetResourceType", "    targetResourceType"),
        ],
        ids=["misspelt", "no-such-value", "text-for-a-number", "missing"],
    )
    def test_an_error_in_a_type_that_was_written_by_hand_is_found(self, tmp_path: Path, right: str, wrong: str) -> None:
        spoilt = tmp_path / "infra"
        shutil.copytree(INFRA, spoilt)
        alarms = spoilt / "modules" / "alarms.bicep"
        source = alarms.read_text("utf-8")
        assert right in source
        alarms.write_text(source.replace(right, wrong), "utf-8")

        assert _types_checked(tmp_path, spoilt).returncode == 1

    @with_schema
    def test_versions_are_those_of_the_schema_that_was_checked_against(self, tmp_path: Path) -> None:
        known = {_versioned(path) for path in (CHECK.parent.parent / "bicep-schema").glob("*.json")}
        known |= set(HAND_WRITTEN_TYPES)
        used = {resource.what for path in FILES for resource in read(path).resources.values()}

        assert used - known == set()

    def test_what_was_written_by_hand_is_used(self) -> None:
        used = {resource.what for path in FILES for resource in read(path).resources.values()}

        assert set(HAND_WRITTEN_TYPES) - used == set()


class TestCheckov:
    @with_checkov
    def test_reads_every_file_and_finds_nothing(self) -> None:
        # It exits 0 where it could not read a file: only its own count says so.
        assert CHECKOV is not None
        ran = subprocess.run(
            [CHECKOV, "-d", str(INFRA), "--config-file", str(INFRA / ".checkov.yaml"), "-o", "json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        report = json.loads(ran.stdout)
        summary = report["summary"]

        assert (summary["parsing_errors"], summary["failed"]) == (0, 0), report["results"]["failed_checks"]
        assert summary["passed"] > 30
        assert summary["resource_count"] > 0

    def test_each_skip_gives_its_reason_beside_the_resource(self) -> None:
        skips = [
            (path.name, check, reason)
            for path in FILES
            for check, reason in re.findall(r"checkov:skip=(\w+):?(.*)", path.read_text("utf-8"))
        ]

        assert skips
        assert [skip for skip in skips if len(skip[2].split()) < 4] == []

    def test_each_skip_for_all_files_gives_its_reason(self) -> None:
        source = (INFRA / ".checkov.yaml").read_text("utf-8")
        reasoned = re.findall(r"^  - (CKV\w+)  # \S.{20,}$", source, re.M)

        assert reasoned == yaml.safe_load(source)["skip-check"]


def _types_checked(folder: Path, infra: Path) -> subprocess.CompletedProcess[str]:
    """The type check of `infra`, against its own schema and the types that were written by hand."""
    tools, schema = folder / "tools", folder / "bicep-schema"
    tools.mkdir()
    shutil.copy(CHECK, tools)
    shutil.copytree(CHECK.parent.parent / "bicep-schema", schema, copy_function=shutil.copyfile)
    schema.chmod(0o755)
    for versioned, objects in HAND_WRITTEN_TYPES.items():
        name = versioned.partition("@")[0].replace("/", "_")
        assert not (schema / f"{name}.json").exists(), f"{versioned} has a schema of Microsoft's own"
        (schema / f"{name}.json").write_text(json.dumps(_dump(versioned, objects)), "utf-8")
    command = [sys.executable, str(tools / CHECK.name), str(infra)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _dump(versioned: str, objects: dict[str, dict[str, str]]) -> dict[str, Any]:
    """In the form of the schema's own files."""
    name = versioned.partition("@")[0]
    body = {"$type": "Object", "name": name, "properties": _properties(objects[""])}
    rest = [
        {"$type": "Object", "name": of, "properties": _properties(those)} for of, those in objects.items() if of != ""
    ]
    resource = {"$type": "Resource", "name": versioned, "bodyType": body}
    return {"results": {"BicepSchemaResult": [resource, *rest]}}


def _properties(those: dict[str, str]) -> list[dict[str, str]]:
    flagged = {name: "Required" if name.endswith("*") else "" for name in those}
    return [{"name": name.rstrip("*"), "type": those[name], "flags": flagged[name]} for name in those]


def _versioned(path: Path) -> str:
    found = json.loads(path.read_text("utf-8"))["results"]["BicepSchemaResult"]
    return next(str(item["name"]) for item in found if item["$type"] == "Resource")
