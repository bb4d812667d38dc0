"""
Environment -> one frozen, validated Settings. A wrong setting stops the start and names itself; nothing is guessed.

Every field is the environment variable of its name in capitals; local.settings.sample.json and README list them all.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from shared.payments.inquiry import READ_TIMEOUT_S, OnNotFound
from shared.payments.pace import Pace
from shared.payments.requests import Merchant
from shared.payments.retry import RetryStrategy, Strategies, strategies
from shared.payments.secret import Secret

# Chase's hosts, per environment (reference: Environments). A deployed app calls no other.
CHASE_DOMAIN: Final = ".payments.jpmorgan.com"
KEY_BYTES: Final = 32


class SettingsError(Exception):
    """One or more settings are missing or wrong. The text names each, never its value."""


def decoded_key(text: str) -> Secret:
    """A key of 32 bytes from strict base64. Raises ValueError for a BOM, white space, or any other length."""
    try:
        key = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise ValueError("must be base64 without a BOM, white space or line ends") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"must be {KEY_BYTES} bytes in base64")
    return Secret(text)


def _json(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise ValueError(f"must be JSON (line {error.lineno}, column {error.colno})") from None


def _https_or_loopback(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost", "::1") or parts.scheme == "file":
        return url.rstrip("/")
    raise ValueError("must be an https URL")


Json = BeforeValidator(_json)
Url = Annotated[str, AfterValidator(_https_or_loopback)]
SecretText = Annotated[Secret, BeforeValidator(lambda value: Secret(value) if isinstance(value, str) else value)]
Key = Annotated[Secret, BeforeValidator(lambda value: decoded_key(value) if isinstance(value, str) else value)]
# As long as the columns that keep them.
KeyName = Annotated[str, Field(min_length=1, max_length=64)]
CallerName = Annotated[str, Field(min_length=1, max_length=128)]
Billers = Literal["*"] | frozenset[str]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


class HmacCaller(_Model):
    """A caller that signs its requests. Two keys at most, for rotation; roles and billers as a JWT would carry them."""

    keys: dict[KeyName, Key] = Field(min_length=1, max_length=2)
    roles: frozenset[str]
    billers: Billers


class MerchantSetting(_Model):
    """One entry of MERCHANTS: a biller as Chase knows it."""

    merchant_id: str = Field(pattern=r"^[A-Za-z0-9]{8,12}$")
    currencies: frozenset[Annotated[str, Field(pattern=r"^[A-Z]{3}$")]] = frozenset({"USD"})
    capture_method: Literal["DELAYED", "NOW"] = "DELAYED"
    statement_descriptor: str | None = Field(default=None, pattern=r"^[A-Za-z0-9 .,&*'/-]{4,100}$")
    soft_merchant_name: str | None = Field(default=None, max_length=100, pattern=r"^[^\p{C}<>{}]+$")
    category_code: str | None = Field(default=None, pattern=r"^\d{4}$")


class AuditSettings(_Model):
    """What the audit needs: the database, the keys of the chain, and where its anchors are kept for ever."""

    sqlite_path: Path | None = None
    sql_connection_string: SecretText | None = None
    sql_credential: Literal["string", "entra"] = "string"
    sql_connections_max: int = Field(default=8, ge=1, le=100)
    sql_login_timeout_s: int = Field(default=30, ge=1, le=120)
    sql_query_timeout_s: int = Field(default=15, ge=1, le=60)

    audit_keys: Annotated[dict[KeyName, Key], Json] = Field(min_length=1)
    audit_anchor_container_url: Url | None = None
    audit_anchor_directory: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError, which names every setting that is missing or wrong and what to write instead."""
        given = {name: environment[name.upper()] for name in cls.model_fields if environment.get(name.upper())}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise SettingsError("; ".join(_sentence(problem) for problem in error.errors())) from None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        one_database = (self.sqlite_path is None) != (self.sql_connection_string is None)
        _refuse(not one_database, "SQLITE_PATH, SQL_CONNECTION_STRING: give exactly one of the two")
        two_stores = self.audit_anchor_container_url is not None and self.audit_anchor_directory is not None
        _refuse(two_stores, "AUDIT_ANCHOR_CONTAINER_URL, AUDIT_ANCHOR_DIRECTORY: give one of the two")
        return self


class Settings(AuditSettings):
    app_environment: Literal["local", "dev", "test", "prod"]

    chase_base_url: Url
    chase_token_url: Url
    chase_client_id: str = Field(min_length=1)
    chase_client_secret: SecretText | None = None
    chase_token_scope: str = Field(default="jpm:payments:sandbox", min_length=1)
    chase_private_key: SecretText | None = None
    chase_certificate_thumbprint: str | None = None
    chase_resource: str | None = None
    chase_assertion_lifetime_s: float = Field(default=300.0, ge=60, le=8 * 3600)
    chase_lookup_parameter: str = Field(default="requestIdentifier", pattern=r"^[A-Za-z]+$")
    chase_connect_timeout_s: float = Field(default=5.0, gt=0, le=10)
    chase_pool_timeout_s: float = Field(default=5.0, gt=0, le=10)
    chase_read_timeout_s: float = Field(default=READ_TIMEOUT_S, ge=71, le=120)
    chase_keepalive_s: float = Field(default=15.0, ge=0, le=60)
    chase_connections_max: int = Field(default=256, ge=1, le=2000)
    chase_breaker_failures: int = Field(default=20, ge=1)
    chase_breaker_cooldown_s: float = Field(default=15.0, gt=0)
    retry_strategies: Annotated[tuple[RetryStrategy, ...], Json] = ()

    merchants: Annotated[dict[str, MerchantSetting], Json] = Field(min_length=1)
    on_not_found: OnNotFound = OnNotFound.MANUAL
    sale_answer_within_s: float = Field(default=25.0, gt=0, le=200)
    sales_in_flight_max: int = Field(default=256, ge=1, le=10_000)
    fingerprint_keys: Annotated[dict[KeyName, Key], Json] = Field(min_length=1)

    auth_mode: Literal["enforce", "audit"] = "enforce"
    jwt_issuer: str = Field(min_length=1)
    jwt_audience: str = Field(min_length=1)
    jwt_jwks_url: Url
    hmac_callers: Annotated[dict[CallerName, HmacCaller], Json] = Field(default_factory=dict)

    local_time_scale: float = Field(default=1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _only_a_laptop_may(self) -> Self:
        if self.app_environment != "local":
            _refuse(self.sqlite_path is not None, "SQLITE_PATH: SQLite is for APP_ENVIRONMENT=local")
            _refuse(self.audit_anchor_directory is not None, "AUDIT_ANCHOR_DIRECTORY: for APP_ENVIRONMENT=local")
            _refuse(self.local_time_scale != 1, "LOCAL_TIME_SCALE: for APP_ENVIRONMENT=local")
            for name in ("chase_base_url", "chase_token_url", "jwt_jwks_url"):
                _refuse(not getattr(self, name).startswith("https://"), f"{name.upper()}: must be https here")
            host = urlsplit(self.chase_base_url).hostname or ""
            _refuse(not host.endswith(CHASE_DOMAIN), f"CHASE_BASE_URL: must be a host under {CHASE_DOMAIN} here")
        key_ids = [key_id for caller in self.hmac_callers.values() for key_id in caller.keys]
        _refuse(len(set(key_ids)) != len(key_ids), "HMAC_CALLERS: two callers share a key id; give each its own")
        one_credential = (self.chase_client_secret is None) != (self.chase_private_key is None)
        _refuse(not one_credential, "CHASE_CLIENT_SECRET, CHASE_PRIVATE_KEY: give exactly one of the two")
        no_anchors = self.app_environment == "prod" and self.audit_anchor_container_url is None
        _refuse(no_anchors, "AUDIT_ANCHOR_CONTAINER_URL: needed in production, the URL of an immutable blob container")
        _refuse(
            self.app_environment == "prod" and self.auth_mode == "audit", "AUTH_MODE: audit is refused in production"
        )
        return self

    @property
    def pace(self) -> Pace:
        return Pace(self.local_time_scale, self.chase_read_timeout_s)

    @property
    def strategies(self) -> Strategies:
        return strategies(*self.retry_strategies)

    def known_merchants(self) -> Mapping[str, Merchant]:
        """Every biller we charge for, as Chase knows it."""
        return {biller_id: _merchant(biller_id, setting) for biller_id, setting in self.merchants.items()}


def _merchant(biller_id: str, setting: MerchantSetting) -> Merchant:
    return Merchant(
        biller_id=biller_id,
        merchant_id=setting.merchant_id,
        currencies=setting.currencies,
        capture_delay=setting.capture_method == "DELAYED",
        statement_descriptor=setting.statement_descriptor,
        soft_merchant_name=setting.soft_merchant_name,
        category_code=setting.category_code,
    )


def _refuse(wrong: bool, sentence: str) -> None:
    if wrong:
        raise ValueError(sentence)


def _sentence(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    head, _, rest = where.partition(".")
    name = head.upper() + (f".{rest}" if rest else "")
    said = problem["msg"].removeprefix("Value error, ")
    return f"{name}: {said}" if name else said
