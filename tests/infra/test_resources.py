"""What the resources must be for the promises to hold: queues, records, the database, the app."""

import re
from datetime import timedelta

import pytest

from shared.payments.inquiry import READ_TIMEOUT_S
from shared.payments.messages import Queue
from tests.infra.bicep import FILES, INFRA, Block, properties, read, strings, text


def _resources(module: str) -> dict[str, Block]:
    return dict(read(INFRA / "modules" / f"{module}.bicep").resources)


class TestQueues:
    PROPERTIES = properties(properties(_resources("service_bus")["queues"].body)["properties"])

    def _is(self, name: str) -> str:
        return text(self.PROPERTIES[name]).strip("'")

    def test_are_those_of_the_code(self) -> None:
        names = strings(read(INFRA / "modules" / "service_bus.bicep").variables["queueNames"])

        assert set(names) == {queue.value for queue in Queue}

    def test_hold_a_message_longer_than_chase_may_think(self) -> None:
        assert self._is("lockDuration") == "PT5M"
        assert timedelta(seconds=READ_TIMEOUT_S) < timedelta(minutes=5)

    def test_drop_duplicates_and_keep_what_fails(self) -> None:
        assert self._is("requiresDuplicateDetection") == "true"
        assert self._is("duplicateDetectionHistoryTimeWindow") == "PT10M"
        assert self._is("maxDeliveryCount") == "10"
        assert self._is("deadLetteringOnMessageExpiration") == "true"
        assert self._is("requiresSession") == "false"


class TestRecords:
    def test_anchors_are_written_once(self) -> None:
        policy = _resources("storage")["neverChanged"]

        assert policy.what.startswith("Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@")
        assert policy.text("parent") == "auditAnchor"
        assert policy.text("properties", "immutabilityPeriodSinceCreationInDays") == "auditRetentionDays"
        assert policy.text("properties", "allowProtectedAppendWrites") == "false"

    def test_of_the_bank_are_marked_by_the_app_and_end_by_a_rule(self) -> None:
        storage = _resources("storage")

        assert storage["bankFiles"].text("name") == "'bank-files'"
        assert storage["mayMarkBankFiles"].text("scope") == "bankFiles"
        assert "blobContributorRoleId" in storage["mayMarkBankFiles"].text("properties", "roleDefinitionId")
        assert storage["fileEnds"].text("parent") == "records"
        assert "'${bankFiles.name}/'" in storage["fileEnds"].text("properties", "policy")
        assert storage["recordBlobs"].text("properties", "isVersioningEnabled") == "true"

    def test_lie_in_another_account_than_the_one_that_the_host_owns(self) -> None:
        storage = _resources("storage")

        assert storage["hostRoles"].text("scope") == "host"
        assert storage["auditAnchor"].text("parent") == storage["bankFiles"].text("parent") == "recordBlobs"
        assert storage["recordBlobs"].text("parent") == "records"


class TestDatabase:
    def test_knows_entra_alone(self) -> None:
        server = _resources("sql")["server"]

        assert "administratorLoginPassword" not in text(server.body)
        assert server.text("properties", "administrators", "principalType") == "'Group'"

    def test_is_audited_and_watched(self) -> None:
        sql = _resources("sql")

        assert sql["auditing"].text("parent") == sql["threats"].text("parent") == "server"
        assert sql["auditing"].text("properties", "state") == "'Enabled'"
        assert sql["auditing"].text("properties", "isAzureMonitorTargetEnabled") == "true"
        assert sql["threats"].text("properties", "state") == "'Enabled'"
        assert sql["auditLogs"].text("scope") == "master"
        assert "SQLSecurityAuditEvents" in sql["auditLogs"].text("properties", "logs")

    def test_opens_no_door_of_its_own_in_a_private_network(self) -> None:
        source = (INFRA / "modules" / "sql.bicep").read_text("utf-8")
        doors = re.findall(r"resource \w+ 'Microsoft.Sql/servers/firewallRules@.*$", source, re.M)

        assert len(doors) == 2
        assert all("if (endpointSubnetId == '')" in door for door in doors)


class TestTheApp:
    APP = _resources("function_app")["app"]

    def test_runs_python_on_flex_consumption(self) -> None:
        plan = _resources("function_app")["plan"]

        assert strings(properties(plan.body)["sku"]) == ["FC1", "FlexConsumption"]
        assert self.APP.text("properties", "functionAppConfig", "runtime", "name") == "'python'"
        assert self.APP.text("properties", "functionAppConfig", "runtime", "version") == "'3.12'"

    def test_says_how_many_calls_an_instance_takes(self) -> None:
        path = ("properties", "functionAppConfig", "scaleAndConcurrency", "triggers", "http", "perInstanceConcurrency")

        assert self.APP.text(*path) == "httpConcurrency"

    def test_lets_in_only_who_is_named(self) -> None:
        assert self.APP.text("properties", "siteConfig", "ipSecurityRestrictionsDefaultAction") == "'Deny'"
        assert self.APP.text("properties", "httpsOnly") == "true"


PRIVATE = [
    ("storage", "host"),
    ("storage", "records"),
    ("key_vault", "vault"),
    ("service_bus", "namespace"),
    ("sql", "server"),
    ("function_app", "app"),
]


@pytest.mark.parametrize(("module", "resource"), PRIVATE, ids=[f"{a}-{b}" for a, b in PRIVATE])
def test_whatever_has_a_public_network_has_none_in_a_private_one(module: str, resource: str) -> None:
    said = _resources(module)[resource].text("properties", "publicNetworkAccess")
    if said == "publicAccess":
        said = text(read(INFRA / "modules" / f"{module}.bicep").variables["publicAccess"])

    assert said == "private ? 'Disabled' : 'Enabled'"


def test_every_private_endpoint_finds_its_name_in_a_zone_that_is_made() -> None:
    zones = {
        zone.replace("${service}", "*") for zone in strings(read(INFRA / "modules/network.bicep").variables["zones"])
    }
    resolved = {zone.replace("environment().suffixes.storage", "suffix") for zone in zones}
    wanted = {
        name.strip("'").replace("environment().suffixes.storage", "suffix")
        for path in FILES
        for module in read(path).modules.values()
        if module.what == "private_endpoint.bicep"
        for name in [module.text("params", "zoneName")]
    }
    expanded = {name.replace("${service}", service) for name in wanted for service in ("blob", "queue", "table")}

    assert expanded <= resolved
    assert resolved - expanded == set()
