"""What Bicep tells the app is what shared/settings.py reads: all that is required, and nothing that does not exist."""

import json
import re

import pytest

from shared.settings import Settings
from tests.infra.bicep import INFRA, properties, read, strings, text, walk

APP = read(INFRA / "modules" / "function_app.bicep")
SETTINGS = {name.upper() for name in Settings.model_fields}
REQUIRED = {name.upper() for name, field in Settings.model_fields.items() if field.is_required()}
# Settings of parts that are being built beside this one: an entry goes when the setting is there (a test says so).
STILL_TO_BE = {"SERVICEBUS_NAMESPACE", "LEDGER_URL", "AUDIT_KEYS", "INSTRUMENT_KEYS"}
# Only a laptop may.
OF_THE_LAPTOP = {"SQLITE_PATH", "LOCAL_TIME_SCALE"}
# Read by the platform or by azure-identity, not by us.
OF_THE_PLATFORM = {
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "ServiceBusConnection__credential",
    "ServiceBusConnection__clientId",
    "ServiceBusConnection__fullyQualifiedNamespace",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "AZURE_CLIENT_ID",
}
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
ALL = OURS | CREDENTIALS["private-key"] | CREDENTIALS["client-secret"]


def test_every_required_setting_is_given() -> None:
    assert REQUIRED - set(OURS) == set()
    assert "SQL_CONNECTION_STRING" in OURS


def test_no_setting_is_given_that_does_not_exist() -> None:
    assert set(ALL) - SETTINGS - STILL_TO_BE == set()
    assert set(ALL) & OF_THE_LAPTOP == set()


def test_those_still_to_be_are_not_there_yet_or_have_been_struck_off() -> None:
    # One that exists by now needs no forbearance: strike it off the list above.
    assert STILL_TO_BE & SETTINGS & REQUIRED == set() or STILL_TO_BE & SETTINGS <= set(ALL)


def test_the_platform_is_given_what_it_reads_and_nothing_that_flex_refuses() -> None:
    assert set(_given("hostSettings")) == OF_THE_PLATFORM
    names = set(ALL) | OF_THE_PLATFORM
    assert [name for name in names if re.match(r"FUNCTIONS_(WORKER_RUNTIME|EXTENSION)|WEBSITE_", name)] == []


def test_all_lists_reach_the_app() -> None:
    given = APP.resources["app"].text("properties", "siteConfig", "appSettings")

    assert given == "concat(hostSettings, serviceSettings, credentialSettings)"


def test_no_setting_is_given_twice() -> None:
    lists = [_given("hostSettings"), OURS, *CREDENTIALS.values()]

    assert sum(map(len, lists)) == len(OF_THE_PLATFORM) + len(ALL)


@pytest.mark.parametrize("environment", ["dev", "test", "prod"])
def test_what_an_environment_is_given_starts_the_service(environment: str) -> None:
    parameters = json.loads((INFRA / f"main.parameters.{environment}.json").read_text("utf-8"))["parameters"]
    values = {name: parameter["value"] for name, parameter in parameters.items()}
    given = OURS | CREDENTIALS[values["chaseCredential"]]

    settings = Settings.from_environment(
        {name: _comes_to(name, as_written, values) for name, as_written in given.items()}
    )

    assert settings.app_environment == environment
    assert settings.auth_mode == "enforce"
    assert set(settings.merchants) == set(values["merchants"])
    assert settings.sales_in_flight_max >= _concurrency(values)


def _concurrency(values: dict[str, object]) -> int:
    return int(str(values["httpConcurrency"]))


def _comes_to(name: str, as_written: str, values: dict[str, object]) -> str:
    """What a value will be in Azure: a parameter, a secret of the right form, or a name of a resource."""
    if "@Microsoft.KeyVault" in as_written:
        caller = {"keys": {"ctp-1": KEY}, "roles": ["Payments.Write"], "billers": "*"}
        secrets = {"HMAC_CALLERS": json.dumps({"ctp": caller}), "FINGERPRINT_KEYS": json.dumps({"k1": KEY})}
        return secrets.get(name, "a secret")
    if as_written == "string(2 * httpConcurrency)":
        return str(2 * _concurrency(values))
    of_a_parameter = re.fullmatch(r"(?:string\()?(\w+?)\)?", as_written)
    if of_a_parameter and of_a_parameter[1] in values:
        value = values[of_a_parameter[1]]
        filled = re.sub(r"\$\{CITY_WATER_MERCHANT_ID\}", "998482157630", json.dumps(value))
        return filled if isinstance(value, dict) else str(value)
    return as_written.strip("'") if as_written.startswith("'") else ""
