"""The parameter files: each sets what is required, names nothing else, and says what its environment must be."""

import json
import re
from typing import Any

import pytest
import yaml

from infra.scripts.alarm_query import alarms
from shared.payments.messages import Queue
from tests.infra.bicep import INFRA, MAIN, read

ENVIRONMENTS = ("dev", "test", "prod")
EVERY_ENVIRONMENT = pytest.mark.parametrize("environment", ENVIRONMENTS)
PARAMS = read(MAIN).params
AZD = yaml.safe_load((INFRA.parent / "azure.yaml").read_text("utf-8"))
DEPLOY = (INFRA.parent / "docs" / "deploy.md").read_text("utf-8")
KIND = {"string": str, "int": int, "bool": bool, "object": dict, "array": list}
WORKERS_A_VCORE = 75


def _file(environment: str) -> dict[str, Any]:
    found = json.loads((INFRA / f"main.parameters.{environment}.json").read_text("utf-8"))
    assert set(found) == {"$schema", "contentVersion", "parameters"}
    return {name: parameter["value"] for name, parameter in found["parameters"].items()}


@EVERY_ENVIRONMENT
def test_sets_every_required_parameter_and_names_no_other(environment: str) -> None:
    given = _file(environment)

    assert set(given) - set(PARAMS) == set()
    assert {name for name, param in PARAMS.items() if param.required} - set(given) == set()


@EVERY_ENVIRONMENT
def test_gives_each_its_kind_and_one_of_its_values(environment: str) -> None:
    for name, value in _file(environment).items():
        assert type(value) is KIND[PARAMS[name].type], name
        assert not PARAMS[name].allowed or str(value) in PARAMS[name].allowed, name


@EVERY_ENVIRONMENT
def test_asks_only_for_what_the_guide_explains(environment: str) -> None:
    asked = set(re.findall(r"\$\{(\w+)\}", json.dumps(_file(environment))))

    assert {name for name in asked if f"| `{name}` |" not in DEPLOY} == set()


@EVERY_ENVIRONMENT
def test_holds_no_secret(environment: str) -> None:
    secure = {name for name, param in PARAMS.items() if param.secure}

    for name in secure & set(_file(environment)):
        assert re.fullmatch(r"\$\{\w+\}", _file(environment)[name]), name


@EVERY_ENVIRONMENT
def test_turns_off_only_alarms_that_there_are(environment: str) -> None:
    assert set(_file(environment).get("disabledAlarms", [])) <= set(alarms())


@EVERY_ENVIRONMENT
def test_names_the_environment_that_it_is_of(environment: str) -> None:
    assert _file(environment)["appEnvironment"] == environment


@EVERY_ENVIRONMENT
def test_has_a_bus_that_takes_private_endpoints_where_there_are_any(environment: str) -> None:
    given = _file(environment)

    assert not given["privateNetwork"] or given["serviceBusSku"] == "Premium"


@EVERY_ENVIRONMENT
def test_gives_a_least_capacity_to_a_serverless_database_alone(environment: str) -> None:
    given = _file(environment)

    assert given["sqlSku"]["name"].startswith("GP_S_") == (given["sqlMinimumCapacity"] != "")


class TestProduction:
    GIVEN = _file("prod")

    def test_is_private(self) -> None:
        assert self.GIVEN["privateNetwork"] is True
        assert self.GIVEN["callerAddressRanges"] == self.GIVEN["operatorAddresses"] == []

    def test_never_sleeps(self) -> None:
        assert self.GIVEN["sqlAutoPauseMinutes"] == -1
        assert {ready["name"]: ready["instanceCount"] for ready in self.GIVEN["alwaysReady"]}["http"] >= 2

    def test_survives_the_loss_of_a_zone(self) -> None:
        assert self.GIVEN["zoneRedundant"] is True
        assert self.GIVEN["storageSku"] == "Standard_GZRS"

    def test_is_watched(self) -> None:
        assert self.GIVEN["alarmsEnabled"] is True
        assert "disabledAlarms" not in self.GIVEN
        assert self.GIVEN["alarmEmails"]

    def test_keeps_logs_for_a_year_and_anchors_for_seven(self) -> None:
        assert self.GIVEN["logRetentionDays"] >= 365
        assert self.GIVEN["auditRetentionDays"] >= 7 * 365

    def test_speaks_to_the_production_of_chase_with_a_key(self) -> None:
        assert self.GIVEN["chaseBaseUrl"] == "https://api-ms.payments.jpmorgan.com/api/v2"
        assert self.GIVEN["chaseCredential"] == "private-key"

    def test_never_opens_more_connections_than_the_database_has_workers(self) -> None:
        connections = self.GIVEN["maximumInstanceCount"] * self.GIVEN["sqlConnectionsMax"]

        assert connections <= WORKERS_A_VCORE * self.GIVEN["sqlSku"]["capacity"]


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_nothing_but_production_speaks_to_the_production_of_chase(environment: str) -> None:
    assert _file(environment)["chaseBaseUrl"] != TestProduction.GIVEN["chaseBaseUrl"]


class TestAzd:
    def test_deploys_the_functions_of_this_folder(self) -> None:
        assert AZD["services"] == {"api": {"project": ".", "language": "python", "host": "function"}}
        assert AZD["infra"] == {"provider": "bicep", "path": "infra", "module": "main"}

    def test_takes_the_parameters_of_the_environment_and_provisions_the_database_after(self) -> None:
        assert "infra/main.parameters.${APP_ENVIRONMENT" in AZD["hooks"]["preprovision"]["run"]
        assert (INFRA.parent / AZD["hooks"]["postprovision"]["run"].split()[-1]).exists()

    def test_finds_the_app_by_its_tag(self) -> None:
        app = read(INFRA / "modules" / "function_app.bicep").resources["app"]

        assert "'azd-service-name': 'api'" in app.text("tags")


def test_the_guide_names_every_queue() -> None:
    assert {queue.value for queue in Queue if f"`{queue}`" not in DEPLOY} == set()
