"""The words in the queries are the service's own: its events and their fields, its functions, its outcomes."""

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import function_app
from local.registered import declared
from shared.chase import codes
from shared.payments.outcome import Outcome
from tests.infra.bicep import INFRA

ROOT = INFRA.parent
KQL = {path.name: path.read_text("utf-8") for path in sorted((INFRA / "kql").glob("*.kql"))}
EVENTS: dict[str, list[str]] = json.loads((INFRA / "events.json").read_text("utf-8"))["events"]
FUNCTIONS = {function.get_function_name() for function in declared(function_app.app)}
# Of parts that are being built beside this one. Once all of them are there, these lists are to be empty.
EVENTS_STILL_TO_BE: set[str] = set()
FUNCTIONS_STILL_TO_BE: set[str] = set()


def _told() -> Iterator[tuple[str, set[str], bool]]:
    """Every event that the code tells by its name: name, fields, and whether there may be more (**)."""
    for folder in ("functions", "shared"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and _tells(node) and isinstance(node.args[0], ast.Constant):
                    fields = {keyword.arg for keyword in node.keywords if keyword.arg}
                    yield str(node.args[0].value), fields, len(fields) < len(node.keywords)


def _tells(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("event", "alarm", "_alarm") and bool(call.args)


TOLD = list(_told())


def test_the_code_was_read() -> None:
    assert {"payment.outcome", "chase_breaker_opened"} <= {name for name, *_ in TOLD}


def test_every_event_is_told_by_the_code_or_still_to_be() -> None:
    assert set(EVENTS) - {name for name, *_ in TOLD} - EVENTS_STILL_TO_BE == set()


@pytest.mark.parametrize(("name", "fields", "more"), [told for told in TOLD if told[0] in EVENTS])
def test_every_event_carries_the_fields_that_are_agreed(name: str, fields: set[str], more: bool) -> None:
    assert more or set(EVENTS[name]) - fields == set()


@pytest.mark.parametrize("name", KQL)
def test_functions_are_the_apps(name: str) -> None:
    named = {
        found for group in re.findall(r"\bName (?:==|in) (\(.*?\)|\"\w+\")", KQL[name]) for found in _quoted(group)
    }

    assert named - FUNCTIONS - FUNCTIONS_STILL_TO_BE == set()


@pytest.mark.parametrize("name", KQL)
def test_outcomes_are_the_domains(name: str) -> None:
    outcomes = {kind.__name__ for kind in get_args(Outcome.__value__ if hasattr(Outcome, "__value__") else Outcome)}
    named = {
        found
        for group in re.findall(r"told\.status\) (?:==|in) (\(.*?\)|\"\w+\")", KQL[name])
        for found in _quoted(group)
    }

    assert outcomes
    assert named - outcomes == set()


def test_the_breakers_refusal_has_the_code_that_queries_look_for() -> None:
    assert {found for found in _quoted(KQL["breaker-open.kql"]) if found.isupper()} == {codes.BREAKER_OPEN}


@pytest.mark.parametrize("script", sorted((INFRA / "scripts").glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_read_by_a_plain_shell(script: Path) -> None:
    read = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True, check=False)

    assert (read.returncode, read.stderr) == (0, "")
    assert "set -eu\n" in script.read_text("utf-8")


def _quoted(text: str) -> list[str]:
    return re.findall(r'"([^"]+)"', text)
