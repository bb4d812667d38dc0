"""Alarms, thresholds, runbooks and links are in step; what a runbook names exists; what it calls harmless is."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import function_app
from docs.generate import DOCS
from docs.runbook_heads import RUNBOOKS, alarms
from infra.scripts import alarm_query
from local.registered import registered
from shared.database.migrations import migrate_sqlite
from shared.settings import Settings, environment_name
from tests.builders import NOW
from tests.docs.runbooks import COMMANDS, MARKS, PAGES, Block, questions
from tests.house import ROOT

ALARMS = {alarm["name"]: alarm for alarm in alarms()}
TO_DO = {
    "first-day-on-call",
    "chase-outage",
    "suspected-double-charge",
    "reconcile-a-day",
    "replay-set-aside-work",
    "rotate-keys",
    "roll-back",
    "raise-and-lower-the-rollout",
    "certificate-expiry",
}
SECTIONS = [
    "What it means",
    "Who is hurt",
    "L1: look (10 minutes, nothing changes)",
    "L2: act",
    "When to call Chase",
    "When it is over",
]
# What the platform, azd and CTP's own process name; everything else in capitals must be a setting.
ENVIRONMENT = {"OUTBOUND_ADDRESS", "CALLER_ADDRESS_RANGE", "AZURE_LOCATION", "LOCAL_DATA_DIR", "TOKEN", "API", "CHASE"}
CHANGES = re.compile(
    r"-X |curl[^\n]* -d ['@]|\b(set|update|create|delete|restart|copy|deploy|switch)\b|\b(UPDATE|DELETE|INSERT)\b"
    r"|shared\.database\.check",
    re.MULTILINE,
)
MOVES = re.compile(r"/void\"|/refunds\"|percentage = [1-9]\d*\)\), reason: \"ready")
# Reads all the same: `what-if` and `copy` for evidence change nothing of the service.
HARMLESS = re.compile(r"what-if|db copy")


def test_every_alarm_has_its_runbook_and_nothing_else_has_one() -> None:
    assert set(PAGES) == set(ALARMS) | TO_DO | {"README"}


def test_the_index_names_every_page() -> None:
    named = set(re.findall(r"\]\(([a-z-]+)\.md\)", PAGES["README"].text))

    assert named == set(PAGES) - {"README"}


@pytest.mark.parametrize("name", ALARMS)
class TestARunbookOfAnAlarm:
    def test_says_what_an_operator_needs_in_that_order(self, name: str) -> None:
        assert PAGES[name].text.startswith(f"# {name}\n")
        assert PAGES[name].sections == SECTIONS

    def test_repeats_the_alarms_severity_condition_and_threshold(self, name: str) -> None:
        alarm, text = ALARMS[name], PAGES[name].text

        assert f"**Severity {alarm['severity']}.** {alarm['condition']}\n" in text
        assert f"Threshold {alarm['threshold']} {alarm['unit']}, over {alarm['window']}" in text

    def test_asks_the_alarms_own_question_on_azure_and_looks_on_a_laptop(self, name: str) -> None:
        looks = [block for block in PAGES[name].blocks if block.section == SECTIONS[2]]

        assert any(f"alarm_query.py {name})" in block.text for block in looks if block.language == "console")
        assert any(block.language == "sh" for block in looks)


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: f"{block.page}-{block.mark}")
class TestACommand:
    def test_is_marked(self, block: Block) -> None:
        assert block.mark in MARKS

    def test_of_the_first_level_changes_nothing(self, block: Block) -> None:
        if block.section.startswith("L1"):
            assert block.mark == "read-only"

    def test_is_no_less_than_its_mark_says(self, block: Block) -> None:
        text = HARMLESS.sub("", block.text)
        if MOVES.search(text):
            assert block.mark == "moves-money"
        if CHANGES.search(text):
            assert block.mark in ("changes-state", "moves-money")

    def test_names_what_exists(self, block: Block) -> None:
        for name in re.findall(r"alarm_query\.py ([a-z-]+)", block.text):
            assert name in alarm_query.alarms()
        for path in re.findall(r"\b(?:infra|local|docs)/[\w./-]+", block.text):
            assert (ROOT / path).exists() or path == "infra/main.parameters.json", path
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
        assert set(re.findall(r"\bmake (?:-s )?([a-z-]+)", block.text)) <= targets


def test_every_link_leads_somewhere_headings_included() -> None:
    dead = [
        f"{name}: {target}"
        for name, page in PAGES.items()
        for target in re.findall(r"\]\(([^)]+)\)", page.text)
        if not target.startswith("https://") and not _leads_somewhere(RUNBOOKS / f"{name}.md", target)
    ]

    assert dead == []


def test_every_route_that_is_called_is_served() -> None:
    served = {http.route for http in registered(function_app.app, {}).http}
    called = {
        path.partition("?")[0].strip("/")
        for block in COMMANDS
        for path in re.findall(r'(?:"\$API|get "?)(/[^"\s]*)', block.text)
    }
    templates = {re.sub(r"\{\w+\}", "$ID", route) for route in served}

    assert called
    assert called - templates == set()


def test_every_variable_that_a_command_uses_is_set_before_the_first_command() -> None:
    first = "".join(block.text for block in COMMANDS if block.page == "README")
    outputs = re.findall(r"^output (\w+)", (ROOT / "infra/main.bicep").read_text("utf-8"), re.MULTILINE)
    asked_for = re.findall(r"^\| `([A-Z_]+)` \|", (DOCS / "deploy.md").read_text("utf-8"), re.MULTILINE)
    # The payment that one looks at.
    known = {*re.findall(r"\b([A-Z_]+)=", first), *outputs, *asked_for, "ID"}
    used = {(block.page, name) for block in COMMANDS for name in re.findall(r"\$\{?([A-Z_]+)", block.text)}

    assert {(page, name) for page, name in used if name not in known} == set()


def test_every_setting_that_is_named_exists() -> None:
    settings = {environment_name(field) for field in Settings.model_fields}
    named = {
        (page.name, word)
        for page in PAGES.values()
        for code in page.code
        for word in re.findall(r"\b(?:[A-Z]+_)+[A-Z]+\b", code)
    }

    assert {(where, word) for where, word in named if word not in settings | ENVIRONMENT} == set()


def test_every_event_that_is_named_is_told_and_every_alarm_without_a_rule_is_explained() -> None:
    told, alarming = _told()
    events = {name for alarm in ALARMS.values() for name in alarm["events"]}
    explained = set(PAGES["other-alarm"].code)

    assert alarming - events - explained == set()
    known_by_their_form = {code for page in PAGES.values() for code in page.code if _is_an_event(code)}
    assert known_by_their_form - told == set()


def test_every_reason_of_a_refused_caller_is_one_that_is_told() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "shared/auth").glob("*.py"))
    reasons = {code for page in PAGES.values() for code in page.code if code.startswith(("jwt: ", "hmac: "))}

    assert reasons
    assert {reason for reason in reasons if f'"{reason}' not in source} == set()


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("schema") / "payments.sqlite3"
    migrate_sqlite(path, ROOT / "shared/database/migrations/sqlite", now=NOW)
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


@pytest.mark.parametrize(("page", "sql"), questions())
def test_every_question_names_tables_and_columns_that_are_there(
    schema: sqlite3.Connection, page: str, sql: str
) -> None:
    assert schema.execute(f"EXPLAIN {sql}").fetchall(), page
    # Of both engines: what is asked here is asked of Azure SQL too.
    assert not re.search(r"\b(LIMIT|TOP|IFNULL|datetime\()", sql)


def _leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    if not path.exists():
        return False
    headings = (
        {_anchor(each) for each in re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)} if anchor else set()
    )
    return not anchor or anchor in headings


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _is_an_event(code: str) -> bool:
    words = {event.partition(".")[0] for event in json.loads((ROOT / "infra/events.json").read_text("utf-8"))["events"]}
    return re.fullmatch(r"[a-z_]+\.[a-z_]+", code) is not None and code.partition(".")[0] in words | {"bank_file"}


def _told() -> tuple[set[str], set[str]]:
    """The names of every event, and of every alarm, that the code tells."""
    source = "".join(
        path.read_text("utf-8") for folder in ("functions", "shared") for path in (ROOT / folder).rglob("*.py")
    )
    alarming = set(re.findall(r'alarm\(\s*"([\w.]+)"', source))
    chase = set(re.findall(r'codes\.\w+: "([\w.]+)"', source))
    return set(re.findall(r'"([a-z_]+\.[a-z_]+)"', source)) | alarming, alarming | chase
