"""docs/security.md: each threat is answered by tests that exist, and what it says of keys and retention is so."""

import re
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from docs.generate import DOCS
from shared.database.migrations import migrate_sqlite
from shared.settings import Settings, environment_name
from shared.use_cases import purge
from tests.builders import NOW
from tests.docs.naming import TEST, missing
from tests.docs.runbooks import PAGES
from tests.house import ROOT

TEXT = (DOCS / "security.md").read_text("utf-8")
THREATS = re.findall(r"^\| ([STRIDE]) \| (.+?) \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)
KEPT = dict(re.findall(r"^\| (`(?:nonces|inbox|outbox|instruments)`[^|]*) \| ([^|]+) \|", TEXT, re.MULTILINE))


def test_every_kind_of_threat_is_thought_of() -> None:
    assert {kind for kind, *_ in THREATS} == set("STRIDE")
    assert len(THREATS) > 20


@pytest.mark.parametrize(("kind", "threat", "answer", "held_by"), THREATS, ids=[threat[1][:40] for threat in THREATS])
def test_each_threat_is_answered_by_tests_that_exist(kind: str, threat: str, answer: str, held_by: str) -> None:
    assert answer
    assert TEST.findall(held_by)
    assert missing(held_by) == []


def test_every_secret_setting_stands_among_the_keys_and_in_the_runbook_of_their_rotation() -> None:
    secret = {environment_name(name) for name, field in Settings.model_fields.items() if "Secret" in repr(field)}
    secret |= {"HMAC_CALLERS"}
    keys = TEXT.partition("## Keys")[2]

    assert {name for name in secret if f"`{name}`" not in keys} == set()
    in_the_vault = {name for name in secret if not name.startswith(("SHADOW_", "SQL_", "SERVICEBUS"))}
    assert {name for name in in_the_vault if f"`{name}`" not in PAGES["rotate-keys"].text} == set()


@pytest.mark.parametrize(
    ("what", "how_long"),
    [
        ("`nonces`", purge.NONCES_FOR),
        ("`inbox`", purge.INBOX_FOR),
        ("`outbox`, once sent", purge.SENT_FOR),
        ("`instruments`", purge.INSTRUMENTS_FOR),
    ],
)
def test_what_is_forgotten_is_kept_as_long_as_it_says(what: str, how_long: timedelta) -> None:
    number, unit = re.findall(r"(\d+) (minutes|days)", KEPT[what])[-1]

    assert timedelta(**{unit: int(number)}) == how_long


def test_every_table_has_its_retention(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("schema") / "payments.sqlite3"
    migrate_sqlite(path, ROOT / "shared/database/migrations/sqlite", now=NOW)
    with closing(sqlite3.connect(path)) as database:
        created = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    retention = TEXT.partition("## Retention")[2].partition("## Keys")[0]

    # Two hold no more than what stands beside them: copies of anchors, counts of losses, one row of switches.
    beside = {"audit_anchors", "shadow_losses", "rollout_switches", "schema_migrations"}
    assert {table for table in created - beside if f"`{table}`" not in retention} == set()
