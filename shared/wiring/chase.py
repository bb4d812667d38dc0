"""Chase, as settings say: where it is, who we are there, how patient we are."""

import random
from typing import Any

from shared.chase.attempts import Attempts
from shared.chase.client import ChaseClient
from shared.chase.endpoint import ChaseEndpoint
from shared.chase.shadow import TEST_HOSTS, MerchantPinned, ShadowEndpoint
from shared.settings import Settings, SettingsError
from shared.use_cases import ports


def chase_endpoint(settings: Settings) -> ChaseEndpoint:
    """Where Chase is, from settings. Raises SettingsError."""
    return _endpoint(
        settings,
        "CHASE_",
        base_url=settings.chase_base_url,
        token_url=settings.chase_token_url,
        client_id=settings.chase_client_id,
        client_secret=settings.chase_client_secret,
        scope=settings.chase_token_scope,
        private_key=settings.chase_private_key,
        certificate_thumbprint=settings.chase_certificate_thumbprint,
        resource=settings.chase_resource,
    )


def shadow_endpoint(settings: Settings) -> ShadowEndpoint | None:
    """Where shadow goes; None where nothing can be in shadow. Raises SettingsError."""
    if settings.shadow_chase_base_url is None:
        return None
    endpoint = _endpoint(
        settings,
        "SHADOW_CHASE_",
        base_url=settings.shadow_chase_base_url,
        token_url=settings.shadow_chase_token_url or "",
        client_id=settings.shadow_chase_client_id or "",
        client_secret=settings.shadow_chase_client_secret,
        scope=settings.shadow_chase_token_scope,
        private_key=settings.shadow_chase_private_key,
        certificate_thumbprint=settings.shadow_chase_certificate_thumbprint,
        resource=settings.shadow_chase_resource,
        pinned_to=TEST_HOSTS,
    )
    try:
        return ShadowEndpoint(endpoint, frozenset(settings.shadow_merchant_ids.values()))
    except ValueError as error:
        name, _, rest = str(error).partition(":")
        raise SettingsError(f"SHADOW_CHASE_{name.upper()}:{rest}") from None


def _endpoint(settings: Settings, prefix: str, **whose: Any) -> ChaseEndpoint:
    """`whose` is the address and the credential; patience is the same for both."""
    try:
        return ChaseEndpoint(
            **whose,
            assertion_lifetime_s=settings.chase_assertion_lifetime_s,
            lookup_parameter=settings.chase_lookup_parameter,
            connect_timeout_s=settings.chase_connect_timeout_s,
            pool_timeout_s=settings.chase_pool_timeout_s,
            read_timeout_s=settings.pace.read_timeout_s,
            keepalive_s=settings.chase_keepalive_s,
            connections_max=settings.chase_connections_max,
        )
    except ValueError as error:
        parts = (part.partition(":") for part in str(error).split("; "))
        raise SettingsError("; ".join(f"{prefix}{name.upper()}:{rest}" for name, _, rest in parts)) from None


def chase_client(settings: Settings, clock: ports.Clock, telemetry: ports.Telemetry) -> ChaseClient:
    """The production client, as settings say. Raises SettingsError."""
    return _client(chase_endpoint(settings), settings, clock, telemetry, mode="live")


def shadow_client(settings: Settings, clock: ports.Clock, telemetry: ports.Telemetry) -> MerchantPinned | None:
    """Shadow's, with every lock on; None where nothing can be in shadow. Raises SettingsError."""
    shadow = shadow_endpoint(settings)
    if shadow is None:
        return None
    client = _client(shadow.endpoint, settings, clock, telemetry, mode="shadow")
    return MerchantPinned(client, shadow.merchant_ids, alarm=telemetry.alarm)


def _client(
    endpoint: ChaseEndpoint, settings: Settings, clock: ports.Clock, telemetry: ports.Telemetry, *, mode: str
) -> ChaseClient:
    async def wait(seconds: float) -> None:
        await clock.sleep_until(clock.after(seconds))

    return ChaseClient(
        endpoint,
        strategies=settings.strategies,
        breaker_failures=settings.chase_breaker_failures,
        breaker_cooldown_s=settings.pace.wait_s(settings.chase_breaker_cooldown_s),
        wait=wait,
        rng=random.random,
        boot_s=clock.boot_s,
        alarm=telemetry.alarm,
        attempts=Attempts(telemetry, mode),
    )
