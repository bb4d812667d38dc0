"""compose.yaml and what it mounts, as far as they can be checked without Docker."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.payments.inquiry import READ_TIMEOUT_S

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
PROVISION = (ROOT / "local" / "compose" / "provision.sql").read_text("utf-8")
[NAMESPACE] = json.loads((ROOT / "local" / "compose" / "servicebus.json").read_text("utf-8"))["UserConfig"][
    "Namespaces"
]
QUEUES = {queue["Name"]: queue["Properties"] for queue in NAMESPACE["Queues"]}
# One shot, or looked after by another service.
WITHOUT_A_HEALTH_CHECK = {"sql-provision", "servicebus"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_is_pinned_and_listens_on_loopback_only(name: str) -> None:
    service = SERVICES[name]

    assert ":" in service["image"]
    assert not service["image"].endswith(":latest") or service["image"].endswith("2022-latest")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_every_container_that_stays_says_how_it_is() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == WITHOUT_A_HEALTH_CHECK


def test_what_is_mounted_is_there() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]

    assert [path for path in mounted if path.startswith("./") and not (ROOT / path).exists()] == []


def test_the_database_is_set_as_in_azure_for_the_service_and_for_its_suite() -> None:
    for database in ("payments", "payments_test"):
        assert f"ALTER DATABASE {database} SET READ_COMMITTED_SNAPSHOT ON" in PROVISION
        assert f"ALTER DATABASE {database} SET ALLOW_SNAPSHOT_ISOLATION ON" in PROVISION
    assert " -I " in " ".join(SERVICES["sql-provision"]["entrypoint"])


def test_passwords_come_from_the_environment() -> None:
    assert COMPOSE["x-sql-password"].startswith("${MSSQL_SA_PASSWORD:-")
    assert "$(APP_PASSWORD)" in PROVISION


def test_the_queues_are_those_of_the_functions_and_keep_a_message_longer_than_chase_thinks() -> None:
    assert set(QUEUES) == {"chase-retry", "shadow-mirror", "ledger-posting"}
    for properties in QUEUES.values():
        assert properties["RequiresDuplicateDetection"] is True
        assert timedelta(seconds=READ_TIMEOUT_S) < _minutes(properties["LockDuration"]) <= timedelta(minutes=5)
        assert properties["MaxDeliveryCount"] == 10


def _minutes(duration: str) -> timedelta:
    return timedelta(minutes=int(duration.removeprefix("PT").removesuffix("M")))
