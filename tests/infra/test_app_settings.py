"""What Bicep tells the app is what shared/settings.py reads: all that is required, and nothing that does not exist."""

import json
import re
from urllib.parse import urlsplit

import pytest

from shared.chase.shadow import TEST_HOSTS
from shared.settings import Settings, environment_name
from tests.infra.bicep import INFRA, properties, read, strings, text, walk

APP = read(INFRA / "modules" / "function_app.bicep")
SETTINGS = {environment_name(name) for name in Settings.model_fields}
REQUIRED = {environment_name(name) for name, field in Settings.model_fields.items() if field.is_required()}
# Settings that a part which is being built beside this one will read: none is waited for now.
STILL_TO_BE: set[str] = set()
# Only a laptop may.
OF_THE_LAPTOP = {"SQLITE_PATH", "LOCAL_TIME_SCALE", "AUDIT_ANCHOR_DIRECTORY"}
# Read by the platform or by azure-identity, not by us.
OF_THE_PLATFORM = {
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "SERVICEBUS__credential",
    "SERVICEBUS__clientId",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "AZURE_CLIENT_ID",
}
# What resources call themselves once they are there.
OF_RESOURCES = {
    "serviceBusNamespace": "sb-payments-dev-abc.servicebus.windows.net",
    "auditContainerUrl": "https://strabc.blob.core.windows.net/audit-anchor",
    "bankFilesContainerUrl": "https://strabc.blob.core.windows.net/bank-files",
}
MERCHANT_IDS = {"CITY_WATER_MERCHANT_ID": "998482157630", "CITY_WATER_TEST_MERCHANT_ID": "998482157640"}
KEY = "c2FtcGxlIGZpbmdlcnByaW50IGtleSwgcmVwbGFjZSE="


def _given(variable: str) -> dict[str, str]:
    """A list of settings: name -> value, as written."""
    found = {}
    for node in walk(APP.variables[variable]):
        if node.type == "object" and set(properties(node)) == {"name", "value"}:
            found[strings(properties(node)["name"])[0]] = text(properties(node)["value"])
    return found


OURS = _given("serviceSettings")
CREDENTIALS = {"private-key": _given("privateKeySettings"), "client-secret": _given("clientSecretSettings")}
LEDGER = _given("ledgerSettings")
SHADOW_ADDRESS = _given("shadowAddressSettings")
SHADOW_CREDENTIALS = {"private-key": _given("shadowKeySettings"), "client-secret": _given("shadowSecretSettings")}
LISTS = [OURS, *CREDENTIALS.values(), LEDGER, SHADOW_ADDRESS, *SHADOW_CREDENTIALS.values()]
ALL = {name: value for given in LISTS for name, value in given.items()}


def test_every_required_setting_is_given() -> None:
    assert REQUIRED - set(OURS) == set()
    assert "SQL_CONNECTION_STRING" in OURS


def test_no_setting_is_given_that_does_not_exist() -> None:
    assert set(ALL) - SETTINGS - STILL_TO_BE == set()
    assert set(ALL) & OF_THE_LAPTOP == set()


def test_the_platform_is_given_what_it_reads_and_nothing_that_flex_refuses() -> None:
    assert set(_given("hostSettings")) == OF_THE_PLATFORM
    names = set(ALL) | OF_THE_PLATFORM
    assert [name for name in names if re.match(r"FUNCTIONS_(WORKER_RUNTIME|EXTENSION)|WEBSITE_", name)] == []


def test_all_lists_reach_the_app() -> None:
    given = APP.resources["app"].text("properties", "siteConfig", "appSettings")

    assert given == "concat(hostSettings, serviceSettings, credentialSettings, ledgerSettings, shadowSettings)"


def test_no_setting_is_given_twice() -> None:
    assert sum(map(len, [_given("hostSettings"), *LISTS])) == len(OF_THE_PLATFORM) + len(ALL)


def test_shadow_is_given_all_that_it_has_of_its_own_and_the_credential_that_was_chosen() -> None:
    own = {name for name in SETTINGS if name.startswith("SHADOW_CHASE_")} | {"SHADOW_MERCHANT_IDS"}
    given = {*SHADOW_ADDRESS, *SHADOW_CREDENTIALS["private-key"], *SHADOW_CREDENTIALS["client-secret"]}
    chosen = "shadowChaseCredential == 'private-key' ? shadowKeySettings : shadowSecretSettings"

    # The scope that a client secret asks for is the same in every sandbox.
    assert own - given == {"SHADOW_CHASE_TOKEN_SCOPE"}
    assert given <= own
    assert text(APP.variables["shadowCredentialSettings"]) == chosen
    assert text(APP.variables["shadowSettings"]) == (
        "shadowChaseBaseUrl == '' ? [] : concat(shadowAddressSettings, shadowCredentialSettings)"
    )


@pytest.mark.parametrize("environment", ["dev", "test", "prod"])
def test_what_an_environment_is_given_starts_the_service(environment: str) -> None:
    parameters = json.loads((INFRA / f"main.parameters.{environment}.json").read_text("utf-8"))["parameters"]
    values = {name: parameter["value"] for name, parameter in parameters.items()}
    given = OURS | CREDENTIALS[values["chaseCredential"]] | (LEDGER if "ledgerUrl" in values else {})
    if "shadowChaseBaseUrl" in values:
        given |= SHADOW_ADDRESS | SHADOW_CREDENTIALS[values["shadowChaseCredential"]]

    settings = Settings.from_environment(
        {name: _comes_to(name, as_written, values) for name, as_written in given.items()}
    )

    assert settings.app_environment == environment
    assert settings.auth_mode == "enforce"
    assert set(settings.merchants) == set(values["merchants"])
    assert settings.sales_in_flight_max >= _concurrency(values)
    assert settings.rollout_decision_required


@pytest.mark.parametrize("environment", ["test", "prod"])
def test_shadow_is_set_up_where_a_rollout_is_rehearsed_and_where_it_is_done(environment: str) -> None:
    parameters = json.loads((INFRA / f"main.parameters.{environment}.json").read_text("utf-8"))["parameters"]
    addresses = {parameters[f"shadowChase{which}Url"]["value"] for which in ("Base", "Token")}

    assert {urlsplit(address).hostname for address in addresses} <= TEST_HOSTS
    assert parameters["shadowMerchantIds"]["value"].keys() == parameters["merchants"]["value"].keys()


def _concurrency(values: dict[str, object]) -> int:
    return int(str(values["httpConcurrency"]))


def _comes_to(name: str, as_written: str, values: dict[str, object]) -> str:
    """What a value will be in Azure: a parameter, a secret of the right form, or a name of a resource."""
    if "@Microsoft.KeyVault" in as_written:
        caller = {"keys": {"ctp-1": KEY}, "roles": ["Payments.Write"], "billers": "*"}
        if name == "HMAC_CALLERS":
            return json.dumps({"ctp": caller})
        return json.dumps({"k1": KEY}) if name.endswith("_KEYS") else f"the secret {as_written}"
    if as_written == "string(2 * httpConcurrency)":
        return str(2 * _concurrency(values))
    of_a_parameter = re.fullmatch(r"(?:string\()?(\w+?)\)?", as_written)
    if of_a_parameter and of_a_parameter[1] in values:
        value = values[of_a_parameter[1]]
        filled = json.dumps(value)
        for who, merchant_id in MERCHANT_IDS.items():
            filled = filled.replace(f"${{{who}}}", merchant_id)
        return filled if isinstance(value, dict) else str(value).replace("${LEDGER_URL}", "https://ledger.example")
    # What is left are names of resources, or texts with such names in them.
    return as_written.strip("'") if as_written.startswith("'") else OF_RESOURCES[as_written]
