"""A wrong setting stops the start and names itself; what only a laptop may do, nothing else can."""

import json
from typing import Any

import pytest

from shared.payments.retry import Call, OutcomeClass
from shared.payments.secret import Secret
from shared.settings import Settings, SettingsError
from shared.wiring.chase import chase_endpoint

KEY = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
NAMESPACE = "SERVICEBUS__fullyQualifiedNamespace"
SHARED_KEY = "SharedAccessKeyName=app;SharedAccessKey=a-secret-of-the-bus"
HMAC_CALLER = {"keys": {"ctp-1": KEY}, "roles": ["Payments.Write"], "billers": ["city-water"]}


def an_environment(**changed: str) -> dict[str, str]:
    """A laptop's."""
    return {
        "APP_ENVIRONMENT": "local",
        "SQLITE_PATH": "payments.sqlite3",
        "CHASE_BASE_URL": "http://127.0.0.1:7073/api/v2",
        "CHASE_TOKEN_URL": "http://127.0.0.1:7073/token",
        "CHASE_CLIENT_ID": "client",
        "CHASE_CLIENT_SECRET": "a-secret-of-chase",
        "MERCHANTS": json.dumps({"city-water": {"merchant_id": "998482157630"}}),
        "FINGERPRINT_KEYS": json.dumps({"k1": KEY}),
        "AUDIT_KEYS": json.dumps({"a1": KEY}),
        "JWT_ISSUER": "https://issuer",
        "JWT_AUDIENCE": "api://payments",
        "JWT_JWKS_URL": "file:///keys/jwks.json",
        **changed,
    }


def a_deployed_environment(**changed: str) -> dict[str, str]:
    there = an_environment(
        APP_ENVIRONMENT="prod",
        CHASE_BASE_URL="https://api-ms.payments.jpmorgan.com/api/v2",
        CHASE_TOKEN_URL="https://id.payments.jpmorgan.com/am/oauth2/alpha/access_token",
        JWT_JWKS_URL="https://login.microsoftonline.com/tenant/discovery/v2.0/keys",
    )
    del there["SQLITE_PATH"]
    return {
        **there,
        "SQL_CONNECTION_STRING": "Driver={ODBC Driver 18 for SQL Server};Server=db",
        NAMESPACE: "payments.servicebus.windows.net",
        "AUDIT_ANCHOR_CONTAINER_URL": "https://store.blob.core.windows.net/audit-anchors",
        **changed,
    }


def refusal_of(environment: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(environment)
    return str(refused.value)


def test_a_laptop_needs_no_more_than_this() -> None:
    settings = Settings.from_environment(an_environment())

    merchant = settings.known_merchants()["city-water"]
    assert (merchant.merchant_id, merchant.capture_delay, merchant.currencies) == ("998482157630", True, {"USD"})
    assert (settings.auth_mode, settings.on_not_found, settings.sale_answer_within_s) == ("enforce", "manual", 25)


def test_a_deployed_app_needs_the_same_without_the_laptops_own() -> None:
    assert Settings.from_environment(a_deployed_environment()).app_environment == "prod"


@pytest.mark.parametrize("name", sorted(an_environment()))
def test_what_is_missing_is_named(name: str) -> None:
    environment = an_environment()
    del environment[name]

    assert refusal_of(environment).startswith(name)


def test_chase_is_given_one_credential() -> None:
    assert "give exactly one" in refusal_of(an_environment(CHASE_PRIVATE_KEY="-----BEGIN PRIVATE KEY-----"))


def test_what_chases_endpoint_refuses_is_named_as_the_setting_it_came_from() -> None:
    environment = an_environment(CHASE_PRIVATE_KEY="not a key", CHASE_CERTIFICATE_THUMBPRINT="ab:cd")
    del environment["CHASE_CLIENT_SECRET"]

    with pytest.raises(SettingsError) as refused:
        chase_endpoint(Settings.from_environment(environment))

    said = str(refused.value)
    assert "CHASE_PRIVATE_KEY: must be one unencrypted private key" in said
    assert "CHASE_CERTIFICATE_THUMBPRINT: must be" in said
    assert "CHASE_RESOURCE:" in said
    assert "not a key" not in said


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"APP_ENVIRONMENT": "production"}, "APP_ENVIRONMENT"),
        ({"CHASE_BASE_URL": "http://api.example.com"}, "CHASE_BASE_URL: must be an https URL"),
        ({"CHASE_READ_TIMEOUT_S": "30"}, "CHASE_READ_TIMEOUT_S"),
        ({"ON_NOT_FOUND": "resend"}, "ON_NOT_FOUND"),
        ({"MERCHANTS": "{"}, "MERCHANTS: must be JSON"),
        ({"MERCHANTS": "{}"}, "MERCHANTS"),
        ({"MERCHANTS": '{"city-water": {"merchant_id": "1"}}'}, "MERCHANTS.city-water.merchant_id"),
        ({"MERCHANTS": '{"city-water": {"merchant_id": "998482157630", "x": 1}}'}, "MERCHANTS.city-water.x"),
        ({"AUDIT_KEYS": '{"a1": "c2hvcnQ="}'}, "AUDIT_KEYS.a1: must be 32 bytes"),
        ({"AUDIT_KEYS": "{}"}, "AUDIT_KEYS: "),
        (
            {"AUDIT_ANCHOR_CONTAINER_URL": "https://there", "AUDIT_ANCHOR_DIRECTORY": "here"},
            "AUDIT_ANCHOR_CONTAINER_URL, AUDIT_ANCHOR_DIRECTORY: give one of the two",
        ),
        ({"FINGERPRINT_KEYS": '{"k1": "c2hvcnQ="}'}, "FINGERPRINT_KEYS.k1: must be 32 bytes"),
        ({"FINGERPRINT_KEYS": json.dumps({"k1": KEY + "\n"})}, "FINGERPRINT_KEYS.k1: must be base64 without"),
        ({"FINGERPRINT_KEYS": json.dumps({"k1": "\ufeff" + KEY})}, "FINGERPRINT_KEYS.k1: must be base64 without"),
        ({"HMAC_CALLERS": json.dumps({"ctp": {**HMAC_CALLER, "keys": {}}})}, "HMAC_CALLERS.ctp.keys"),
        ({"HMAC_CALLERS": json.dumps({"a": HMAC_CALLER, "b": HMAC_CALLER})}, "HMAC_CALLERS: two callers share"),
        ({"LEDGER_URL": "http://ledger.example.com"}, "LEDGER_URL: must be an https URL"),
        ({"LEDGER_URL": "file:///ledger"}, "LEDGER_URL: must be an http or https URL"),
        ({"LEDGER_TOKEN": "a-secret-of-chase"}, "LEDGER_TOKEN: goes with LEDGER_URL"),
        ({"LEDGER_TIMEOUT_S": "0"}, "LEDGER_TIMEOUT_S"),
        ({NAMESPACE: "sb://payments.servicebus.windows.net"}, f"{NAMESPACE}: must be the namespace's full host name"),
        ({NAMESPACE: "payments"}, f"{NAMESPACE}: must be the namespace's full host name"),
        ({"SERVICEBUS": "payments.servicebus.windows.net"}, "SERVICEBUS: must be a connection string"),
        ({"SERVICEBUS": "Endpoint=sb://there"}, "SERVICEBUS: must hold SharedAccessKeyName and SharedAccessKey"),
        (
            {"SERVICEBUS": f"Endpoint=sb://there;{SHARED_KEY};EntityPath=q"},
            "SERVICEBUS: must be the namespace's and not",
        ),
        ({"SERVICEBUS": f"Endpoint=sb://there;{SHARED_KEY}", NAMESPACE: "p.net"}, f"{NAMESPACE}, SERVICEBUS: give one"),
        ({"SERVICEBUS_TIMEOUT_S": "0"}, "SERVICEBUS_TIMEOUT_S"),
        ({"LOCAL_TIME_SCALE": "0"}, "LOCAL_TIME_SCALE"),
        ({"LOCAL_TIME_SCALE": "2"}, "LOCAL_TIME_SCALE"),
    ],
)
def test_what_is_wrong_is_named_and_never_shown(wrong: dict[str, str], named: str) -> None:
    said = refusal_of(an_environment(**wrong))

    assert named in said
    assert KEY not in said
    assert "a-secret-of-chase" not in said
    assert "a-secret-of-the-bus" not in said


def test_the_broker_is_named_by_what_the_functions_host_reads_too() -> None:
    by_identity = Settings.from_environment(a_deployed_environment(**{NAMESPACE: "Payments.servicebus.windows.net"}))
    by_string = Settings.from_environment(an_environment(SERVICEBUS=f"Endpoint=sb://there/;{SHARED_KEY}"))

    assert by_identity.servicebus_namespace == "payments.servicebus.windows.net"
    assert by_string.servicebus_connection_string == Secret(f"Endpoint=sb://there/;{SHARED_KEY}")
    assert "a-secret-of-the-bus" not in repr(by_string)


def test_a_deployed_app_needs_a_broker_and_a_laptop_does_not() -> None:
    without = a_deployed_environment()
    del without[NAMESPACE]

    assert refusal_of(without) == f"{NAMESPACE}: is needed here (or a connection string in SERVICEBUS)"
    assert Settings.from_environment({**without, "SERVICEBUS": f"Endpoint=sb://there/;{SHARED_KEY}"})
    assert Settings.from_environment(an_environment()).servicebus_namespace is None


def test_the_emulator_is_for_a_laptop() -> None:
    emulator = {"SERVICEBUS": f"Endpoint=sb://127.0.0.1;{SHARED_KEY};UseDevelopmentEmulator=true;"}
    deployed = a_deployed_environment(**emulator)
    del deployed[NAMESPACE]

    assert "SERVICEBUS: the emulator, which speaks without TLS" in refusal_of(deployed)
    assert Settings.from_environment(an_environment(**emulator)).servicebus_connection_string is not None


def a_strategy(**changed: Any) -> str:
    usual = {"call": "sale", "on": "not_sent", "attempts": 5, "base_s": 0.1, "cap_s": 1, "deadline_s": 8}
    return json.dumps([{**usual, "on_exhaust": "answer", **changed}])


def test_a_retry_strategy_can_be_changed() -> None:
    settings = Settings.from_environment(an_environment(RETRY_STRATEGIES=a_strategy()))

    assert settings.strategies[Call.SALE, OutcomeClass.NOT_SENT].attempts == 5


def test_a_retry_strategy_that_could_charge_twice_stops_the_start() -> None:
    said = refusal_of(an_environment(RETRY_STRATEGIES=a_strategy(on="unknown", attempts=2)))

    assert said.startswith("RETRY_STRATEGIES.0")
    assert "silence is inquired about, not resent" in said


@pytest.mark.parametrize(
    ("laptops_own", "named"),
    [
        ({"SQLITE_PATH": "payments.sqlite3"}, "SQLITE_PATH"),
        ({"CHASE_BASE_URL": "http://127.0.0.1:7073/api/v2"}, "CHASE_BASE_URL"),
        ({"CHASE_BASE_URL": "https://chase.example.com/api/v2"}, "CHASE_BASE_URL"),
        ({"CHASE_TOKEN_URL": "http://127.0.0.1:7073/token"}, "CHASE_TOKEN_URL"),
        ({"JWT_JWKS_URL": "file:///keys/jwks.json"}, "JWT_JWKS_URL"),
        ({"LEDGER_URL": "http://127.0.0.1:7080"}, "LEDGER_URL: must be https here"),
        ({"AUDIT_ANCHOR_CONTAINER_URL": "", "AUDIT_ANCHOR_DIRECTORY": "here"}, "AUDIT_ANCHOR_DIRECTORY"),
        ({"AUDIT_ANCHOR_CONTAINER_URL": ""}, "AUDIT_ANCHOR_CONTAINER_URL: needed in production"),
        ({"LOCAL_TIME_SCALE": "0.01"}, "LOCAL_TIME_SCALE"),
        ({"AUTH_MODE": "audit"}, "AUTH_MODE"),
    ],
    ids=[
        "SQLite",
        "the simulator",
        "another host",
        "the simulator's token",
        "local keys",
        "a ledger without TLS",
        "anchors in a directory",
        "no anchors",
        "short waits",
        "no guard",
    ],
)
def test_what_only_a_laptop_may_do_is_refused_elsewhere(laptops_own: dict[str, str], named: str) -> None:
    assert named in refusal_of(a_deployed_environment(**laptops_own))


def test_settings_print_without_their_secrets() -> None:
    settings = Settings.from_environment(an_environment(HMAC_CALLERS=json.dumps({"ctp": HMAC_CALLER})))

    printed = f"{settings!r} {settings.model_dump()}"

    assert KEY not in printed
    assert "a-secret-of-chase" not in printed
