"""A value for every setting that a laptop needs. What the process environment says goes before."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from local.chase_simulator import Credential
from local.keys import LocalKeys
from shared.auth.caller import Role
from shared.settings import Settings, SettingsError

DATA_DIR: Final = ".local"
PORT: Final = 7071
SIMULATOR_PORT: Final = 7072
# The port above it must be one too: Chase's own routes are there.
_PORT_MAX: Final = 65534

# Not a host that answers: whoever holds the local signing key is the issuer.
JWT_ISSUER: Final = "https://issuer.local.invalid/v2.0"
JWT_AUDIENCE: Final = "api://ic-chase-payment-processing"
CALLER: Final = "ctp"
HMAC_KEY_ID: Final = "ctp-local"
KEY_NAME: Final = "local"
CHASE_CLIENT_ID: Final = "local-ctp"
SHADOW_CLIENT_ID: Final = "local-ctp-shadow"

MERCHANTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "city-water": {
        "merchant_id": "998482157630",
        "currencies": ["USD"],
        "capture_method": "DELAYED",
        "statement_descriptor": "CITY WATER*BILL",
        "category_code": "4900",
    },
    "county-tax": {
        "merchant_id": "998482157631",
        "currencies": ["USD"],
        "capture_method": "DELAYED",
        "statement_descriptor": "COUNTY TAX*BILL",
        "category_code": "9311",
    },
}

# The simulator's own tests: what is charged under these is charged to nobody.
SHADOW_MERCHANT_IDS: Final[Mapping[str, str]] = {"city-water": "998482157640", "county-tax": "998482157641"}


def data_dir(environ: Mapping[str, str]) -> Path:
    """LOCAL_DATA_DIR; relative to where the command was started."""
    return Path(environ.get("LOCAL_DATA_DIR") or DATA_DIR)


def port(environ: Mapping[str, str], name: str, default: int) -> int:
    """A port number from the setting `name`; 0 for any. Raises SettingsError, which names it."""
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or int(text) > _PORT_MAX:
        raise SettingsError(f"{name}: must be a port number, at most {_PORT_MAX}")
    return int(text)


def simulated_clients(settings: Settings) -> list[Credential]:
    """Who may be a client of the simulator: the service, and its shadow."""
    live = frozenset(merchant.merchant_id for merchant in settings.merchants.values())
    clients = [Credential("live", settings.chase_client_id, settings.chase_client_secret, live)]
    if settings.shadow_chase_client_id is not None:
        test = frozenset(settings.shadow_merchant_ids.values())
        clients.append(Credential("test", settings.shadow_chase_client_id, settings.shadow_chase_client_secret, test))
    return clients


def local_environment(
    directory: Path, keys: LocalKeys, chase_base_url: str, chase_token_url: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """
    The settings of a laptop whose data lie in `directory`, overruled by what is set, and not empty, in `environ`.

    It holds keys in clear: hand it to Settings, do not print it.
    """
    hmac_caller = {"keys": {HMAC_KEY_ID: keys.hmac_key.reveal()}, "roles": list(Role), "billers": "*"}
    defaults = {
        "APP_ENVIRONMENT": "local",
        "SQLITE_PATH": str(directory.resolve() / "payments.sqlite3"),
        "CHASE_BASE_URL": chase_base_url,
        "CHASE_TOKEN_URL": chase_token_url,
        "CHASE_CLIENT_ID": CHASE_CLIENT_ID,
        "CHASE_CLIENT_SECRET": keys.chase_client_secret.reveal(),
        "SHADOW_CHASE_BASE_URL": chase_base_url,
        "SHADOW_CHASE_TOKEN_URL": chase_token_url,
        "SHADOW_CHASE_CLIENT_ID": SHADOW_CLIENT_ID,
        "SHADOW_CHASE_CLIENT_SECRET": keys.shadow_client_secret.reveal(),
        "SHADOW_MERCHANT_IDS": json.dumps(SHADOW_MERCHANT_IDS),
        "ROLLOUT_DECISION_REQUIRED": "false",
        "MERCHANTS": json.dumps(MERCHANTS),
        "FINGERPRINT_KEYS": json.dumps({KEY_NAME: keys.fingerprint_key.reveal()}),
        "INSTRUMENT_KEYS": json.dumps({KEY_NAME: keys.instrument_key.reveal()}),
        "AUDIT_KEYS": json.dumps({KEY_NAME: keys.audit_key.reveal()}),
        "AUDIT_ANCHOR_DIRECTORY": str(directory.resolve() / "audit-anchors"),
        "JWT_ISSUER": JWT_ISSUER,
        "JWT_AUDIENCE": JWT_AUDIENCE,
        "JWT_JWKS_URL": keys.jwks_path.as_uri(),
        "HMAC_CALLERS": json.dumps({CALLER: hmac_caller}),
        "LOCAL_TIME_SCALE": "1",
        "TELEMETRY": "memory",
    }
    if environ.get("SQL_CONNECTION_STRING"):
        del defaults["SQLITE_PATH"]
    if environ.get("MERCHANTS") and not environ.get("SHADOW_MERCHANT_IDS"):
        # Billers of one's own: they have no tests at the simulator unless one names them.
        defaults = {name: value for name, value in defaults.items() if not name.startswith("SHADOW_")}
    if environ.get("AUDIT_ANCHOR_CONTAINER_URL"):
        del defaults["AUDIT_ANCHOR_DIRECTORY"]
    return defaults | {name: value for name, value in environ.items() if value}
