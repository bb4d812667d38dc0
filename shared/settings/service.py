"""Every setting of the service, and what may not stand together."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from shared.payments.inquiry import READ_TIMEOUT_S, OnNotFound
from shared.payments.pace import Pace
from shared.payments.requests import Merchant
from shared.payments.retry import RetryStrategy, Strategies, strategies
from shared.settings.audit import AuditSettings
from shared.settings.fields import (
    CallerName,
    Json,
    Key,
    KeyName,
    Namespace,
    SecretText,
    ServiceBusString,
    Url,
    environment_name,
    refuse,
    without_query,
)
from shared.settings.parties import HmacCaller, MerchantSetting
from shared.settings.shadow import ShadowSettings
from shared.settings.telemetry import TelemetrySettings

# Chase's hosts, per environment (reference: Environments). A deployed app calls no other.
CHASE_DOMAIN: Final = ".payments.jpmorgan.com"


class Settings(AuditSettings, ShadowSettings, TelemetrySettings):
    app_environment: Literal["local", "dev", "test", "prod"]

    servicebus_namespace: Namespace | None = None
    servicebus_connection_string: ServiceBusString | None = None
    servicebus_timeout_s: float = Field(default=5.0, gt=0, le=30)

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
    sales_queue_age_max_ms: int = Field(default=1000, ge=10, le=25_000)
    fingerprint_keys: Annotated[dict[KeyName, Key], Json] = Field(min_length=1)
    instrument_keys: Annotated[dict[KeyName, Key], Json] = Field(default_factory=dict)

    bank_files_folder: Path | None = None
    bank_files_container_url: Annotated[Url, AfterValidator(without_query)] | None = None
    bank_files_quiet_s: float = Field(default=60.0, ge=0, le=3600)
    bank_files_unsettled_after_days: int = Field(default=5, ge=1, le=60)

    auth_mode: Literal["enforce", "audit"] = "enforce"
    jwt_issuer: str = Field(min_length=1)
    jwt_audience: str = Field(min_length=1)
    jwt_jwks_url: Url
    hmac_callers: Annotated[dict[CallerName, HmacCaller], Json] = Field(default_factory=dict)

    ledger_url: Url | None = None
    ledger_token: SecretText | None = None
    ledger_timeout_s: float = Field(default=10.0, gt=0, le=60)

    local_time_scale: float = Field(default=1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _only_a_laptop_may(self) -> Self:
        if self.app_environment != "local":
            refuse(self.sqlite_path is not None, "SQLITE_PATH: SQLite is for APP_ENVIRONMENT=local")
            refuse(self.audit_anchor_directory is not None, "AUDIT_ANCHOR_DIRECTORY: for APP_ENVIRONMENT=local")
            refuse(self.local_time_scale != 1, "LOCAL_TIME_SCALE: for APP_ENVIRONMENT=local")
            refuse(self.telemetry == "memory", "TELEMETRY: memory is for APP_ENVIRONMENT=local; leave it out here")
            for name in ("chase_base_url", "chase_token_url", "jwt_jwks_url"):
                refuse(not getattr(self, name).startswith("https://"), f"{name.upper()}: must be https here")
            host = urlsplit(self.chase_base_url).hostname or ""
            refuse(not host.endswith(CHASE_DOMAIN), f"CHASE_BASE_URL: must be a host under {CHASE_DOMAIN} here")
            refuse(not (self.ledger_url or "https://").startswith("https://"), "LEDGER_URL: must be https here")
        key_ids = [key_id for caller in self.hmac_callers.values() for key_id in caller.keys]
        refuse(len(set(key_ids)) != len(key_ids), "HMAC_CALLERS: two callers share a key id; give each its own")
        queues = any(merchant.queued_when_down for merchant in self.merchants.values())
        refuse(queues and not self.instrument_keys, "INSTRUMENT_KEYS: a biller has queued_when_down; give a key")
        one_credential = (self.chase_client_secret is None) != (self.chase_private_key is None)
        refuse(not one_credential, "CHASE_CLIENT_SECRET, CHASE_PRIVATE_KEY: give exactly one of the two")
        refuse((self.ledger_url or "").startswith("file:"), "LEDGER_URL: must be an http or https URL")
        refuse(self.ledger_url is None and self.ledger_token is not None, "LEDGER_TOKEN: goes with LEDGER_URL")
        two_sources = self.bank_files_folder is not None and self.bank_files_container_url is not None
        refuse(two_sources, "BANK_FILES_FOLDER, BANK_FILES_CONTAINER_URL: give at most one of the two")
        no_anchors = self.app_environment == "prod" and self.audit_anchor_container_url is None
        refuse(no_anchors, "AUDIT_ANCHOR_CONTAINER_URL: needed in production, the URL of an immutable blob container")
        refuse(
            self.app_environment == "prod" and self.auth_mode == "audit", "AUTH_MODE: audit is refused in production"
        )
        return self

    @model_validator(mode="after")
    def _shadow_is_apart(self) -> Self:
        """Whatever would join shadow with production is refused before anything runs."""
        if self.shadow_chase_base_url is None:
            return self
        same = self.shadow_chase_client_id == self.chase_client_id
        refuse(same, "SHADOW_CHASE_CLIENT_ID: must not be CHASE_CLIENT_ID: shadow has a credential of its own")
        live = {merchant.merchant_id for merchant in self.merchants.values()}
        joined = live & set(self.shadow_merchant_ids.values())
        refuse(bool(joined), "SHADOW_MERCHANT_IDS: must hold none of MERCHANTS' merchant ids")
        missing = self.merchants.keys() - self.shadow_merchant_ids.keys()
        refuse(bool(missing), "SHADOW_MERCHANT_IDS: name a test merchant id for each biller of MERCHANTS")
        same_key = self.shadow_chase_private_key is not None and self.shadow_chase_private_key == self.chase_private_key
        refuse(same_key, "SHADOW_CHASE_PRIVATE_KEY: must not be CHASE_PRIVATE_KEY")
        return self

    @model_validator(mode="after")
    def _one_broker(self) -> Self:
        namespace, string = (environment_name(f"servicebus_{part}") for part in ("namespace", "connection_string"))
        there = self.servicebus_connection_string
        refuse(None not in (self.servicebus_namespace, there), f"{namespace}, {string}: give one of the two, not both")
        if self.app_environment != "local":
            none = self.servicebus_namespace is None and there is None
            refuse(none, f"{namespace}: is needed here (or a connection string in {string})")
            plain = there is not None and "usedevelopmentemulator=true" in there.reveal().lower()
            refuse(plain, f"{string}: the emulator, which speaks without TLS, is for APP_ENVIRONMENT=local")
        return self

    @property
    def pace(self) -> Pace:
        return Pace(self.local_time_scale, self.chase_read_timeout_s)

    @property
    def strategies(self) -> Strategies:
        return strategies(*self.retry_strategies)

    def shadow_merchants(self) -> Mapping[str, Merchant]:
        """Every biller that can be in shadow, under its test merchant id."""
        known = self.known_merchants()
        return {
            biller_id: replace(known[biller_id], merchant_id=merchant_id, shadow=True)
            for biller_id, merchant_id in self.shadow_merchant_ids.items()
            if biller_id in known
        }

    def known_merchants(self) -> Mapping[str, Merchant]:
        """Every biller we charge for, as Chase knows it."""
        return {biller_id: setting.merchant(biller_id) for biller_id, setting in self.merchants.items()}
