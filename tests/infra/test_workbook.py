"""The Workbook is what its queries make, and shows what an operator was promised."""

import json
from collections.abc import Iterator

import pytest

from infra.scripts.make_workbook import TILES, WORKBOOK, main, rendered
from tests.infra.bicep import INFRA, read
from tests.infra.logs import BUS, SQL, Logs

PROMISED = {
    "traffic",
    "errors",
    "latency",
    "outcomes",
    "unknowns",
    "retries",
    "breaker",
    "queues",
    "outbox",
    "shadow-compared",
    "shadow-mismatches",
    "ledger",
    "database",
}
ITEMS = json.loads(WORKBOOK.read_text("utf-8"))["items"]


def test_is_made_from_its_queries() -> None:
    assert WORKBOOK.read_text("utf-8") == rendered(), "run python infra/scripts/make_workbook.py"
    assert main(["--check"]) == 0


def test_shows_everything_that_was_promised() -> None:
    assert {name for name, *_ in TILES} == PROMISED
    assert {item["name"] for item in ITEMS} == PROMISED | {"heading"}


def test_each_tile_asks_its_own_file() -> None:
    for item in ITEMS[1:]:
        assert item["content"]["query"] == (INFRA / "kql" / f"{item['name']}.kql").read_text("utf-8")


def test_is_what_is_deployed() -> None:
    workbook = read(INFRA / "modules" / "workbook.bicep").resources["workbook"]

    assert workbook.text("properties", "serializedData") == "loadTextContent('../workbook.json')"


@pytest.fixture(scope="module")
def logs() -> Iterator[Logs]:
    """An hour in which everything happened once."""
    logs = Logs()
    for function in ("Sale", "chase_retry"):
        logs.requests(function, code=500)
    for metric in ("ActiveMessages", "ScheduledMessages", "DeadletteredMessages"):
        logs.metric(BUS, metric, 5, 1)
    logs.metric(SQL, "cpu_percent", 5, 10)
    logs.event("payment.outcome", paymentId="pay_1", status="Unknown", code="TIMEOUT")
    logs.event("chase_breaker_opened", alarm=True, call="payment", code="HTTP_503")
    logs.event("reconciliation.run", abandoned=0, inquired=2, left=0, unknown=1, oldestUnknownS=40)
    logs.event("outbox.age", ageS=2.5)
    logs.event("ledger.lag", pending=1, ageS=2)
    logs.event("shadow.coverage", received=10, compared=9, pending=1, lost=0)
    logs.event("shadow.mismatch", paymentId="pay_1", severity="code", field="code")
    yield logs
    logs.close()


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_each_tile_has_something_to_show_when_it_happens(logs: Logs, name: str) -> None:
    query = (INFRA / "kql" / f"{name}.kql").read_text("utf-8")

    rows = logs.ask("\n".join(line for line in query.splitlines() if not line.startswith("| render")))

    assert rows
    assert all(value is not None for row in rows for value in row.values())
