"""Docs cannot lie: what is generated is fresh, what is listed is complete, what is linked exists."""

import json
import re
from collections.abc import Iterator
from os import walk
from pathlib import Path
from typing import Any

import pytest

from docs.generate import DOCS, stale
from local.environment import MERCHANTS
from shared.payments.state_machine import FINAL_STATES, State
from shared.settings import Settings, environment_name

ROOT = Path(__file__).parents[1]
SETTINGS = {environment_name(name) for name in Settings.model_fields}
# Read by `python -m local` alone (local/environment.py): where its ports and data are.
OF_THE_LAPTOP = {"PORT", "CHASE_SIMULATOR_PORT", "LOCAL_DATA_DIR"}
# Read by the Functions host.
OF_THE_PLATFORM = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}
# The sample shows a caller that signs; by default there is none.
OF_EACH_CALLER = {"HMAC_CALLERS"}
SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))
# Needed everywhere, or by what the sample is: a laptop's, where nobody asks for a decision first.
_OF_THE_SAMPLE = {
    *("SQLITE_PATH", "CHASE_CLIENT_SECRET", "SERVICEBUS", "ROLLOUT_DECISION_REQUIRED"),
    *("SHADOW_CHASE_BASE_URL", "SHADOW_CHASE_TOKEN_URL", "SHADOW_CHASE_CLIENT_ID", "SHADOW_CHASE_CLIENT_SECRET"),
    "SHADOW_MERCHANT_IDS",
}
_REQUIRED = {
    environment_name(name) for name, field in Settings.model_fields.items() if field.is_required()
} | _OF_THE_SAMPLE
_NONE = ("", "-")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def test_generated_pages_are_fresh() -> None:
    assert [f"docs/{page.name}: run `make docs`" for page, _ in stale()] == []


def test_the_drawing_of_the_states_shows_each_of_them_and_where_it_ends() -> None:
    page = (DOCS / "payment-states.md").read_text("utf-8")

    assert {state for state in State if f"| `{state}` |" in page} == set(State)
    assert set(re.findall(r"^ +(\w+) --> \[\*\]$", page, re.M)) == FINAL_STATES


class TestSettings:
    def test_all_stand_in_the_sample_and_nothing_else_does(self) -> None:
        assert set(SAMPLE["Values"]) == SETTINGS | OF_THE_PLATFORM

    def test_of_the_sample_are_texts_and_load(self) -> None:
        settings = Settings.from_environment(SAMPLE["Values"])

        assert (SAMPLE["IsEncrypted"], {type(value) for value in SAMPLE["Values"].values()}) == (False, {str})
        assert settings.app_environment == "local"
        assert set(settings.merchants) == set(MERCHANTS)

    def test_all_stand_in_the_readme_and_nothing_else_does(self) -> None:
        assert set(_rows()) - OF_THE_LAPTOP == SETTINGS

    @pytest.mark.parametrize("shown", [SAMPLE["Values"], "README"], ids=["sample", "readme"])
    def test_that_have_a_default_are_shown_with_it(self, shown: Any) -> None:
        shown = _rows() if shown == "README" else shown
        required = {name: value for name, value in SAMPLE["Values"].items() if name in _REQUIRED}
        optional = {name: shown[name] for name in SETTINGS - _REQUIRED - OF_EACH_CALLER if shown[name] not in _NONE}

        assert Settings.from_environment(required | optional) == Settings.from_environment(required)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^(```|~~~).*?^\1", "", page.read_text("utf-8"), flags=re.M | re.S)
    targets = re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", prose)

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert re.search(r"^## \[?Unreleased\]?", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)


def test_no_file_speaks_of_one_machine() -> None:
    of_one_machine = re.compile(r"(?<![\w./*-])/(work|tmp|root)/")

    found = [str(path.relative_to(ROOT)) for path in _files() if of_one_machine.search(_text(path))]

    assert found == []


def _rows() -> dict[str, str]:
    """README's table of settings: name -> default."""
    rows = re.findall(r"^\| `([A-Z]\w*)` \| `?([^`|]*)`? \|", (ROOT / "README.md").read_text("utf-8"), re.M)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def _files() -> Iterator[Path]:
    """What is ours: everything but what git ignores and keeps for itself."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()} | {".git"}
    for folder, folders, names in walk(ROOT):
        folders[:] = [name for name in folders if name not in ignored]
        yield from (Path(folder, name) for name in names if name not in ignored)


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "ignore")
