"""Every query, read by Microsoft's own parser of the language, against the columns that the tables have."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from infra.scripts.alarm_query import alarm_query, alarms
from tests.infra.bicep import INFRA
from tests.infra.logs import TABLES

ROOT = INFRA.parent
MODULES = Path(os.environ.get("KUSTO_LANGUAGE_SERVICE") or ROOT / ".tools" / "kusto" / "node_modules")
CHECK = Path(__file__).parent / "kql_check.cjs"

pytestmark = pytest.mark.skipif(
    not (MODULES / "@kusto" / "language-service-next").exists(),
    reason="needs the npm package @kusto/language-service-next: infra/scripts/install_checkers.sh",
)


def test_every_query_is_read_without_a_complaint() -> None:
    asked = {name: alarm_query(alarm) for name, alarm in alarms().items()}
    ours = {alarm["kql"] for alarm in alarms().values()}
    shown = {path.stem: path.read_text("utf-8") for path in (INFRA / "kql").glob("*.kql") if path.name not in ours}

    assert _complaints(asked | shown) == []


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("AppTraces | where Massage has 'x'", "Massage"),
        ("AppTraces | sumarize count()", "sumarize"),
        ("AppTracs | take 1", "AppTracs"),
    ],
    ids=["column", "operator", "table"],
)
def test_a_wrong_one_is_found(query: str, complaint: str) -> None:
    found, *_ = _complaints({"wrong": query})

    assert complaint in found


def _complaints(queries: dict[str, str]) -> list[str]:
    schema = {table: [f"{name}:{kind}" for name, kind in columns.items()] for table, columns in TABLES.items()}
    ran = subprocess.run(
        ["node", str(CHECK), str(MODULES)],
        input=json.dumps({"tables": schema, "queries": queries}),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return list(json.loads(ran.stdout))
